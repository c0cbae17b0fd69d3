"""As many false alarms as are wanted, whatever the noise is like."""

import math

import numpy as np
import pytest

from tests.vision.pictures import UTC0, Watching, painted, textured, with_noise
from watcher.vision.alarms import Alarms, Wanted
from watcher.vision.detector import Detector
from watcher.vision.frame import ArrayPixels, Frame
from watcher.vision.geometry import Box
from watcher.vision.options import DetectorOptions, WatchedOptions
from watcher.vision.reference.options import BackgroundOptions

ZONES = {"": 0.003}


def alarms_told(alarms, fps, days, steep, drift=0.0, memory=0.0):
    """Alarms in so many days of noise with a tail as steep, after a day to get to know it."""
    chance = np.random.default_rng(5)
    frames = max(2, math.ceil(0.3 * fps) + 1)
    told, run, last = 0, 0, 0.0
    for n in range(round((days + 1) * 86400 * fps)):
        last = memory * last + math.sqrt(1 - memory * memory) * chance.standard_normal()
        hit = last > steep * (math.log(alarms.ease) + drift * math.sin(n / 3000))
        alarms.note(hit, n / fps)
        run = run + 1 if hit else 0
        told += run == frames and n > 86400 * fps
    return told


@pytest.mark.parametrize(("steep", "drift", "memory"), [(20, 0.1, 0), (8, 0, 0.3)])
def test_noise_of_any_kind_makes_as_many_events_as_are_wanted(steep, drift, memory):
    told = alarms_told(Alarms(Wanted(24, 0.3, ZONES)), 0.2, 3, steep, drift, memory)
    assert 72 / 2 < told < 72 * 2


def test_fewer_are_wanted_where_frames_come_faster_or_an_event_takes_longer():
    def share(fps, rise, a_day=24):
        alarms = Alarms(Wanted(a_day, rise, ZONES))
        for n in range(3):
            alarms.note(False, n / fps)
        return alarms.probability

    assert share(0.2, 0.3) == pytest.approx(math.sqrt(24 / 17280), rel=0.1)
    assert share(10, 0.3) == pytest.approx((24 / 864000) ** 0.25, rel=0.1)
    assert share(10, 0.3, 1) < share(10, 0.3)
    assert share(10, 1.0) > share(10, 0.3), "what must last longer may be seen more often in one frame"


def test_nothing_is_reported_before_the_noise_is_known_and_it_is_kept():
    alarms = Alarms(Wanted(24, 0.3, ZONES))
    assert not alarms.known
    assert alarms.memory() == {}
    alarms_told(alarms, 0.5, 0, 8)
    again = Alarms(Wanted(24, 0.3, ZONES))
    again.remember(alarms.memory())
    assert again.known
    assert again.ease == alarms.ease


def test_a_broken_memory_is_left_out():
    alarms = Alarms(Wanted(24, 0.3, ZONES))
    for broken in (np.array([1.0]), np.full(3, np.nan)):
        alarms.remember({"alarms": broken})
        assert not alarms.known


def seen_of_a_faint_patch(wanted):
    """What is changed of 70x50 pixels that are four grey levels brighter, in noise of three."""
    scene, patch = textured(low=80, high=150, fine=3), Box(120, 60, 190, 110)
    before = Watching().learn_scene(scene, 3, 40).detector.memory()
    detector = Detector(DetectorOptions(false_alarms=24), WatchedOptions(), BackgroundOptions(), None, wanted)
    detector.remember({**before, "alarms": np.array([math.log(1.3), 500.0, 1.0])}, (320, 180))
    found = []
    for n in range(12):
        picture = scene if n < 5 else painted(scene, patch, np.clip(scene.astype(int) + 4, 0, 255).astype(np.uint8))
        frame = Frame(n / 10, UTC0, ArrayPixels(with_noise(picture, 3, 500 + n)))
        detection = detector.step(frame)
        detector.learn(frame, detection, ())
        found.append(any(max(patch.x0, r.box.x0) < min(patch.x1, r.box.x1) for r in detection.regions))
    return found


def test_what_is_fainter_than_the_usual_level_is_seen_as_far_as_noise_allows():
    assert seen_of_a_faint_patch(Wanted(24, 0.3, ZONES))[5:] == [True] * 7
    assert not any(seen_of_a_faint_patch(None))
