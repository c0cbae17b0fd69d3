"""The retained states, and what may be claimed."""

from datetime import timedelta
from typing import Any

import pytest

from tests.support.cameras import START
from watcher.camera.health import ORDER, Health, States, Steady


def states() -> tuple[States, list[tuple[str, Any]]]:
    told: list[tuple[str, Any]] = []
    return States(lambda name, value: told.append((name, value))), told


def test_the_worst_state_is_the_state() -> None:
    health = Health({"paused": "by request", "lost": "no route", "dark": "night"})
    assert (health.state, health.reason) == ("lost", "no route")
    assert health.states == ("lost", "dark", "paused")
    assert Health({}).states == ("ok",)
    assert list(Health(dict.fromkeys(ORDER[:-1], "")).states) == list(ORDER[:-1])


@pytest.mark.parametrize(("state", "available"), [
    ("lost", False), ("frozen", False), ("starting", False), ("corrupt", True), ("paused", True), ("dark", True),
])  # fmt: skip
def test_a_camera_without_pictures_is_not_available(state: str, available: bool) -> None:
    assert Health({state: "why"}).available is available


def test_states_are_said_when_they_change() -> None:
    said, told = states()
    for value in ("OFF", "OFF", "ON", "ON", "OFF"):
        said.say("change", value)
    assert told == [("change", "OFF"), ("change", "ON"), ("change", "OFF")]
    said.say("setting/enabled", "ON")
    told.clear()
    said.again()
    assert told == [("change", "OFF"), ("setting/enabled", "ON")]


def test_since_is_when_the_state_began_not_when_its_reason_changed() -> None:
    said, told = states()
    for seconds, troubles in enumerate([{"lost": "a"}, {"lost": "a"}, {"lost": "b"}, {}, {"paused": "c"}]):
        said.health(Health(troubles), START + timedelta(seconds=seconds))
    health = [value for name, value in told if name == "health"]
    assert [(one["state"], one["reason"], one["since"][17:]) for one in health] == [
        ("lost", "a", "00.000Z"), ("lost", "b", "00.000Z"), ("ok", "", "03.000Z"), ("paused", "c", "04.000Z"),
    ]  # fmt: skip
    assert [value for name, value in told if name == "availability"] == ["offline", "online"]


def test_steady_needs_time_and_two_looks() -> None:
    seen = "...#.####......#"
    steady = Steady(rise=0.2, fall=0.3)
    said = "".join("#" if steady.step(n / 10, one == "#") else "." for n, one in enumerate(seen))
    assert said == ".......#####...."
