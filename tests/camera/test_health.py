"""The retained states, and what may be claimed."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.cameras import SIZE, START, Kept, Recording, camera, frame
from tests.support.scenes import background
from tests.support.wait import until
from watcher.camera.health import ORDER, Health, States, Steady
from watcher.vision.frame import Frame
from watcher.vision.options import ZoneOptions

WHOLE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


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


# -- by the camera's pictures -------------------------------------------------------------------------------


def noisy(number: int, picture: NDArray[np.uint8] | None = None) -> Frame:
    """Frame `number` with the noise of a sensor."""
    drawn = background(SIZE) if picture is None else picture
    noise = np.random.default_rng((number, 3)).normal(0, 2, drawn.shape)
    return frame(number, np.clip(drawn + noise, 0, 255).astype(np.uint8))


def told(tmp_path: Path, frames: list[Frame]) -> Kept:
    kept = Kept()
    made = camera(tmp_path, kept, lambda: Recording(frames), zones={"door": ZoneOptions(points=WHOLE)})
    made.start()
    until(lambda: made.ended, 30)
    made.stop()
    return kept


def in_turn(values: list[Any]) -> list[Any]:
    return [one for n, one in enumerate(values) if n == 0 or one != values[n - 1]]


@pytest.mark.parametrize(("state", "level"), [("dark", 0), ("obscured", 90)])
def test_a_camera_that_sees_nothing_claims_nothing(tmp_path: Path, state: str, level: int) -> None:
    covered = np.full((SIZE[1], SIZE[0], 3), level, np.uint8)
    shown = [noisy(n, covered if 20 <= n < 80 else None) for n in range(130)]
    kept = told(tmp_path, shown)
    states = [one["state"] for one in kept.all("health")]
    assert in_turn(states) == ["starting", "ok", state, "ok", "lost"]
    assert all(one["reason"] for one in kept.all("health") if one["state"] == state)
    assert kept.all("change") == ["None", "OFF", "None", "OFF", "None"]
    assert kept.all("zone/door") == ["None", "OFF", "None", "OFF", "None"]
    assert in_turn(kept.all("availability")) == ["offline", "online", "offline"]
    assert kept.phases == []


def test_a_frozen_camera_is_offline_until_its_picture_moves_again(tmp_path: Path) -> None:
    shown = [noisy(n) for n in range(130)]
    stuck = [frame(130 + n, np.asarray(shown[-1].bgr())) for n in range(200)]
    kept = told(tmp_path, [*shown, *stuck, *(noisy(330 + n) for n in range(20))])
    assert in_turn([one["state"] for one in kept.all("health")]) == ["starting", "ok", "frozen", "ok", "lost"]
    assert in_turn(kept.all("availability")) == ["offline", "online", "offline", "online", "offline"]
    assert kept.phases == []
