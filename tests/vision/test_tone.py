"""The light on the whole picture, found in spite of what covers part of it."""

import numpy as np
import pytest

from tests.vision.pictures import flat, in_light, painted, textured, with_noise
from watcher.vision.geometry import Box
from watcher.vision.tone import GRID, KNOTS, SAME_TONE, Tone, coarse, tone_on, unclipped

SCENE = textured(low=40, high=200, fine=5)  # enough contrast that the light is really in the picture
ALL = np.ones(GRID[::-1], np.float32)
LIGHTS = [(0.7, 0), (0.85, 10), (1.0, 0), (1.0, 25), (1.0, -25), (1.15, -10), (1.25, 0), (0.5, 30)]
OBJECT = Box(60, 20, 220, 164)  # 40 % of the picture
LEVELS = np.array([50, 128, 190])


def seen_as(light, levels=LEVELS):
    return np.interp(levels, KNOTS, light.levels)


def off(light, gain, offset, levels=LEVELS):
    """How far the light is from the true one, in grey levels at the dark and bright ends of the scene."""
    return np.abs(seen_as(light, levels) - (gain * levels + offset)).max()


def found(frame, reference=SCENE, weight=ALL, start=SAME_TONE):
    return tone_on(coarse(frame), coarse(reference), weight * unclipped(frame) * unclipped(reference), start)


def with_gamma(picture, gamma):
    return np.round(255 * (picture / 255.0) ** gamma).astype(np.uint8)


@pytest.mark.parametrize(("gain", "offset"), LIGHTS)
def test_gain_and_offset_are_found(gain, offset):
    light = found(with_noise(in_light(SCENE, gain, offset), 4, 1))
    assert off(light, gain, offset) < 3
    assert abs(light.level - (gain * 128 + offset)) < 1
    assert abs(light.gain - gain) < 0.03


@pytest.mark.parametrize("gamma", [0.6, 0.8, 1.25, 1.6])
def test_a_curve_is_found(gamma):
    light = found(with_noise(with_gamma(SCENE, gamma), 4, 1))
    assert np.abs(seen_as(light) - with_gamma(LEVELS, gamma)).max() < 3


@pytest.mark.parametrize(("gain", "offset"), LIGHTS)
@pytest.mark.parametrize("value", [10, 250, textured(seed=7, low=0, high=255)], ids=["dark", "bright", "textured"])
def test_an_object_over_two_fifths_of_the_picture_does_not_pull_it_along(gain, offset, value):
    frame = painted(in_light(SCENE, gain, offset), OBJECT, value)
    assert OBJECT.area / SCENE.size == 0.4
    assert off(found(with_noise(frame, 4, 1)), gain, offset) < 5


def test_a_plain_fit_would_be_pulled_along():
    """The test of the object can fail: least squares misses by far more."""
    frame = painted(SCENE, OBJECT, 250)
    gain, offset = np.polyfit(coarse(SCENE).ravel(), coarse(frame).ravel(), 1)
    assert off(Tone(gain * KNOTS + offset), 1, 0) > 30


@pytest.mark.parametrize("gain", [1.6, 2.0, 0.3])
def test_what_is_clipped_has_no_say(gain):
    """White stays white where the curve goes on beyond it, and the levels below are where they should be."""
    light = found(with_noise(in_light(SCENE, gain, -20), 2, 1))
    assert off(light, gain, -20, np.array([80, 100, 120, 250 / gain - 5 if gain > 1 else 190])) < 4
    if gain > 1:
        assert seen_as(light, np.array([180.0])) > 250


def test_half_of_the_picture_in_another_tone_is_half_a_change():
    """The light is that of the half that has not changed, not something between the two."""
    frame = painted(SCENE, Box(0, 0, 156, 180), in_light(SCENE, 1, 40))
    assert off(found(frame), 1, 0) < 2


@pytest.mark.parametrize(
    ("now", "before"), [(120, 100), (60, 100), (100, 100), (0, 0), (255, 255), (255, 0), (0, 255)]
)
def test_flat_pictures_differ_by_an_offset_and_never_by_a_wild_gain(now, before):
    light = found(flat(now), flat(before))
    assert light.gain == pytest.approx(1.0)
    if 0 < now < 255:
        assert seen_as(light, np.array([before])) == pytest.approx(now, abs=0.5)


def test_noise_on_a_flat_picture_is_no_light():
    light = found(with_noise(flat(100), 6, 1), with_noise(flat(100), 6, 2))
    assert abs(light.gain - 1) < 0.1
    assert abs(seen_as(light, np.array([100.0])) - 100) < 0.5


def test_where_nothing_is_watched_there_is_no_light():
    assert tone_on(coarse(SCENE), coarse(255 - SCENE), ALL * 0) is SAME_TONE


def test_what_is_not_watched_has_no_say():
    """Three quarters are not watched and differ wildly; in the rest an object covers two fifths."""
    weight = ALL.copy()
    weight[:, GRID[0] // 4 :] = 0
    frame = painted(in_light(SCENE, 0.8, 20), Box(80, 0, 320, 180), textured(seed=9, low=0, high=255))
    frame = painted(frame, Box(0, 0, 80, 72), 250)
    assert off(found(frame, weight=weight), 0.8, 20, np.array([80, 128, 170])) < 6


@pytest.mark.parametrize(("gain", "offset"), [(0.05, 0), (8.0, 0), (0.0, 128), (-1.0, 255)])
def test_the_curve_never_falls_and_can_be_gone_back_along(gain, offset):
    light = found(in_light(SCENE, gain, offset))
    assert (np.diff(light.levels) >= 0).all()
    assert (np.diff(light.undone()) >= 0).all()


def test_there_and_back_again():
    light = found(in_light(SCENE, 0.6, 10))
    there = np.round(light.on(SCENE.astype(np.float32))).astype(np.uint8)
    assert np.abs(light.undone()[there] - SCENE).max() < 2


@pytest.mark.parametrize("size", [(320, 180), (32, 24), (7, 5), (1, 1), (2, 300), (1000, 3)])
def test_the_grid_is_the_same_for_every_size(size):
    grid = coarse(flat(90, size))
    assert grid.shape == GRID[::-1]
    assert grid.dtype == np.float32
    assert (grid == 90).all()


def test_the_light_found_last_is_kept_until_it_really_changes():
    light = found(with_noise(in_light(SCENE, 0.7, 0), 2, 1))
    assert found(with_noise(in_light(SCENE, 0.7, 0), 2, 2), start=light) is light
    assert found(with_noise(in_light(SCENE, 0.68, 0), 2, 2), start=light) is not light
    assert found(with_noise(SCENE, 2, 2), start=light) is SAME_TONE


def test_black_stays_black_where_there_is_hardly_any():
    """A bright room over-exposed: what few dark things it has do not become as bright as walls make one believe."""
    scene = textured(low=120, high=180, fine=4)
    light = found(np.clip(scene.astype(np.float32) + 60, 0, 255).astype(np.uint8))
    assert np.interp(5, KNOTS, light.levels) < 50
