"""Steps of light, as of the infrared filter: who comes with them is seen, and known looks are found again."""

import cv2
import numpy as np
import pytest

from tests.vision.pictures import UTC0, Watching, covering, ended, painted, textured
from watcher.events.ids import replay_ids
from watcher.events.options import EventsOptions
from watcher.events.tracker import Tracker
from watcher.vision.detector import Detector
from watcher.vision.frame import ArrayPixels, Frame
from watcher.vision.geometry import Box
from watcher.vision.options import DetectorOptions, WatchedOptions
from watcher.vision.reference.bank import MOST, Bank, Look
from watcher.vision.reference.options import BackgroundOptions
from watcher.vision.reference.scene import Scene
from watcher.vision.relighting import ONLY_LIGHT
from watcher.vision.relit import predicted
from watcher.vision.step import Steps

BOX = Box(120, 60, 170, 130)


def yard():
    """A colourful scene, uint8 BGR: boxes whose colours have nothing to do with their brightness, and grain."""
    grain = textured(seed=1, low=100, high=160, fine=6).astype(np.float32) - 128
    chance = np.random.default_rng(3)
    scene = np.zeros((180, 320, 3), np.float32)
    for _ in range(60):
        corner = chance.integers((0, 0), (300, 160))
        size = chance.integers(20, 90, 2)
        cv2.rectangle(scene, corner.tolist(), (corner + size).tolist(), chance.uniform(40, 210, 3).tolist(), -1)
    return np.clip(scene + grain[..., None], 0, 255).astype(np.uint8)


DAY = yard()
WHO = np.dstack([textured(seed=seed, low=0, high=255, fine=2) for seed in (8, 9, 10)])


def at_night(picture, gain=1.1):
    """Without the filter: red counts most, the corners are darker, and there is no colour."""
    grey = picture.astype(np.float32) @ np.float32([0.1, 0.2, 0.7]) * gain
    y, x = np.mgrid[0:180, 0:320]
    grey *= 1 - 0.3 * (((x / 320 - 0.5) ** 2 + (y / 180 - 0.5) ** 2) * 2)
    return np.dstack([np.clip(grey, 0, 255).astype(np.uint8)] * 3)


def noisy(picture, seed, sigma=2.0):
    noise = np.random.default_rng(seed).normal(0, sigma, picture.shape[:2])
    return np.clip(np.round(picture + noise[..., None]), 0, 255).astype(np.uint8)


def learnt(scene):
    watching = Watching()
    for n in range(30):
        assert watching.see(noisy(scene, n)).outcome in ("learning", "clear")
    return watching


def test_the_filter_flips_and_nothing_is_told():
    watching = learnt(DAY)
    first = watching.see(noisy(at_night(DAY), 100, 3))
    assert (first.outcome, first.reason) == ("clear", ONLY_LIGHT)
    for n in range(30):
        # The camera finds its exposure.
        assert watching.see(noisy(at_night(DAY, 1.1 - 0.3 * min(n / 20, 1)), 200 + n, 3)).changed_fraction < 0.003
    for n in range(10):
        assert watching.see(noisy(DAY, 300 + n)).outcome == "clear"


@pytest.mark.parametrize("after", [0, 8])
def test_who_comes_with_the_night_is_seen(after):
    watching = learnt(DAY)
    for n in range(after):
        watching.see(noisy(at_night(DAY), 400 + n, 3))
    for n in range(4):
        seen = watching.see(noisy(at_night(painted(DAY, BOX, WHO)), 500 + n, 3))
        assert covering(seen.regions).iou(BOX) > 0.6


def test_what_fills_most_of_the_picture_is_no_light():
    watching = learnt(DAY)
    lorry = painted(DAY, Box(0, 0, 240, 180), WHO)
    for n in range(5):
        assert watching.see(noisy(lorry, 600 + n)).changed_fraction > 0.3


def test_a_restart_at_night_goes_on():
    watching = learnt(DAY)
    for n in range(20):
        watching.see(noisy(at_night(DAY), 700 + n, 3))
    for n in range(10):
        watching.see(noisy(DAY, 800 + n))
    again = Detector(DetectorOptions(), WatchedOptions(), BackgroundOptions(), None)
    again.remember(watching.detector.memory(), (320, 180))
    for n in range(4):
        seen = again.step(Frame(n / 10, UTC0, ArrayPixels(noisy(at_night(DAY), 900 + n, 3))))
        assert seen.outcome == "clear"
    assert (
        covering(
            again.step(Frame(1.0, UTC0, ArrayPixels(noisy(at_night(painted(DAY, BOX, WHO)), 910, 3)))).regions
        ).iou(BOX)
        > 0.6
    )


def test_what_was_put_down_at_night_is_no_event_in_the_morning():
    watching = learnt(DAY)
    for n in range(10):
        watching.see(noisy(at_night(DAY), 1000 + n, 3))
    parcel = painted(DAY, BOX, WHO)
    for n in range(5):
        watching.see(noisy(at_night(parcel), 1100 + n, 3), *([ended("settled")] if n == 4 else []))
    for n in range(5):
        assert watching.see(noisy(parcel, 1200 + n)).changed_fraction < 0.01
    # And it is known to lie there: taken away, the place looks as it did.
    assert watching.see(noisy(DAY, 1300)).outcome == "changed"


def test_only_light_is_a_near_miss_with_its_reason():
    watching, told = learnt(DAY), []
    tracker = Tracker("yard", EventsOptions(), {}, replay_ids("yard"))
    for n in range(30):
        frame = Frame(watching.at, UTC0, ArrayPixels(noisy(at_night(DAY), 1400 + n, 3)))
        detection = watching.detector.step(frame)
        assert not tracker.step(frame, detection)
        watching.detector.learn(frame, detection, ())
        watching.at += 0.1
        told += [tracker.near_miss.reason] if tracker.near_miss else []
    assert told[0] == ONLY_LIGHT


def test_a_covered_lens_is_none_of_the_looks():
    watching = learnt(DAY)
    for n in range(20):
        watching.see(noisy(at_night(DAY), 1500 + n, 3))
    for n in range(40):
        seen = watching.see(noisy(np.full_like(DAY, 40), 1600 + n))
    assert seen.outcome == "blind"
    assert "obscured" in seen.troubles


def test_the_look_that_was_not_used_for_longest_goes():
    bank = Bank()
    looks = [Look(Scene(np.full((1, 4, 4), n, np.float32))) for n in range(MOST + 2)]
    for look in looks:
        bank.put(look)
    assert list(bank) == looks[:1:-1]
    again = Bank()
    again.remember(bank.memory(), (4, 4), 1)
    assert [int(look.scene.expected[0, 0, 0]) for look in again] == [4, 3, 2]


def test_a_prediction_knows_other_materials_and_not_who_stands_there():
    planes = cv2.cvtColor(DAY, cv2.COLOR_BGR2YCrCb).astype(np.float32)
    guides = [np.ascontiguousarray(planes[..., 0]), *(np.ascontiguousarray(planes[..., n] - 128) for n in (1, 2))]
    night = at_night(painted(DAY, BOX, WHO))[..., 0]
    made = predicted(night, guides, guides[0], np.full((180, 320), 255, np.uint8))
    apart = np.abs(made.picture - at_night(DAY)[..., 0])
    assert np.percentile(apart, 95) < 16
    assert np.abs(guides[0] - at_night(DAY)[..., 0]).mean() > 12


def test_colours_are_looked_at_now_and_then_and_at_once_where_more_differs():
    steps = Steps()
    seen = [
        steps.look_due(share, at) for share, at in ((0.1, 0), (0.1, 0.04), (0.3, 0.08), (0.3, 0.12), (0.3, 0.34))
    ]
    assert seen == [True, False, True, False, True]
    assert not steps.look_due(0, 9.0)
