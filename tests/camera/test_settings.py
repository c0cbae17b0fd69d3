"""What can be set while a camera runs: layers of configuration, profile and commands; and what is refused."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.cameras import options
from watcher.camera.settings import Adjusted
from watcher.errors import RequestRefused
from watcher.events.options import EventsOptions
from watcher.mqtt import commands, topics
from watcher.requests import Adjust
from watcher.vision.options import ZoneOptions
from watcher.vision.reference.options import BackgroundOptions, FixedOptions, GoldenOptions

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ZONES = {
    "door": ZoneOptions(points=((0, 0), (1, 0), (1, 1)), threshold=0.05),
    "step": ZoneOptions(points=((0, 0), (1, 0), (1, 1))),
}
CONFIG = Adjusted(
    config=options(profile="home", zones=ZONES),
    profiles={"wildlife": options(profile="wildlife", zones=ZONES, events=EventsOptions(threshold=0.0003))},
)


def after(*changes: tuple[str, Any]) -> Adjusted:
    made = CONFIG
    for name, value in changes:
        made = made.adjusted(name, value, NOW)
    return made


def test_where_there_is_one_product_the_refusal_says_so() -> None:
    inspects = Adjusted(config=options(profile="inspection", reference=GoldenOptions()))
    with pytest.raises(RequestRefused, match="only one product"):
        inspects.adjusted("recipe", "board-b", NOW)


def test_without_commands_the_configuration_is_in_force() -> None:
    assert CONFIG.options == CONFIG.config
    told = CONFIG.told(0.0)
    assert list(told) == [one.name for one in CONFIG.settings]
    assert (told["enabled"], told["threshold"], told["mute"]) == ("ON", "0.01", "0")
    assert (told["threshold_door"], told["threshold_step"]) == ("0.05", "0.01")
    assert (told["profile"], told["reference_mode"]) == ("home", "background")


def test_what_was_set_by_itself_stays_under_another_profile() -> None:
    both = after(("sensitivity", 0.9), ("profile", "wildlife"))
    assert both.options.detector.sensitivity == 0.9
    assert both.options.events.threshold == 0.0003
    assert both.values == {"detector.sensitivity": 0.9, "profile": "wildlife"}


def test_a_setting_goes_back_to_the_configuration() -> None:
    assert after(("threshold", 0.5), ("threshold", None)) == CONFIG
    assert after(("threshold", 0.5), ("threshold", 0.01)) == CONFIG, "what is as configured was not set"


def test_a_reference_of_the_configured_kind_is_the_configured_one() -> None:
    fixed = after(("reference_mode", "fixed"))
    assert fixed.options.reference == FixedOptions()
    assert fixed.adjusted("reference_mode", "background", NOW).options.reference == BackgroundOptions(learn=0.5)


def test_a_zone_has_a_threshold_of_its_own() -> None:
    made = after(("threshold_step", 0.2), ("threshold", 0.3))
    assert made.options.zones["step"].threshold == 0.2
    assert made.options.zones["door"].threshold == 0.05


def test_a_mute_has_an_end() -> None:
    assert after(("mute", 600.0)).muted_until == NOW + timedelta(minutes=10)
    assert after(("mute", 600.0), ("mute", 0.0)) == CONFIG


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("colour", True, "there is no setting colour; known are enabled, mute"),
        ("threshold", 1.5, "above 1"),
        ("threshold", True, "is a fraction"),
        ("threshold", float("nan"), "finite"),
        ("threshold_gate", 0.1, "there is no setting threshold_gate"),
        ("enabled", 1.0, "ON or OFF"),
        ("profile", "plain", "one of home, wildlife for this camera"),
        ("reference_mode", "golden pig", "one of"),
        ("mute", 31 * 86400.0, "at most 30 days"),
        ("rise", -1.0, "below 0"),
    ],
)
def test_what_is_refused(name: str, value: Any, why: str) -> None:
    with pytest.raises(RequestRefused, match=why):
        CONFIG.adjusted(name, value, NOW)


def test_what_was_kept_holds_as_far_as_it_fits() -> None:
    kept = {"events.threshold": 0.2, "zones.gate.threshold": 0.1, "profile": "plain", "detector.sensitivity": "x"}
    made, left_out = CONFIG.restored(kept)
    assert made.values == {"events.threshold": 0.2}
    assert [one.split()[0] for one in left_out] == ["zones.gate.threshold", "profile", "detector.sensitivity"]


_NAMES = st.sampled_from([*(one.name for one in CONFIG.settings), "threshold_gate", "colour", "threshold_"])
_PAYLOADS = st.one_of(
    st.sampled_from(["ON", "OFF", "CONFIG", "1.5 %", "0", "1", "10 min", "home", "wildlife", "plain", "fixed",
                     "background", "1e-9", "1e308", "-1", "nan", "\u0663 %", "5 GB"]),
    st.text(max_size=20), st.floats().map(str),
)  # fmt: skip


@settings(max_examples=100)
@given(st.lists(st.tuples(_NAMES, _PAYLOADS), min_size=100, max_size=100))
def test_ten_thousand_commands_make_nothing_that_a_valid_one_could_not(rows: list[tuple[str, str]]) -> None:
    made = CONFIG
    for name, payload in rows:
        place = topics.Place(topics.SETTING_SET, {"camera": "porch", "setting": name})
        read = commands.read(place, payload.encode("utf-8", "replace"), retained=False)
        if isinstance(read, commands.Refusal):
            continue
        assert isinstance(read.request, Adjust)
        before = made
        try:
            made = made.adjusted(read.request.setting, read.request.value, NOW)
        except RequestRefused:
            assert made is before
    now = made.options
    assert now.profile in {"home", "wildlife"}
    assert 0 <= now.events.threshold <= 1
    assert all(zone.threshold is None or 0 <= zone.threshold <= 1 for zone in now.zones.values())
    assert 0 <= now.detector.sensitivity <= 1
    assert now.reference in (BackgroundOptions(learn=0.5), FixedOptions())
    assert isinstance(now.enabled, bool)
    for one in made.settings:
        assert one.parse(made.told(0.0)[one.name]) is not None, "what is told can be asked for"
