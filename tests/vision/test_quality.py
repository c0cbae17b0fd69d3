"""What is wrong with a picture, and what is not."""

import cv2
import numpy as np
import pytest

from tests.vision.pictures import flat, in_light, painted, textured, with_noise
from tests.vision.shaking import pushed
from watcher.vision import quality
from watcher.vision.geometry import Box

SCENE = textured(low=40, high=200)
OTHER = textured(seed=9, low=40, high=200)
EXPECTED = SCENE.astype(np.float32)
GREY = np.full(SCENE.shape, 128, np.uint8)


def damage(luma, chroma=(GREY, GREY), expected=EXPECTED):
    return quality.damage(luma, expected, lambda: chroma)


def smeared(picture, row):
    copy = picture.copy()
    copy[row:] = copy[row]
    return copy


@pytest.mark.parametrize("part", [0.1, 0.4, 0.9])
def test_a_grey_rest_is_damage(part):
    assert damage(painted(SCENE, Box(0, round(180 * (1 - part)), 320, 180), 128))
    assert damage(painted(SCENE, Box(0, round(180 * (1 - part)), 320, 180), 130))


def test_a_smeared_rest_is_damage():
    assert "smeared" in damage(smeared(with_noise(SCENE, 3, 1), 120))


def test_a_grey_picture_with_a_few_lines_in_it_is_damage():
    lines = painted(GREY, Box(60, 20, 140, 120), SCENE)
    assert "grey" in damage(lines)


def test_green_blocks_are_damage():
    blocks = painted(SCENE, Box(80, 60, 160, 100), 0)
    none = painted(GREY, Box(80, 60, 160, 100), 0)
    assert "green" in damage(blocks, (none, none))
    assert not damage(blocks)


@pytest.mark.parametrize("picture", [
    SCENE,
    OTHER,
    with_noise(SCENE, 10, 1),
    in_light(SCENE, 0.5, 0),
    in_light(SCENE, 0.05, 120),
    painted(SCENE, Box(100, 60, 220, 180), 128),
    painted(SCENE, Box(0, 100, 300, 180), OTHER),
    flat(60),
    flat(0),
    flat(255),
], ids=["same", "other", "noise", "dim", "fog", "grey thing", "thing", "flat", "black", "white"])  # fmt: skip
def test_other_pictures_are_whole(picture):
    assert damage(with_noise(picture, 1, 5)) == ""


def test_what_the_reference_has_too_is_no_damage():
    for odd in (painted(SCENE, Box(0, 140, 320, 180), 128), smeared(SCENE, 120), flat(128)):
        assert damage(in_light(odd, 1.0, 12), expected=odd.astype(np.float32)) == ""


def test_tiny_pictures_are_never_damaged():
    assert quality.damage(flat(128, (40, 30)), textured((40, 30)).astype(np.float32), lambda: None) == ""


def test_dark_bright_and_lit():
    night = with_noise(flat(8), 3, 1)
    lamp = painted(night, Box(100, 50, 130, 80), 250)
    assert quality.is_dark(night)
    assert not quality.is_dark(lamp)
    assert not quality.is_lit(lamp)
    assert quality.is_lit(SCENE)
    assert quality.is_bright(flat(255))
    assert not quality.is_bright(with_noise(flat(240), 3, 1))
    assert not quality.is_dark(SCENE)


@pytest.mark.parametrize("light", [(1, 0), (0.3, 5), (1.3, -30), (0.2, 150)])
def test_a_scene_is_known_in_any_light(light):
    like = quality.likeness(with_noise(in_light(SCENE, *light), 3, 1), EXPECTED)
    assert like.known > 0.7


def test_a_scene_is_known_though_a_lorry_covers_most_of_it_or_it_is_a_little_off():
    lorry = painted(SCENE, Box(0, 0, 240, 180), OTHER)
    assert 0.15 < quality.likeness(lorry, EXPECTED).known < 0.5
    assert quality.likeness(pushed(SCENE, 2, 1), EXPECTED).known > 0.5


def test_another_scene_is_not_known_and_not_flat():
    like = quality.likeness(OTHER, EXPECTED)
    assert like.known < 0.15
    assert like.flat < 0.3


@pytest.mark.parametrize("level", [40, 128, 230])
def test_a_covered_lens_shows_nothing(level):
    shade = np.tile(np.linspace(-15, 15, 320), (180, 1))
    like = quality.likeness(with_noise(np.clip(level + shade, 0, 255).astype(np.uint8), 2, 1), EXPECTED)
    assert like.known < 0.15
    assert like.flat > 0.9


def test_a_flat_reference_tells_nothing():
    assert quality.likeness(SCENE, flat(90).astype(np.float32)) is None
    assert quality.sharpness(SCENE, flat(90).astype(np.float32), 2.0) is None


@pytest.mark.parametrize("noise", [0, 1.5])
@pytest.mark.parametrize("light", [(1, 0), (0.6, 20)])
def test_sharpness_falls_with_blur_and_not_with_light(noise, light):
    sharp = quality.sharpness(with_noise(in_light(SCENE, *light), noise, 2), EXPECTED, noise**2)
    blurred = quality.sharpness(
        with_noise(cv2.GaussianBlur(in_light(SCENE, *light), (0, 0), 3), noise, 2), EXPECTED, noise**2
    )
    assert sharp > 0.7
    assert blurred < 0.45


def test_a_smooth_thing_before_a_part_of_the_scene_does_not_blur_it():
    assert quality.sharpness(painted(SCENE, Box(0, 0, 120, 180), 90), EXPECTED, 2.0) > 0.65
