"""The learnt picture: adapted, settled on, absorbed, and remembered."""

import numpy as np
import pytest

from tests.vision.pictures import flat, mask_box, painted, textured, with_noise
from watcher.errors import ReferenceUnusable
from watcher.vision.geometry import Box
from watcher.vision.reference.scene import Scene, learnt, remembered

GREY = textured()
BOX, PART = Box(100, 60, 160, 120), (slice(60, 120), slice(100, 160))
ALL, NONE = flat(255), flat(0)


def scene(*planes, spread=None):
    return Scene(np.stack(planes or [GREY]).astype(np.float32), spread)


def test_it_moves_towards_what_it_is_shown_where_nothing_changed():
    known = scene(flat(100))
    known.adapt((flat(200),), painted(ALL, BOX, 0), 0.1)
    assert known.expected[0][0, 0] == pytest.approx(110)
    assert (known.expected[0][PART] == 100).all()


def test_all_planes_move():
    known = scene(flat(100), flat(120), flat(140))
    known.adapt((flat(110), flat(130), flat(150)), ALL, 0.5)
    assert known.expected[:, 0, 0].tolist() == [105, 125, 145]


def test_settling_keeps_what_was_beneath():
    known = scene()
    thing = painted(GREY, BOX, 250)
    known.settle(mask_box(BOX), (thing,), NONE, 5.0)
    assert known.any_settled
    assert (known.expected[0][PART] == 250).all()
    np.testing.assert_array_equal(known.beneath[0][PART], GREY[PART])
    np.testing.assert_array_equal(known.before()[0], GREY)
    assert np.count_nonzero(known.settled) == BOX.area


def test_settling_twice_keeps_what_was_beneath_the_first():
    known = scene()
    known.settle(mask_box(BOX), (painted(GREY, BOX, 250),), NONE, 5.0)
    known.settle(mask_box(BOX), (painted(GREY, BOX, 10),), NONE, 9.0)
    assert (known.expected[0][PART] == 10).all()
    np.testing.assert_array_equal(known.before()[0], GREY)


def test_put_back_is_no_longer_settled():
    known = scene()
    known.settle(mask_box(BOX), (painted(GREY, BOX, 250),), NONE, 5.0)
    known.settle(mask_box(BOX), (GREY,), mask_box(BOX), 9.0)
    assert not known.any_settled
    np.testing.assert_array_equal(known.expected[0], GREY)


def test_half_put_back_is_half_settled():
    known = scene()
    half = Box(100, 60, 130, 120)
    known.settle(mask_box(BOX), (painted(GREY, BOX, 250),), NONE, 5.0)
    known.settle(mask_box(half), (painted(GREY, Box(130, 60, 160, 120), 250),), mask_box(half), 9.0)
    assert np.count_nonzero(known.settled) == BOX.area // 2
    np.testing.assert_array_equal(known.before()[0], GREY)


def test_where_it_looks_as_before_nothing_settles():
    known = scene()
    known.settle(mask_box(BOX.grown(3)), (painted(GREY, BOX, 250),), painted(ALL, BOX, 0), 5.0)
    assert np.count_nonzero(known.settled) == BOX.area


def test_a_speck_that_was_not_put_back_is_none():
    known = scene()
    known.settle(mask_box(BOX), (painted(GREY, BOX, 250),), NONE, 5.0)
    same = painted(painted(mask_box(BOX), Box(100, 70, 101, 90), 0), Box(150, 119, 155, 120), 0)
    known.settle(mask_box(BOX), (GREY,), same, 9.0)
    assert not known.any_settled


def test_absorbing_forgets_what_was_beneath_and_only_the_old():
    known = scene()
    other = Box(10, 10, 30, 30)
    known.settle(mask_box(BOX), (painted(GREY, BOX, 250),), NONE, 5.0)
    known.settle(mask_box(other), (painted(GREY, other, 250),), NONE, 50.0)
    assert not known.absorb(5.0)
    assert known.absorb(5.1)
    assert np.count_nonzero(known.settled) == other.area
    assert (known.before()[0][PART] == 250).all()
    assert not known.absorb(5.1)


def test_what_nothing_has_settled_on_takes_no_more_than_its_picture():
    known = scene()
    assert known.beneath is known.expected
    known.settle(mask_box(BOX), (painted(GREY, BOX, 250),), NONE, 5.0)
    assert known.beneath is not known.expected
    known.absorb(5.1)
    assert known.beneath is known.expected


def test_another_look_takes_over_what_has_settled_and_when():
    known, other = scene(flat(100)), scene(painted(flat(60), BOX, 210))
    known.settle(mask_box(BOX), (painted(flat(100), BOX, 250),), NONE, 5.0)
    other.settle_as(known)
    assert (other.before()[0] == 60).all()
    known.absorb(9.0)
    assert not other.absorb(5.0)
    assert other.absorb(5.1)


def test_what_settled_later_counts_its_time_from_then():
    known = scene()
    known.settle(mask_box(BOX), (painted(GREY, BOX, 250),), NONE, 5.0)
    known.settle(mask_box(BOX), (painted(GREY, BOX, 20),), NONE, 50.0)
    assert not known.absorb(40.0)


def test_each_pixels_own_variation_is_learnt():
    known = scene(flat(100), spread=np.full((180, 320), 4, np.float32))
    chance = np.random.default_rng(1)
    for _ in range(400):
        difference = chance.normal(0, 6, (180, 320)).astype(np.float32)
        difference[:, 160:] /= 6
        known.adapt_spread(difference, painted(ALL, Box(0, 0, 320, 20), 0), 0.25)
    assert known.spread is not None
    assert np.sqrt(known.spread[40:, :160].mean()) == pytest.approx(6, rel=0.05)
    assert np.sqrt(known.spread[40:, 160:].mean()) == pytest.approx(1, rel=0.05)
    assert (known.spread[:20] == 4).all()


def test_variation_that_is_not_known_is_not_made_up():
    known = scene()
    known.adapt_spread(np.ones((180, 320), np.float32), ALL, 1.0)
    assert known.spread is None


@pytest.mark.parametrize("colors", [1, 3])
@pytest.mark.parametrize("spread", [None, 7.5])
def test_a_scene_is_remembered_as_it_was(colors, spread):
    chance = np.random.default_rng(1)
    planes = chance.uniform(0, 255, (colors, 180, 320)).astype(np.float32)
    known = Scene(planes.copy(), None if spread is None else np.full((180, 320), spread, np.float32))
    again = remembered(known.memory(), (180, 320), colors)
    np.testing.assert_allclose(again.expected, planes, atol=1 / 31)
    assert again.expected.dtype == np.float32
    assert (again.spread is None) == (spread is None)
    if spread is not None:
        assert again.spread is not None
        assert again.spread.dtype == np.float32
        assert (again.spread == spread).all()
    assert not again.any_settled


def test_what_has_settled_is_not_remembered_as_reference():
    known = scene()
    known.settle(mask_box(BOX), (painted(GREY, BOX, 250),), NONE, 5.0)
    np.testing.assert_allclose(remembered(known.memory(), (180, 320), 1).expected[0], GREY, atol=1 / 31)


def test_memory_does_not_change_with_the_scene():
    known = scene()
    memory = known.memory()
    known.adapt((flat(0),), ALL, 1.0)
    np.testing.assert_allclose(remembered(memory, (180, 320), 1).expected[0], GREY, atol=1 / 31)


def test_colour_that_is_not_watched_is_left():
    assert remembered(scene(GREY, GREY, GREY).memory(), (180, 320), 1).expected.shape == (1, 180, 320)


GOOD = scene(spread=np.ones((180, 320), np.float32)).memory()


@pytest.mark.parametrize(
    ("memory", "count", "words"),
    [
        ({}, 1, "holds no picture"),
        ({"planes": np.zeros((180, 320), np.uint16)}, 1, "holds no picture"),
        ({"planes": np.zeros((1, 180, 320), np.float32)}, 1, "holds no picture"),
        ({"planes": np.zeros((1, 90, 160), np.uint16)}, 1, "is 160x90, the analysed picture 320x180"),
        (GOOD, 3, "has no colour, and colour is watched"),
        ({**GOOD, "spread": np.ones((90, 160), np.float16)}, 1, "noise is broken"),
        ({**GOOD, "spread": np.full((180, 320), np.nan, np.float16)}, 1, "noise is broken"),
        ({"planes": np.zeros((0, 180, 320), np.uint16)}, 1, "colour|no picture"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(memory, count, words):
    with pytest.raises(ReferenceUnusable, match=words):
        remembered(memory, (180, 320), count)


def test_a_few_pictures_have_no_spread_and_more_have_their_noise():
    pictures = [(with_noise(GREY, 5, n),) for n in range(15)]
    assert learnt(pictures[:4]).spread is None
    spread = learnt(pictures).spread
    assert spread is not None
    assert spread.dtype == np.float32
    assert np.sqrt(spread.mean()) == pytest.approx(5, rel=0.25)
    assert np.sqrt(spread.min()) > 2


def test_a_look_that_comes_back_shows_what_has_come_and_gone_meanwhile():
    known, now = scene(painted(flat(60), BOX, 210)), scene(flat(100))
    known.settle(mask_box(BOX), (painted(flat(60), BOX, 210),), NONE, 5.0)
    other, there = Box(10, 10, 30, 30), (slice(10, 30), slice(10, 30))
    now.settle(mask_box(other), (painted(flat(100), other, 250),), NONE, 8.0)
    known.catch_up((mask_box(BOX) | mask_box(other)) > 0, painted(flat(60), other, 200).astype(np.float32), now)
    assert np.count_nonzero(known.settled) == other.area
    assert (known.expected[0][PART] == 60).all()
    assert (known.expected[0][there] == 200).all()
    assert (known.before()[0] == 60).all()
    assert not known.absorb(8.0)
    assert known.absorb(8.1)
