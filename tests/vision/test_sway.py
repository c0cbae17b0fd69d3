"""Turned and shifted a little, there and back."""

import math

import numpy as np
import pytest

from tests.vision.pictures import flat, mask_box, textured
from tests.vision.shaking import pushed
from watcher.vision.geometry import Box
from watcher.vision.sway import STANDING, Sway, drawn_back, moved_box, outward

SIZE = (320, 180)
SCENE = textured(fine=3)


@pytest.mark.parametrize(("x", "y", "degrees"), [(0, 0, 0), (3, -2, 0), (0, 0, 1), (-4.5, 2.5, -0.6)])
def test_a_pushed_picture_is_drawn_back(x, y, degrees):
    sway = Sway(x, y, math.radians(degrees))
    back = drawn_back(pushed(SCENE, x, y, degrees), sway, flat(7))
    apart = np.abs(back.astype(int) - SCENE)
    assert apart[10:-10, 10:-10].mean() < 1.5
    assert (back == 7).any() == (sway != STANDING)


def test_what_the_picture_does_not_show_is_kept_from_beyond():
    back = drawn_back(pushed(SCENE, 5, -3), Sway(5, -3), flat(7))
    assert np.all(back[:, -5:] == 7)
    assert np.all(back[:3] == 7)
    assert np.mean(back[3:, :-5] == 7) < 0.01


def test_a_mask_goes_out_to_where_the_picture_shows_it():
    box = Box(100, 60, 180, 120)
    out = outward(mask_box(box), Sway(6, -4))
    np.testing.assert_array_equal(out, mask_box(Box(106, 56, 186, 116)))
    assert outward(SCENE, STANDING) is SCENE


def test_of_what_the_reference_never_saw_nothing_is_said():
    out = outward(flat(255), Sway(6, -4))
    assert not out[:, :5].any()
    assert not out[-3:].any()


def test_a_box_goes_the_same_way_in_full_pixels():
    moved = moved_box(Box(400, 240, 720, 480), Sway(6, -4), (4.0, 4.0), (1280, 720))
    assert moved == Box(424, 224, 744, 464)


def test_a_moved_box_stays_in_the_picture_and_has_an_area():
    assert moved_box(Box(0, 0, 8, 8), Sway(-6, -6), (4.0, 4.0), (1280, 720)) == Box(0, 0, 1, 1)
    assert moved_box(Box(1270, 700, 1280, 720), Sway(9, 9), (4.0, 4.0), (1280, 720)) == Box(1279, 719, 1280, 720)


def test_a_turned_box_bounds_its_corners():
    moved = moved_box(Box(0, 0, 320, 180), Sway(angle=math.radians(10)), (1.0, 1.0), SIZE)
    assert moved == Box(0, 0, 320, 180)
    small = moved_box(Box(120, 70, 200, 110), Sway(angle=math.radians(10)), (1.0, 1.0), SIZE)
    assert small.width > 80
    assert small.height > 40


def test_reach_is_that_of_the_corner():
    assert Sway(3, 4).reach(SIZE) == pytest.approx(5)
    assert Sway(angle=0.01).reach(SIZE) == pytest.approx(0.01 * math.hypot(320, 180) / 2)
    assert Sway(3, 4, 0.01).apart(Sway(3, 4, 0.01), SIZE) == 0
    assert Sway(3, 4).halved().doubled() == Sway(3, 4)
