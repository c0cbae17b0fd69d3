"""Colour at equal brightness."""

import cv2
import numpy as np
import pytest

from tests.vision.pictures import painted
from watcher.vision.color import color_difference
from watcher.vision.geometry import Box

BOX = Box(30, 30, 70, 60)


def planes(cr, cb, size=(120, 90)):
    return tuple(np.full((size[1], size[0]), level, np.uint8) for level in (cr, cb))


def before(cr, cb):
    return np.stack([plane.astype(np.float32) for plane in planes(cr, cb)])


def test_the_same_colour_is_no_difference():
    assert color_difference(planes(100, 150), before(100, 150), False).max() == 0


def test_it_is_the_distance_in_the_plane_of_colour():
    now = painted(planes(100, 150)[0], BOX, 130), painted(planes(100, 150)[1], BOX, 110)
    difference = color_difference(now, before(100, 150), True)
    assert difference.dtype == np.float32
    assert difference[45, 50] == pytest.approx(50, abs=0.5)
    assert difference[10, 100] == pytest.approx(0, abs=0.01)


def test_red_against_green_is_as_far_as_said():
    """Pure red and a green of the same brightness."""
    drawn = np.array([[[0, 0, 255], [0, 130, 0]]], np.uint8)
    (y0, *red), (y1, *green) = cv2.cvtColor(drawn, cv2.COLOR_BGR2YCrCb)[0].astype(int).tolist()
    assert abs(y0 - y1) <= 1
    assert 140 < color_difference(planes(*red), before(*green), False).max() < 190


def test_a_shift_of_the_whole_picture_is_white_balance():
    now = planes(120, 140)
    assert color_difference(now, before(110, 150), True).max() == pytest.approx(0, abs=1e-4)
    assert color_difference(now, before(110, 150), False).min() == pytest.approx(np.hypot(10, 10), abs=0.01)


def test_an_object_is_no_white_balance():
    now = painted(planes(128, 128)[0], Box(0, 0, 50, 90), 200), planes(128, 128)[1]
    difference = color_difference(now, before(128, 128), True)
    assert difference[45, 20] == pytest.approx(72, abs=1)
    assert difference[45, 100] == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("gain", [0.5, 0.7, 1.3])
def test_colour_that_grows_and_fades_with_the_light_is_the_same_colour(gain):
    chance = np.random.default_rng(2)
    reference = chance.integers(80, 177, (2, 90, 120)).astype(np.float32)
    now = np.clip(np.round(128 + (reference - 128) * gain), 0, 255).astype(np.uint8)
    assert color_difference(now, reference, False, gain).max() < 1.5
    assert color_difference(now, reference, False).max() > 3


def test_noise_of_colour_is_averaged_away():
    chance = np.random.default_rng(2)
    now = tuple(np.clip(128 + chance.normal(0, 6, (90, 120)), 0, 255).astype(np.uint8) for _ in range(2))
    assert color_difference(now, before(128, 128), False).max() < 6


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1), (3, 3)])
def test_tiny_pictures(shape):
    now = tuple(np.full(shape, 150, np.uint8) for _ in range(2))
    difference = color_difference(now, np.full((2, *shape), 128, np.float32), False)
    assert difference.shape == shape
    assert difference.min() == pytest.approx(np.hypot(22, 22), abs=0.01)
