"""The light on the whole picture, found in spite of what covers part of it."""

import numpy as np
import pytest

from tests.vision.lights import LEVELS, SCENE, FindsLight
from tests.vision.pictures import in_light, painted, textured, with_noise
from watcher.vision.geometry import Box
from watcher.vision.tone import GRID, KNOTS, SAME_TONE, Tone, coarse, tone_on, unclipped

ALL = np.ones(GRID[::-1], np.float32)


def seen_as(light, levels=LEVELS):
    return np.interp(levels, KNOTS, light.levels)


def found(frame, reference=SCENE, weight=ALL, start=SAME_TONE):
    return tone_on(coarse(frame), coarse(reference), weight * unclipped(frame) * unclipped(reference), start)


def with_gamma(picture, gamma):
    return np.round(255 * (picture / 255.0) ** gamma).astype(np.uint8)


class TestTone(FindsLight):
    everything = ALL
    watched_levels = np.array([80, 128, 170])
    near, near_level, near_gain = 3, 1, 0.03
    near_beside_object, near_where_watched = 5, 6
    near_flat, near_gain_of_noise, near_level_of_noise = 0.5, 0.1, 0.5
    clips = True
    found, cells, seen = staticmethod(found), staticmethod(coarse), staticmethod(seen_as)

    @staticmethod
    def straight(gain, offset):
        return Tone(gain * KNOTS + offset)


off = TestTone().off


@pytest.mark.parametrize("gamma", [0.6, 0.8, 1.25, 1.6])
def test_a_curve_is_found(gamma):
    light = found(with_noise(with_gamma(SCENE, gamma), 4, 1))
    assert np.abs(seen_as(light) - with_gamma(LEVELS, gamma)).max() < 3


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


def test_where_nothing_is_watched_there_is_no_light():
    assert tone_on(coarse(SCENE), coarse(255 - SCENE), ALL * 0) is SAME_TONE


@pytest.mark.parametrize(("gain", "offset"), [(0.05, 0), (8.0, 0), (0.0, 128), (-1.0, 255)])
def test_the_curve_never_falls_and_can_be_gone_back_along(gain, offset):
    light = found(in_light(SCENE, gain, offset))
    assert (np.diff(light.levels) >= 0).all()
    assert (np.diff(light.undone()) >= 0).all()


def test_there_and_back_again():
    light = found(in_light(SCENE, 0.6, 10))
    there = np.round(light.on(SCENE.astype(np.float32))).astype(np.uint8)
    assert np.abs(light.undone()[there] - SCENE).max() < 2


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
