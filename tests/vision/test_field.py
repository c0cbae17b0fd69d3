"""Light on a part of the picture, and things that are not."""

import cv2
import numpy as np
import pytest

from tests.vision.pictures import Watching, covering, flat, painted, textured, with_noise
from watcher.vision.field import gain_field
from watcher.vision.geometry import Box

SCENE = textured(low=60, high=150, fine=4)
ALL = flat(255)
BOX = Box(140, 70, 190, 130)


def lamp(strength, centre=(150, 90), radius=70, soft=30.0):
    """The factor of a lamp's cone, float32 (180, 320)."""
    y, x = np.mgrid[0:180, 0:320].astype(np.float32)
    away = np.hypot(x - centre[0], y - centre[1])
    inside = np.clip((radius + soft / 2 - away) / soft, 0, 1)
    return 1 + strength * inside * inside * (3 - 2 * inside)


def lit(picture, factor):
    return np.clip(np.round(picture * factor), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("strength", [0.3, 0.7, -0.4])
@pytest.mark.parametrize("soft", [20.0, 60.0])
def test_a_cone_is_found(strength, soft):
    factor = lamp(strength, soft=soft)
    found = gain_field(with_noise(lit(SCENE, factor), 2, 1), SCENE.astype(np.float32), 4.0, ALL)
    assert found is not None
    assert np.abs(found - factor).mean() < 0.03


@pytest.mark.parametrize("level", [40, -40])
def test_a_flat_thing_on_a_flat_wall_is_no_light(level):
    wall = flat(120)
    found = gain_field(
        with_noise(painted(wall, BOX, 120 + level), 2, 1), with_noise(wall, 1, 2).astype(np.float32), 4.0, ALL
    )
    assert found is None or np.abs(found[85:115, 155:175] - 1).max() < 0.12


@pytest.mark.parametrize("strength", [0.3, 0.7, -0.4])
@pytest.mark.parametrize("soft", [25.0, 60.0])
@pytest.mark.parametrize("scene", [SCENE, cv2.GaussianBlur(SCENE, (0, 0), 12)], ids=["textured", "smooth"])
def test_a_lamp_that_goes_on_and_off_is_silent(strength, soft, scene):
    watching = Watching().learn_scene(scene, 2)
    for n, part in enumerate([0.2, 0.4, 0.6, 0.8, 1, 1, 1, 0.7, 0.3, 0, 0]):
        seen = watching.see(with_noise(lit(scene, lamp(strength * part, soft=soft)), 2, 300 + n))
        assert seen.changed_fraction < 0.003
    assert watching.see(with_noise(scene, 2, 400)).outcome == "clear"


@pytest.mark.parametrize("who", [textured(seed=9, low=0, high=60), textured(seed=9, low=140, high=220)])
def test_who_comes_with_the_lamp_is_seen(who):
    watching = Watching().learn_scene(SCENE, 2)
    factor = lamp(0.6)
    seen = watching.see(with_noise(lit(painted(SCENE, BOX, who), factor), 2, 500))
    assert covering(seen.regions).iou(BOX) > 0.5


def test_half_of_the_picture_in_another_tone_is_no_light():
    """Its border is sharp, and the wall has no texture that shows through."""
    wall = flat(120)
    watching = Watching().learn_scene(wall, 2)
    seen = watching.see(with_noise(painted(wall, Box(0, 0, 150, 180), 165), 2, 500))
    assert seen.changed_fraction > 0.3


WALL = np.clip(cv2.GaussianBlur(SCENE, (0, 0), 12).astype(np.float32) * 0.6 + 140, 0, 240).astype(np.uint8)


@pytest.mark.parametrize("soft", [25.0, 50.0])
def test_a_lamp_that_burns_a_wall_out_is_silent(soft):
    watching = Watching().learn_scene(WALL, 2)
    for n, part in enumerate([0.2, 0.5, 0.8, 1, 1, 0.6, 0]):
        seen = watching.see(with_noise(lit(WALL, lamp(0.5 * part, soft=soft)), 2, 300 + n))
        assert seen.changed_fraction < 0.003


def test_a_white_thing_on_a_bright_wall_is_no_light():
    watching = Watching().learn_scene(WALL, 2)
    seen = watching.see(with_noise(painted(WALL, BOX, 255), 1, 1))
    assert covering(seen.regions).iou(BOX) > 0.7


@pytest.mark.parametrize("strength", [0.6, -0.4])
def test_a_lamp_over_half_of_the_picture_is_silent(strength):
    """It is no tone curve, though one comes near to it where the picture has few levels."""
    scene = painted(WALL.astype(np.float32) * 0.7, Box(0, 120, 320, 180), 190).astype(np.uint8)
    watching = Watching().learn_scene(scene, 2)
    for n, part in enumerate([0.25, 0.5, 0.75, 1, 1]):
        shone = lit(scene, lamp(strength * part, (220, 90), 130, 40))
        assert watching.see(with_noise(shone, 1, 300 + n)).changed_fraction < 0.003


def test_a_strip_between_a_cone_and_the_edge_of_the_picture_stays_as_it_is():
    wall = np.clip(cv2.GaussianBlur(SCENE, (0, 0), 12).astype(np.float32) * 0.6 + 100, 0, 240).astype(np.uint8)
    factor = lamp(-0.45, centre=(160, 96), radius=70, soft=14)
    found = gain_field(with_noise(lit(wall, factor), 2, 1), wall.astype(np.float32), 4.0, ALL)
    assert found is not None
    assert np.abs(found[172:, 60:260] - factor[172:, 60:260]).mean() < 0.03


@pytest.mark.parametrize("soft", [10.0, 12.0])
def test_the_edge_of_a_lamp_may_be_steep_where_it_is_wide(soft):
    wall = with_noise(flat(120), 1, 2).astype(np.float32)
    factor = lamp(0.7, soft=soft)
    found = gain_field(with_noise(lit(wall, factor), 2, 1), wall, 4.0, ALL)
    assert found is not None
    assert found[80:100, 140:160].mean() > 1.6


def test_what_covers_white_sky_is_no_light_though_white_is_left():
    """An arm that fades into the glare: white that stays white says nothing of the light on it."""
    sky = flat(255)
    now = sky.copy()
    now[60:130, 160:] = np.clip(150 + np.maximum(np.arange(160) - 90, 0) * 2, 0, 255).astype(np.uint8)
    found = gain_field(with_noise(now, 2, 1), sky.astype(np.float32), 4.0, ALL)
    assert found is None or found[80:110, 180:230].min() > 0.85
