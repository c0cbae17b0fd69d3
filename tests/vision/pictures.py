"""Drawn, seeded pictures, and a detector driven by them: what the tests of vision share."""

from datetime import UTC, datetime

import cv2
import numpy as np

from watcher.events.event import EndReason, Event, EventUpdate
from watcher.vision.detection import Detection
from watcher.vision.detector import Detector
from watcher.vision.frame import ArrayPixels, Frame, Pixels
from watcher.vision.geometry import Box
from watcher.vision.options import DetectorOptions, WatchedOptions
from watcher.vision.reference.options import BackgroundOptions, FixedOptions

UTC0 = datetime(2026, 1, 1, tzinfo=UTC)


def textured(size=(320, 180), seed=1, low=60, high=190, fine=12.0):
    """A grey scene of soft blotches between `low` and `high` with fine grain, uint8."""
    width, height = size
    chance = np.random.default_rng(seed)
    coarse = chance.uniform(low, high, (height // 16 + 2, width // 16 + 2)).astype(np.float32)
    drawn = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
    drawn += cv2.GaussianBlur(chance.normal(0, fine * 3.5, (height, width)).astype(np.float32), (0, 0), 1)
    return np.clip(np.round(drawn), 0, 255).astype(np.uint8)


def flat(level, size=(320, 180)):
    return np.full((size[1], size[0]), level, np.uint8)


def with_noise(picture, sigma, seed):
    """`picture` with Gaussian noise of its own for each seed."""
    if not sigma:
        return picture
    noise = np.random.default_rng((seed, 77)).normal(0, sigma, picture.shape)
    return np.clip(np.round(picture + noise), 0, 255).astype(np.uint8)


def in_light(picture, gain=1.0, offset=0.0):
    return np.clip(np.round(picture.astype(np.float32) * gain + offset), 0, 255).astype(np.uint8)


def painted(picture, box, value):
    """A copy with `box` filled with a level, a colour, or the same part of another picture."""
    copy = picture.copy()
    part = (slice(box.y0, box.y1), slice(box.x0, box.x1))
    copy[part] = value[part] if isinstance(value, np.ndarray) and value.shape == picture.shape else value
    return copy


def polygon(x0, y0, x1, y1):
    return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))


def ended(reason: EndReason = "settled"):
    event = Event("id", "camera", 0.0, UTC0, 1.0, UTC0, "appeared", reason)
    return EventUpdate("ended", event, 1, 1.0, UTC0, None, 1.0, 0.0, (), (), (320, 180), "")


class Watching:
    """A detector and its clock: `see` steps and learns, `learn_scene` shows one scene until it is known."""

    def __init__(
        self,
        options=None,
        watched=None,
        reference=None,
        absorb_after=None,
        dt=0.1,
    ):
        self.detector = Detector(
            options or DetectorOptions(),
            watched or WatchedOptions(),
            reference or BackgroundOptions(),
            absorb_after,
        )
        self.at, self.dt = 0.0, dt

    def see(self, picture, *updates) -> Detection:
        pixels: Pixels = ArrayPixels(picture) if isinstance(picture, np.ndarray) else picture
        frame = Frame(self.at, UTC0, pixels)
        detection = self.detector.step(frame)
        self.detector.learn(frame, detection, updates)
        self.at += self.dt
        return detection

    def learn_scene(self, scene, noise=0.0, frames=25):
        for n in range(frames):
            last = self.see(with_noise(scene, noise, n))
        assert last.outcome == "clear"
        return self

    def outcomes(self, pictures):
        return [self.see(picture).outcome for picture in pictures]


def fixed():
    return FixedOptions()


def covering(regions) -> Box:
    """The smallest box that holds all regions."""
    box = regions[0].box
    for region in regions[1:]:
        box = box.union(region.box)
    return box


def mask_box(box, size=(320, 180)):
    """uint8, 255 inside `box`."""
    return painted(flat(0, size), box, 255)
