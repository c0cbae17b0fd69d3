"""The light on the whole picture, found in spite of what covers part of it."""

import numpy as np
import pytest

from tests.vision.pictures import flat, in_light, painted, textured, with_noise
from watcher.inspection.light import GAINS, GRID, SAME_LIGHT, Light, coarse, light_on
from watcher.vision.geometry import Box

SCENE = textured(low=40, high=200, fine=5)  # enough contrast that the gain is really in the picture
ALL = np.ones((24, 32), np.float32)
LIGHTS = [(0.7, 0), (0.85, 10), (1.0, 0), (1.0, 25), (1.0, -25), (1.15, -10), (1.25, 0), (0.5, 30)]
OBJECT = Box(60, 20, 220, 164)  # 40 % of the picture


def off(light, gain, offset):
    """How far the light is from the true one, in grey levels at the dark and bright ends of the scene."""
    return max(abs(light.gain * level + light.offset - (gain * level + offset)) for level in (50, 128, 190))


def found(frame, reference=SCENE, weight=ALL, start=SAME_LIGHT, rounds=3):
    """As the stage does: from one frame to the next."""
    for _ in range(rounds):
        start = light_on(coarse(frame), coarse(reference), weight, start)
    return start


@pytest.mark.parametrize(("gain", "offset"), LIGHTS)
def test_gain_and_offset_are_found(gain, offset):
    light = found(with_noise(in_light(SCENE, gain, offset), 4, 1))
    assert off(light, gain, offset) < 6
    assert abs(light.level - (gain * 128 + offset)) < 2
    assert abs(light.gain - gain) < 0.1


@pytest.mark.parametrize(("gain", "offset"), LIGHTS)
@pytest.mark.parametrize("value", [10, 250, textured(seed=7, low=0, high=255)], ids=["dark", "bright", "textured"])
def test_an_object_over_two_fifths_of_the_picture_does_not_pull_it_along(gain, offset, value):
    frame = painted(in_light(SCENE, gain, offset), OBJECT, value)
    assert OBJECT.area / SCENE.size == 0.4
    assert off(found(with_noise(frame, 4, 1)), gain, offset) < 10


def test_a_plain_fit_would_be_pulled_along():
    """The test of the object can fail: least squares misses by far more."""
    frame = painted(SCENE, OBJECT, 250)
    gain, offset = np.polyfit(coarse(SCENE).ravel(), coarse(frame).ravel(), 1)
    assert off(Light(gain, offset), 1, 0) > 30


@pytest.mark.parametrize(
    ("now", "before"), [(120, 100), (60, 100), (100, 100), (0, 0), (255, 255), (255, 0), (0, 255)]
)
def test_flat_pictures_differ_by_an_offset_and_never_by_a_wild_gain(now, before):
    light = found(flat(now), flat(before))
    assert light.gain == pytest.approx(1.0)
    assert light.gain * before + light.offset == pytest.approx(now, abs=0.01)


def test_noise_on_a_flat_picture_is_no_light():
    light = found(with_noise(flat(100), 6, 1), with_noise(flat(100), 6, 2))
    assert abs(light.gain - 1) < 0.05
    assert abs(light.gain * 100 + light.offset - 100) < 1


def test_where_nothing_is_watched_there_is_no_light():
    assert light_on(coarse(SCENE), coarse(255 - SCENE), ALL * 0) == SAME_LIGHT


def test_what_is_not_watched_has_no_say():
    """Three quarters are not watched and differ wildly; in the rest an object covers two fifths."""
    weight = ALL.copy()
    weight[:, 8:] = 0
    frame = painted(in_light(SCENE, 0.8, 20), Box(80, 0, 320, 180), textured(seed=9, low=0, high=255))
    frame = painted(frame, Box(0, 0, 80, 72), 250)
    assert off(found(frame, weight=weight), 0.8, 20) < 12


@pytest.mark.parametrize(("gain", "offset"), [(0.05, 0), (8.0, 0), (0.0, 128), (-1.0, 255)])
def test_the_gain_stays_within_what_eight_bits_can_tell(gain, offset):
    light = found(in_light(SCENE, gain, offset))
    assert GAINS[0] <= light.gain <= GAINS[1]


@pytest.mark.parametrize("size", [(320, 180), (32, 24), (7, 5), (1, 1), (2, 300), (1000, 3)])
def test_the_grid_is_the_same_for_every_size(size):
    grid = coarse(flat(90, size))
    assert grid.shape == GRID[::-1]
    assert grid.dtype == np.float32
    assert (grid == 90).all()


@pytest.mark.parametrize(
    ("one", "other", "differs"),
    [
        (Light(), Light(), False),
        (Light(1.003, 0), Light(1.0, 0), False),
        (Light(1.005, -0.64), Light(), True),
        (Light(1, 0.4), Light(), False),
        (Light(1, 0.6), Light(), True),
        (Light(1, -0.6), Light(), True),
    ],
)
def test_when_two_lights_differ(one, other, differs):
    assert one.differs(other) is other.differs(one) is differs
