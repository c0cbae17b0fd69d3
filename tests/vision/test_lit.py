"""Light that changes, as the whole detector sees it: curves, clipping, what is covered or has settled meanwhile."""

import numpy as np
import pytest

from tests.vision.pictures import Watching, covering, ended, flat, in_light, painted, textured, with_noise
from watcher.vision.geometry import Box
from watcher.vision.lit import Lit
from watcher.vision.reference.options import BackgroundOptions

SCENE = textured(low=30, high=220, fine=4)
BOX = Box(100, 60, 180, 120)


def with_gamma(picture, gamma, gain=1.0):
    return np.clip(np.round(255 * (picture / 255.0) ** gamma * gain), 0, 255).astype(np.uint8)


LIGHTS = [(0.6, 1.0), (1.6, 1.0), (1.0, 2.0), (1.0, 0.5), (0.7, 1.6), (1.4, 0.6)]


@pytest.mark.parametrize(("gamma", "gain"), LIGHTS)
def test_a_curve_and_clipping_are_no_change(gamma, gain):
    watching = Watching().learn_scene(SCENE, 2)
    for n in range(5):
        assert watching.see(with_noise(with_gamma(SCENE, gamma, gain), 2, 500 + n)).outcome == "clear"
    assert watching.see(with_noise(SCENE, 2, 600)).outcome == "clear"


@pytest.mark.parametrize(("gamma", "gain"), LIGHTS)
@pytest.mark.parametrize("who", [textured(seed=9, low=0, high=90), textured(seed=9, low=90, high=200)])
def test_who_comes_with_it_is_all_that_is_seen(gamma, gain, who):
    watching = Watching().learn_scene(SCENE, 2)
    frame = with_gamma(painted(SCENE, BOX, who), gamma, gain)
    assert covering(watching.see(with_noise(frame, 2, 500)).regions).iou(BOX) > 0.6


def test_a_slow_ramp_to_twice_as_bright_and_back_is_silent():
    watching = Watching().learn_scene(SCENE, 2)
    ramp = [1 + n / 50 for n in range(50)]
    for n, gain in enumerate([*ramp, *ramp[::-1]]):
        assert watching.see(with_noise(with_gamma(SCENE, 1, gain), 2, 500 + n)).outcome == "clear"


def test_a_dark_thing_before_a_clipped_wall_is_seen():
    wall = painted(SCENE, Box(60, 30, 240, 150), 180)
    watching = Watching().learn_scene(wall, 2)
    assert watching.see(in_light(wall, 1.8)).outcome == "clear"
    assert covering(watching.see(in_light(painted(wall, BOX, 90), 1.8)).regions).iou(BOX) > 0.7


def test_what_was_clipped_in_the_reference_may_have_been_anything_brighter():
    """A window that was white shows the garden when the camera closes its iris."""
    garden = painted(SCENE.astype(np.float32), BOX, SCENE.astype(np.float32) + 260)
    bright = in_light(garden)
    watching = Watching().learn_scene(bright, 2)
    darker = in_light(garden, 0.6)
    assert watching.see(darker).outcome == "clear"
    assert watching.see(painted(darker, BOX, 40)).outcome == "changed"


def test_what_somebody_covered_while_the_light_changed_for_good_is_as_bright_as_the_rest():
    watching = Watching(reference=BackgroundOptions(adapt=5)).learn_scene(SCENE, 1)
    for n in range(200):
        light = min(1.0, 0.6 + 0.4 * (1 - n / 50)) if n < 50 else 0.6
        lit = in_light(SCENE, light)
        watching.see(with_noise(painted(lit, BOX, textured(seed=n % 3 + 20, low=0, high=255)), 1, n))
    assert watching.see(with_noise(in_light(SCENE, 0.6), 1, 999)).outcome == "clear"


def test_what_lies_beneath_a_settled_thing_follows_the_light():
    watching = Watching(reference=BackgroundOptions(adapt=5)).learn_scene(SCENE, 1)
    thing = textured(seed=5, low=0, high=255)
    for n in range(30):
        watching.see(with_noise(painted(SCENE, BOX, thing), 1, n), *([ended("settled")] if n == 29 else []))
    for n in range(200):
        lit = in_light(painted(SCENE, BOX, thing), max(0.6, 1 - n / 100))
        assert watching.see(with_noise(lit, 1, n)).outcome == "clear"
    gone = watching.see(with_noise(in_light(SCENE, 0.6), 1, 999))
    assert gone.outcome == "changed"
    # The place looks as it did before anything had settled there.
    assert np.count_nonzero(watching.detector.changed) < 0.3 * BOX.area


def test_in_the_light_of_the_reference_nothing_is_done():
    lit = Lit(flat(255))
    expected = SCENE.astype(np.float32)
    lit.show(expected)
    lit.see(SCENE)
    assert not lit.match(0.0)
    assert lit.picture is expected
    assert lit.clipped(SCENE) is None
    lit.see(in_light(SCENE, 0.7))
    assert lit.match(1.0)
    assert lit.another
    assert np.abs(lit.undone(in_light(SCENE, 0.7)) - SCENE).mean() < 1


def test_light_is_sought_at_once_where_most_of_the_picture_is_another_and_later_where_little_is(monkeypatch):
    lit, sought = Lit(np.full(SCENE.shape, 255, np.uint8)), []
    lit.show(SCENE.astype(np.float32))
    found = lit._found
    monkeypatch.setattr(lit, "_found", lambda noticed: sought.append(noticed) or found(noticed))
    frames = [SCENE, painted(SCENE, BOX, 40), painted(SCENE, Box(20, 60, 90, 120), 90), in_light(SCENE, 1.5)]
    changed = []
    for n, frame in enumerate(frames):
        lit.see(frame)
        changed.append(lit.match(n / 25))
    assert changed == [False, False, False, True]
    assert len(sought) == 2
    lit.see(frames[-1])
    assert not lit.match(1.0)
    assert len(sought) == 3
