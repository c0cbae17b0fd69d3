"""What blinks raises its own threshold, for a while; what passes does not."""

import cv2
import numpy as np

from tests.vision.pictures import Watching, flat, painted, textured, with_noise
from watcher.vision.blinks import Blinks
from watcher.vision.change import ChangeMap
from watcher.vision.detector import Detector
from watcher.vision.geometry import Box
from watcher.vision.options import DetectorOptions, WatchedOptions
from watcher.vision.reference.options import BackgroundOptions
from watcher.vision.restless import EVERY, HALF_LIFE, MOST, Restless
from watcher.vision.watched import Watched

SHAPE = (96, 160)
ROAD = flat(110, (160, 96)).astype(np.float32)
TREE = textured((160, 96), 3, 20, 230, 40)


def spot(x, y, width=8, height=8):
    mask = np.zeros(SHAPE, np.uint8)
    mask[y : y + height, x : x + width] = 255
    return mask


def looked(restless, masks, luma=None, expected=ROAD, at=0.0):
    """Look at one mask after the other; the time after the last."""
    seen = np.full(SHAPE, 30, np.uint8) if luma is None else luma
    for mask in masks:
        restless.look(seen, expected, mask, at)
        at += EVERY
    return at


def blinking(count, x=40, y=40):
    return [spot(x, y) if n % 3 == 0 else None for n in range(count)]


def test_what_blinks_in_its_place_raises_the_threshold_there_alone():
    restless = Restless(SHAPE)
    looked(restless, blinking(120))
    assert restless.map[44, 44] > 2
    assert restless.map.max() <= MOST
    assert restless.map[80, 120] == 1


def test_it_relaxes_when_nothing_blinks_any_more():
    restless = Restless(SHAPE)
    at = looked(restless, blinking(120))
    before = restless.rate.max()
    looked(restless, [None] * round(HALF_LIFE / EVERY), at=at)
    assert 0.4 * before < restless.rate.max() < 0.6 * before
    looked(restless, [None] * round(9 * HALF_LIFE / EVERY), at=at + HALF_LIFE)
    assert restless.factor is None
    assert restless.memory() == {}


def test_cars_that_pass_all_the_time_teach_nothing():
    restless = Restless(SHAPE)
    small = [spot(x, 40) for x in range(0, 150, 6)]
    large = [spot(x, 40, 30, 24) for x in range(0, 128, 6)]
    looked(restless, [*small, None, None, *large, None, None] * 8)
    assert restless.factor is None


def test_leaves_that_change_much_at_once_sway():
    blinks = Blinks(SHAPE)
    whole = np.full(SHAPE, 255, np.uint8)
    moved = np.roll(TREE, 4, axis=1)
    blinks.look(TREE, TREE.astype(np.float32), None, 0.0)
    told = blinks.look(moved, TREE.astype(np.float32), whole, EVERY)
    assert told is not None
    assert np.mean(told > 0) > 0.9


def test_it_is_forgotten_on_request_and_kept_over_a_restart():
    restless = Restless(SHAPE)
    looked(restless, blinking(120))
    again = Restless(SHAPE)
    again.remember(restless.memory())
    assert np.allclose(again.map, restless.map, atol=0.02)
    restless.forget()
    assert restless.factor is None
    assert restless.memory() == {}


def test_what_it_held_back_is_said():
    restless = Restless(SHAPE)
    looked(restless, blinking(120))
    watched, window = Watched(WatchedOptions(), (160, 96)), (slice(0, 96), slice(0, 160))
    little = (spot(40, 40) > 0).astype(np.float32) * np.float32(0.6)
    luma = np.full(SHAPE, 30, np.uint8)
    ((_, calm),) = restless.calm([(window, ChangeMap(little * 0, little))], luma, ROAD, 30.0)
    assert calm.tone.max() < 0.5
    reason = restless.reason(watched, 2)
    assert "of the picture where it is restless: 3.0 times" in reason
    assert restless.reason(watched, 2) == "", "it is said of the frame alone"


def test_a_memory_of_another_size_or_broken_is_left_out():
    restless = Restless(SHAPE)
    for broken in (np.ones((3, 3), np.float16), np.full(restless.rate.shape, np.nan, np.float16)):
        restless.remember({"restless": broken})
        assert restless.factor is None


def swaying(watching, seconds, seed):
    """Leaves in one half of the scene, moved by up to 8 pixels; how much was changed."""
    scene = textured(low=60, high=190, fine=25)
    chance = np.random.default_rng(seed)
    field = cv2.resize(
        chance.normal(0, 1, (6, 10, 2)).astype(np.float32), (320, 180), interpolation=cv2.INTER_CUBIC
    )
    y, x = np.mgrid[0:180, 0:320].astype(np.float32)
    field[:, 160:] = 0
    changed = 0.0
    for n in range(round(seconds / watching.dt)):
        way = np.stack([x, y], -1) + field * np.float32(5 * np.sin(4 * n * watching.dt))
        moved = cv2.remap(scene, way, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
        changed += watching.see(with_noise(moved, 2, n)).changed_fraction
    return changed


def test_leaves_change_less_once_they_are_known_and_who_comes_is_seen():
    scene = textured(low=60, high=190, fine=25)
    watching = Watching(dt=0.25).learn_scene(scene, frames=12)
    first = swaying(watching, 6, 1)
    swaying(watching, 6, 1)
    known = watching.detector.restlessness
    assert known[:, :150].max() > 1.5
    assert known[:, 200:].max() == 1
    assert swaying(watching, 6, 1) < 0.25 * first
    seen = watching.see(painted(scene, Box(220, 60, 260, 130), 245))
    assert any(region.box.x0 < 260 and region.box.x1 > 220 for region in seen.regions)
    again = Detector(DetectorOptions(), WatchedOptions(), BackgroundOptions(), None)
    again.remember(watching.detector.memory(), (320, 180))
    assert again.restlessness.max() > 1.3


def test_nothing_is_learnt_where_every_change_counts():
    plain = Watching(DetectorOptions(restless=False), dt=0.25)
    plain.learn_scene(textured(low=60, high=190, fine=25), frames=12)
    swaying(plain, 3, 1)
    assert plain.detector.restlessness.max() == 1


def test_a_frame_with_change_is_learnt_from_when_it_has_been_told():
    at_once, later, window = Restless(SHAPE), Restless(SHAPE), (slice(0, 96), slice(0, 160))
    luma, at = np.full(SHAPE, 30, np.uint8), 0.0
    for mask in blinking(120):
        at_once.look(luma, ROAD, mask, at)
        before = later.rate.copy()
        if mask is None:
            later.look(luma, ROAD, None, at)
        else:
            strong = (mask > 0).astype(np.float32)
            later.calm([(window, ChangeMap(strong * 0, strong))], luma, ROAD, at)
            assert np.array_equal(later.rate, before)
            later.catch_up()
        at += EVERY
    assert at_once.rate.max() > 0
    assert np.array_equal(later.rate, at_once.rate)
