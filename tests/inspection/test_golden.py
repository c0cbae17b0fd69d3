"""What good samples teach."""

import cv2
import numpy as np
import pytest

from tests.inspection.parts import board, coloured, spot, taken
from watcher.errors import ReferenceUnusable
from watcher.inspection.golden import Golden, extend, teach
from watcher.inspection.inspector import Inspector
from watcher.inspection.options import InspectionOptions


def samples(count=10, make=board, **more):
    rng = np.random.default_rng(3)
    places = [{"shift": tuple(rng.uniform(-6, 6, 2)), "angle": rng.uniform(-1, 1), "seed": n} for n in range(count)]
    return [taken(make(), **place, **more) for place in places]


def test_of_many_noise_goes_and_the_artwork_stays():
    good = samples(noise=8.0)
    golden = teach(good).golden
    assert golden.count == 10
    inside = (slice(30, -30), slice(30, -30))
    one = Inspector(golden).inspect(taken(board(), noise=8.0))
    assert one.verdict == "PASS"
    level = cv2.GaussianBlur(good[0], (0, 0), 3)
    rest = np.abs(golden.picture[inside].astype(float) - level[inside])
    before = np.abs(good[0][inside].astype(float) - level[inside])
    assert np.median(rest) < 0.6 * np.median(before)


def test_one_bad_sample_among_ten_is_told_and_left_out():
    good = samples()
    bad = taken(spot(board(), (205, 66), 9), shift=(3.0, -2.0))
    taught = teach([*good[:4], bad, *good[4:9]])
    assert [one.index for one in taught.disagreeing] == [4]
    assert "it differs from the others in one place" in taught.disagreeing[0].reason
    assert taught.golden.count == 9
    assert Inspector(taught.golden).inspect(bad).verdict == "FAIL"
    assert Inspector(taught.golden).inspect(taken(board(), seed=77)).verdict == "PASS"


def test_of_two_that_differ_it_is_said_that_nobody_knows_which_is_good():
    bad = taken(spot(board(), (205, 66), 9), seed=8)
    taught = teach([taken(board()), bad])
    assert "the two samples differ in one place, the largest at" in taught.reason
    assert taught.smallest_defect > 12  # it hides as much
    assert teach([taken(board()), taken(board(), shift=(3.0, 2.0), seed=9)]).reason == ""
    third = teach([taken(board()), bad, taken(board(), seed=9)])
    assert ([one.index for one in third.disagreeing], third.reason) == ([1], "")


def test_another_product_is_told_wherever_it_stands():
    good = samples(5)
    for place in (0, 2, 5):
        taught = teach([*good[:place], board(seed=9), *good[place:]])
        assert [one.index for one in taught.disagreeing] == [place]
        assert "another one" in taught.disagreeing[0].reason


def test_without_a_majority_there_is_no_golden_part():
    with pytest.raises(ReferenceUnusable, match=r"only \d of 6 samples agree"):
        teach([board(seed=seed) for seed in range(20, 26)])


def test_samples_of_several_sizes_are_refused():
    with pytest.raises(ReferenceUnusable, match=r"400x320 is wanted, number 2 is 300x320"):
        teach([board(), board(size=(300, 320))])
    with pytest.raises(ReferenceUnusable, match="no good samples"):
        teach([])


def labelled(seed):
    """Boards with a serial number that is another on each."""
    part = board()
    part[140:180, 250:330] = 190
    cv2.putText(part, f"{seed * 7919 % 10000:04d}", (252, 172), cv2.FONT_HERSHEY_SIMPLEX, 1, 60, 3)
    return part


def test_what_differs_from_sample_to_sample_may_differ():
    taught = teach([taken(labelled(n), shift=(n % 3, -(n % 2)), seed=n) for n in range(1, 13)])
    assert len(taught.disagreeing) <= 1  # a digit that no other has
    assert taught.smallest_defect > 12  # the label hides as much
    one = Inspector(taught.golden)
    assert one.inspect(taken(labelled(99), shift=(4.0, 1.0))).verdict == "PASS"
    assert one.inspect(taken(spot(labelled(98), (205, 66)), shift=(4.0, 1.0))).verdict == "FAIL"
    alone = Inspector(teach([labelled(0)]).golden)
    assert alone.inspect(taken(labelled(99))).verdict == "FAIL"


def wired(seed, colour=None):
    """Coloured boards with a wire whose colour is another on each, of equal brightness."""
    part = coloured()
    hues = [(200, 80, 60), (60, 90, 140), (160, 40, 140), (40, 110, 90)]
    cv2.line(part, (20, 300), (380, 296), hues[seed % 4] if colour is None else colour, 9, cv2.LINE_AA)
    return part


def test_a_colour_that_differs_from_sample_to_sample_may_differ():
    golden = teach([taken(wired(n), shift=(n % 3, -(n % 2)), seed=n) for n in range(8)]).golden
    for one in (golden, Golden.remembered(golden.memory()), extend(golden, [taken(wired(2), seed=9)]).golden):
        again = Inspector(one)
        assert [again.inspect(taken(wired(n), seed=20 + n)).verdict for n in range(4)] == ["PASS"] * 4
    elsewhere = wired(1)
    cv2.circle(elsewhere, (205, 66), 9, (140, 60, 140), -1)
    assert Inspector(golden).inspect(taken(elsewhere)).verdict == "FAIL"
    alone = Inspector(teach([wired(0)]).golden)
    assert alone.inspect(taken(wired(3))).verdict == "FAIL"


def test_more_samples_can_be_added():
    first = teach(samples(4))
    more = [taken(board(), shift=(2.0, 2.0), seed=50 + n) for n in range(4)]
    bad = taken(spot(board(), (205, 66), 9))
    taught = extend(first.golden, [*more, bad])
    assert taught.golden.count == 8
    assert [one.index for one in taught.disagreeing] == [4]
    with pytest.raises(ReferenceUnusable, match="400x320 is wanted, number 1 is 300x320"):
        extend(first.golden, [board(size=(300, 320))])


@pytest.mark.parametrize("make", [board, coloured])
@pytest.mark.parametrize("count", [1, 4])
def test_after_a_restart_it_is_the_same(make, count):
    golden = teach(samples(count, make)).golden
    again = Golden.remembered({name: values.copy() for name, values in golden.memory().items()})
    assert np.array_equal(again.picture, golden.picture)
    assert again.count == golden.count
    part = taken(make(), shift=(3.0, 4.0))
    before, after = Inspector(golden).inspect(part), Inspector(again).inspect(part)
    assert before.verdict == after.verdict
    assert before.alignment.shift == pytest.approx(after.alignment.shift, abs=0.01)


def test_what_is_no_golden_part_is_refused_with_the_reason():
    memory = teach([board()]).golden.memory()
    with pytest.raises(ReferenceUnusable, match="not a golden part"):
        Golden.remembered({"luma": memory["picture"]})
    with pytest.raises(ReferenceUnusable, match="format 99"):
        Golden.remembered({**memory, "golden_schema": np.array(99)})
    with pytest.raises(ReferenceUnusable, match="'picture' is missing"):
        Golden.remembered({name: values for name, values in memory.items() if name != "picture"})
    with pytest.raises(ReferenceUnusable, match="do not fit"):
        Golden.remembered({**memory, "spread": memory["spread"][:10]})


def test_what_was_learnt_can_be_looked_at():
    shown = teach(samples(3, coloured)).picture()
    assert shown.dtype == np.uint8
    assert shown.shape == (320, 800, 3)


def test_grain_of_a_random_surface_is_compared_by_its_roughness():
    def brushed(seed):
        grain = np.random.default_rng(seed).normal(0, 30, (320, 400))
        return np.clip(board(ground=150) + cv2.GaussianBlur(grain, (0, 0), 1) * 2, 0, 255).astype(np.uint8)

    golden = teach([brushed(n) for n in range(8)]).golden
    part = brushed(100)
    assert Inspector(golden).inspect(part).verdict == "PASS"
    for few in (3, 5):  # how much roughness itself varies is learnt too
        one = Inspector(teach([brushed(n) for n in range(few)]).golden)
        assert [one.inspect(brushed(50 + n)).verdict for n in range(6)] == ["PASS"] * 6
    part[60:90, 190:225] = 150  # polished
    assert Inspector(golden, InspectionOptions(measure="structure")).inspect(part).verdict == "FAIL"
