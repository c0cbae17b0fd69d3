"""The yardsticks themselves: what is counted, drawn and laid over pictures is what is said of it."""

import math

import numpy as np
import pytest

from tests.bench import table
from tests.bench.accuracy import lights, shake, trials, visitors
from tests.bench.accuracy.cutouts import drawn_cutouts
from tests.bench.accuracy.pixels import Count
from tests.bench.accuracy.quiet import DRAWN, frames, played
from tests.bench.accuracy.told import overdue
from tests.bench.measure import Figure
from watcher.events.truth import Hit, Prediction, TrueEvent
from watcher.vision.geometry import Box

GREY = np.full((90, 160, 3), 100, np.uint8)


def test_pixels_are_counted_as_cdnet_counts_them():
    truth = np.array([[255, 255, 255, 0, 0, 50, 85, 170]], np.uint8)
    said = np.array([[255, 128, 0, 255, 0, 255, 255, 255]], np.uint8)
    count = Count()
    count.add(said, truth)
    assert (count.right, count.false, count.missed) == (1, 2, 2), "128 is missing, 85 and 170 are not scored"
    assert count.f == pytest.approx(1 / 3)
    assert (count.precision, count.recall) == (pytest.approx(1 / 3), pytest.approx(1 / 3))


def change(**values) -> lights.Change:
    return lights.Change("gain", ramp=2.0, hold=3.0, returns=True, **values)


def test_a_change_goes_there_and_back():
    amounts = [change().amount(at) for at in (-1, 0, 1, 2, 4, 5, 6, 7, 9)]
    assert amounts == [0, 0, 0.5, 1, 1, 1, 0.5, 0, 0]
    assert change().length == 7


def lit(one: lights.Change, amount: float = 1.0, picture: np.ndarray = GREY) -> np.ndarray:
    height, width = picture.shape[:2]
    return lights.Lighting(one, (width, height), np.random.default_rng(0)).on(picture, amount)


def test_light_does_what_it_says():
    assert lit(change(gain=1.5), 0.0) is GREY
    assert np.unique(lit(change(gain=1.5))).tolist() == [150]
    assert np.unique(lit(change(gain=2.0), 0.5)).tolist() == [round(100 * 2**0.5)]
    assert np.unique(lit(change(gain=2.0), 1.0, GREY + 100)).tolist() == [255], "clipped, not wrapped"
    assert np.unique(lit(change(gamma=0.6))).tolist() == [round(255 * (100 / 255) ** 0.6)]
    blue, green, red = lit(change(kelvin=2700.0))[0, 0]
    assert blue < green == 100 < red, "a bulb is red"


def test_a_lamp_lights_a_part_and_what_goes_off_gets_darker():
    cone = lights.Cone((0.25, 0.5), (0.2, 0.3), 0.0, 0.2, 1.0, goes_off=False)
    on = lit(change(cone=cone))
    assert on[45, 40, 0] == pytest.approx(200, abs=2)
    assert on[45, 150, 0] == 100
    off = lit(change(cone=lights.Cone((0.25, 0.5), (0.2, 0.3), 0.0, 0.2, 1.0, goes_off=True)))
    assert off[45, 40, 0] == pytest.approx(50, abs=2)
    assert off[45, 150, 0] == 100


def test_without_its_filter_a_picture_has_no_colour():
    infrared = lights.Infrared((0.1, 0.2, 0.7), 1.5, 0.8, 1.0)
    picture = GREY.copy()
    picture[:, :, 2] = 200
    found = lit(change(infrared=infrared), 0.01, picture).astype(int)
    assert np.array_equal(found[..., 0], found[..., 2])
    middle, corner = found[40:50, 75:85, 0].mean(), found[:5, :5, 0].mean()
    assert middle == pytest.approx(170 * 1.5**0.99, rel=0.02)
    assert corner < 0.9 * middle


def test_what_is_drawn_stays_in_its_bounds_and_is_the_same_again():
    found = [lights.drawn(np.random.default_rng((0, number))) for number in range(300)]
    again = [lights.drawn(np.random.default_rng((0, number))) for number in range(300)]
    assert found == again
    assert {one.kind for one in found} == set(lights.KINDS)
    assert all(0.04 <= one.ramp <= 30 and 0.5 <= one.gain <= 2 and 0.6 <= one.gamma <= 1.6 for one in found)
    assert all(2700 <= one.kelvin <= 10_000 for one in found)


def test_a_place_is_played_to_and_fro():
    known = frames(DRAWN)
    shown = [picture for picture, _ in zip(played(DRAWN, len(known) - 2), range(4), strict=False)]
    assert [next(n for n, one in enumerate(known) if one is picture) for picture in shown] == [28, 29, 28, 27]


def test_a_visitor_can_be_seen_and_arrives_in_the_ramp():
    still = frames(DRAWN)[0]
    for number in range(12):
        chance = np.random.default_rng(number)
        one = lights.drawn(chance)
        visit = visitors.visit_during(one, still, DRAWN.fps, drawn_cutouts(), chance)
        if visit is None:
            continue
        assert 0 <= visit.at <= one.ramp + 1 / DRAWN.fps
        assert visit.difference >= visitors.LEAST_DIFFERENCE
        assert 0.009 < visit.who.area / (320 * 180) < 0.11
        box = visit.box(0.0)
        assert box is not None
        changed = np.any(visit.pasted(still, 0.0) != still, axis=-1)
        rows, columns = np.where(changed)
        drawn = Box(int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
        assert trials.overlap_of(box, drawn) > 0.7
        assert visit.pasted(still, visit.since - 0.5) is still


def test_overlap():
    assert trials.overlap_of(Box(0, 0, 10, 10), Box(5, 0, 15, 10)) == pytest.approx(1 / 3)
    assert trials.overlap_of(Box(0, 0, 10, 10), Box(20, 20, 30, 30)) == 0


def test_truth_is_moved_with_its_picture():
    picture = np.zeros((120, 160), np.uint8)
    picture[40:80, 50:110] = 255
    for index in range(5):
        cubic, nearest = (shake.moved(picture, index, how) for how in (2, 0))
        assert np.mean((cubic > 127) != (nearest > 127)) < 0.01
        assert not np.array_equal(nearest, picture)


def test_a_delay_is_less_the_labels_tolerance_and_one_frame():
    hit = Hit(TrueEvent(1.0, 2.0, "x", 1.0, 2), Prediction("1", 1.0, 1.5))
    assert overdue(0.5, hit, [n / 10 for n in range(40)]) == pytest.approx(0.2)
    assert overdue(0.2, hit, [n / 10 for n in range(40)]) == 0
    uneven = [0, 1.0, 1.1, 1.2, 2.0]
    assert overdue(1.5, hit, uneven) == pytest.approx(0.5), "frames as they came"


def test_what_is_lost_is_said():
    figures = [
        Figure("a", "F", 0.8, "", 0.9, 0.95, True),
        Figure("a", "false", 2, "", 0, 0),
        Figure("a", "n", None, ""),
    ]
    assert table.lost(figures, {"P": [0.85, 3, 1], "Q": [0.7, 1, None]}) == [
        "lost to P: a, F: 0.8 against 0.85", "lost to Q: a, false: 2 against 1",
    ]  # fmt: skip
    assert [figure.holds for figure in figures] == ["MISSED", "MISSED", "not measured"]
    assert Figure("a", "frame", math.inf, "", 252, 247).holds == "MISSED"
    assert "never" in table.lines([Figure("a", "frame", math.inf, "", 252, 247)])[2]
