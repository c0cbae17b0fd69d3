"""What counts, what is still, and what shows it best."""

from tests.events.dots import detection, region
from watcher.events.look import WHOLE, all_still, changed_zones, showing, strongest, what_stayed
from watcher.vision.detection import Detection

LIMITS = {"one": 0.01, "two": 0.02}


def found(one: float, two: float) -> Detection:
    return Detection("changed", (region(10, ("one", "two")),), 0.9, 0.5, {"one": one, "two": two})


def test_a_zone_counts_from_its_threshold_on_and_is_held_down_to_half_of_it() -> None:
    assert changed_zones(found(0.01, 0.02), LIMITS) == ("one", "two")
    assert changed_zones(found(0.0099, 0.0199), LIMITS) == ()
    assert changed_zones(found(0.005, 0.01), LIMITS, before=("two",)) == ("two",)
    assert changed_zones(found(0.005, 0.0099), LIMITS, before=("two",)) == ()


def test_only_changed_frames_count() -> None:
    assert changed_zones(Detection("clear", changed_fraction=0.9), {WHOLE: 0.01}) == ()
    assert changed_zones(Detection("changed", (), 0.9, float("nan")), {WHOLE: 0.01}) == ()


def test_a_zone_the_detector_does_not_know_has_not_changed() -> None:
    assert changed_zones(Detection("changed", (), 0.9, 0.5), LIMITS) == ()


def test_the_strongest_is_measured_in_thresholds() -> None:
    assert strongest(found(0.015, 0.02), LIMITS).key == "one"
    assert strongest(found(0.01, 0.03), LIMITS).key == "two"
    assert strongest(found(0.0, 0.001), {"one": 0.01, "two": 0.0}).strength == float("inf")


def test_stillness_needs_time_and_all_that_counts() -> None:
    whole = {WHOLE: 0.01}
    assert all_still(detection("a", 2.0), whole, 2.0)
    assert not all_still(detection("a", 1.9), whole, 2.0)
    assert not all_still(detection("a", 0.0), whole, 0.0)  # 0 means that it moves, whatever is asked for
    assert all_still(detection("w", 2.0), whole, 2.0)
    assert not all_still(detection("w", 2.0), {WHOLE: 0.0}, 2.0)  # without a threshold every speck counts
    assert not all_still(detection("m", 2.0), whole, 2.0)


def test_what_moves_in_one_zone_is_not_still_because_another_is() -> None:
    regions = (
        region(1000, ("one",), still_for=9.0, stayed="appeared"),
        region(50, ("two",)),
    )
    assert not all_still(Detection("changed", regions, 0.9, 0.1, {"one": 0.5, "two": 0.02}), LIMITS, 2.0)


def test_what_stayed_is_the_largest_that_is_still() -> None:
    regions = (
        region(900),
        region(300, still_for=2.0, stayed="appeared"),
        region(500, still_for=2.0, stayed="removed"),
    )
    assert what_stayed(Detection("changed", regions)) == "removed"
    assert what_stayed(Detection("changed", (region(5, still_for=1.0),))) == "appeared"
    assert what_stayed(Detection("changed", (region(5),))) == "appeared"


def test_area_times_peak_shows_best() -> None:
    assert showing(Detection("clear")) == 0.0
    assert showing(Detection("changed", (region(10), region(20)))) == 20 * 0.93
