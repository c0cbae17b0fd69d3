"""The rough look: what it passes over has not changed, and it passes over what is quiet."""

import numpy as np
import pytest

from tests.vision.pictures import flat, in_light, painted, textured, with_noise
from watcher.vision.arrays import above
from watcher.vision.change import Limits, levels
from watcher.vision.geometry import Box
from watcher.vision.rough import Rough
from watcher.vision.ssim import Comparison

SCENE = textured()
SHAPE = SCENE.shape
CHANCE = np.random.default_rng(8)
HALVES = CHANCE.uniform(-0.5, 0.5, SHAPE).astype(np.float32)


def prepared(reference=SCENE, variance=1.0):
    comparison = Comparison(SHAPE)
    comparison.set_reference(reference)
    limits = Limits(np.full(SHAPE, variance, np.float32), comparison, levels(0.5))
    return comparison, Rough(comparison, limits.least), limits


def exactly(comparison, limits):
    """Where the closer look would find something."""
    return above(comparison.most_in((slice(0, SHAPE[0]), slice(0, SHAPE[1]))), limits.least())


FRAMES = {
    "the same": SCENE,
    "noise": with_noise(SCENE, 1, 1),
    "more noise": with_noise(SCENE, 3, 2),
    "noise as strong as change": with_noise(SCENE, 6, 3),
    "brighter": in_light(SCENE, 1, 6),
    "a faint speck": painted(SCENE, Box(101, 51, 104, 54), in_light(SCENE, 1, 14)),
    "a pixel": painted(SCENE, Box(7, 9, 8, 10), 255),
    "a thing in a corner": painted(SCENE, Box(0, 0, 9, 5), 200),
    "a thing at an edge": painted(SCENE, Box(316, 100, 320, 140), 0),
    "another scene": textured(seed=9),
}


@pytest.mark.parametrize("rest", [0, HALVES], ids=["whole levels", "levels between"])
@pytest.mark.parametrize("name", FRAMES)
def test_nothing_lies_outside_of_what_is_looked_at_closely(name, rest):
    comparison, rough, limits = prepared((SCENE + rest).astype(np.float32))
    comparison.see(FRAMES[name])
    window = rough.window(comparison, 4)
    found = exactly(comparison, limits)
    if window is not None:
        found[window] = 0
    assert not found.any()


def test_there_is_a_margin_around_what_is_found():
    comparison, rough, limits = prepared()
    comparison.see(painted(SCENE, Box(120, 60, 140, 90), 250))
    rows, columns = rough.window(comparison, 4)
    ys, xs = np.nonzero(exactly(comparison, limits))
    assert rows.start <= ys.min() - 4
    assert rows.stop >= ys.max() + 5
    assert columns.start <= xs.min() - 4
    assert columns.stop >= xs.max() + 5
    assert (rows.stop - rows.start) * (columns.stop - columns.start) < 4000


@pytest.mark.parametrize("sigma", [0, 1, 2, 3])
def test_noise_is_passed_over(sigma):
    comparison, rough, _ = prepared((SCENE + HALVES).astype(np.float32), max(1.0, sigma**2))
    comparison.see(with_noise(SCENE, sigma, 4))
    assert rough.window(comparison, 4) is None


def test_another_reference_is_noticed():
    comparison, rough, limits = prepared(flat(60))
    comparison.see(flat(60))
    assert rough.window(comparison, 4) is None
    comparison.set_reference(flat(90))
    limits.follow()
    rough.follow()
    comparison.see(flat(60))
    assert rough.window(comparison, 4) is not None


def test_where_light_explains_a_place_it_does_not_differ():
    comparison, rough, _ = prepared()
    same = np.zeros(SHAPE, np.uint8)
    same[40:80, 60:120] = 255
    comparison.see(painted(SCENE, Box(60, 40, 120, 80), 255), same)
    assert rough.window(comparison, 4) is None


def test_as_long_as_much_is_changed_there_is_no_rough_look():
    comparison, rough, _ = prepared()
    whole = (slice(0, SHAPE[0]), slice(0, SHAPE[1]))
    comparison.see(textured(seed=9))
    assert rough.window(comparison, 4) == whole
    rough.found(whole)
    comparison.see(SCENE)
    assert rough.window(comparison, 4) == whole
    rough.found(None)
    assert rough.window(comparison, 4) is None


@pytest.mark.parametrize("shape", [(181, 320), (90, 161), (8, 8), (1, 1)])
def test_other_shapes_are_always_looked_at_closely(shape):
    comparison = Comparison(shape)
    comparison.set_reference(np.full(shape, 50, np.uint8))
    limits = Limits(np.ones(shape, np.float32), comparison, levels(0.5))
    frame = np.full(shape, 50, np.uint8)
    comparison.see(frame)
    assert Rough(comparison, limits.least).window(comparison, 4) == (slice(0, shape[0]), slice(0, shape[1]))
    assert limits.suspects(comparison, np.full(shape, 255, np.uint8)) is None
