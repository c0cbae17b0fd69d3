"""Shadows and patches of light are left out; things keep their flat parts."""

import cv2
import numpy as np
import pytest

from tests.vision.pictures import Watching, covering, flat, painted, textured, with_noise
from watcher.vision.geometry import Box
from watcher.vision.options import DetectorOptions

GROUND = textured(low=130, high=150, fine=4)
THING = Box(100, 50, 130, 90)
SHADOW = Box(130, 80, 200, 92)
NOISE = 2.0


def darkened(picture, box, ratio=0.6):
    part = (picture[box.y0 : box.y1, box.x0 : box.x1] * ratio).astype(np.uint8)
    copy = picture.copy()
    copy[box.y0 : box.y1, box.x0 : box.x1] = part
    return copy


def thing(picture):
    """A thing with a texture of its own, and a flat dark window in its middle."""
    with_thing = painted(picture, THING, textured(seed=9, low=20, high=240, fine=20))
    return painted(with_thing, Box(108, 60, 122, 68), 80)


def share(changed, box):
    return float((changed[box.y0 : box.y1, box.x0 : box.x1] > 0).mean())


def seen(picture, options=None, frames=1):
    watching = Watching(options).learn_scene(GROUND, NOISE)
    for n in range(frames):
        watching.see(with_noise(picture, NOISE, 500 + n))
    return watching


def test_a_shadow_is_not_boxed_with_what_throws_it():
    watching = seen(thing(darkened(GROUND, SHADOW)))
    assert share(watching.detector.changed, Box(140, 80, 200, 92)) < 0.1
    assert share(watching.detector.changed, THING) > 0.9, "its flat window belongs to it"


def test_a_shadow_is_left_out_at_the_border_of_a_picture_of_odd_size():
    ground = textured((321, 181), low=130, high=150, fine=4)
    shadow = Box(250, 165, 321, 181)
    picture = painted(darkened(ground, shadow), Box(220, 140, 250, 181), textured((321, 181), 9, 20, 240, 20))
    watching = Watching().learn_scene(ground, NOISE)
    watching.see(with_noise(picture, NOISE, 500))
    assert share(watching.detector.changed, Box(260, 165, 321, 181)) < 0.1
    assert share(watching.detector.changed, Box(222, 142, 248, 181)) > 0.9


def test_whoever_wants_shadows_gets_them():
    watching = seen(thing(darkened(GROUND, SHADOW)), DetectorOptions(shadows=False))
    assert share(watching.detector.changed, Box(140, 80, 200, 92)) > 0.9


@pytest.mark.parametrize("ratio", [0.5, 0.7])
def test_a_dark_patch_that_nothing_throws_is_a_thing(ratio):
    watching = Watching().learn_scene(flat(140), NOISE)
    assert watching.see(with_noise(darkened(flat(140), SHADOW, ratio), NOISE, 500)).outcome == "changed"


def test_a_shadow_alone_is_left_out_where_shadows_are_known():
    watching = seen(thing(darkened(GROUND, SHADOW)), frames=10)
    alone = darkened(GROUND, Box(200, 120, 280, 132))
    assert watching.see(with_noise(alone, NOISE, 700)).outcome == "clear"
    darker = darkened(GROUND, Box(200, 120, 280, 132), 0.3)
    assert watching.see(with_noise(darker, NOISE, 701)).outcome == "changed", "no shadow here is as dark as that"


def test_a_patch_without_a_border_is_light():
    y, x = np.mgrid[:180, :320]
    cone = 1 + 0.5 * np.exp(-((x - 160) ** 2 + (y - 90) ** 2) / (2 * 35**2))
    lit = np.clip(GROUND * cone, 0, 255).astype(np.uint8)
    assert Watching().learn_scene(GROUND, NOISE).see(with_noise(lit, NOISE, 500)).outcome == "clear"


def test_another_colour_is_no_shadow():
    colored = cv2.cvtColor(GROUND, cv2.COLOR_GRAY2BGR)
    watching = Watching().learn_scene(colored)
    with_thing = cv2.cvtColor(thing(GROUND), cv2.COLOR_GRAY2BGR)
    red = painted(with_thing, SHADOW, (40, 40, 140))
    found = watching.see(red)
    assert covering(found.regions).x1 > 195
