"""Row cost: what a step of the whole detector costs, in scikit-image's gaussian SSIM of the same size (320x180).

A step is ``Detector.step`` and ``Detector.learn`` as the loop calls them, with the profile ``home``; frames come as
decoded planes of 320x180, as from a camera. The yardstick is ``structural_similarity`` with Wang's parameters
(gaussian, sigma 1.5), map included, of the same frame and the first one; it is run after every tenth frame, so that
what slows the machine slows both. CPU time of this thread. Quiet frames are those of office (cut to 16:9; the first
10 s are left out) that come out clear, their median is taken; over highway (cut alike) the 95th percentile of all
frames, learning included.
"""

import time
from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from skimage.metrics import structural_similarity

from tests.bench.accuracy.asked import Asked
from tests.bench.accuracy.engine import watching
from tests.bench.accuracy.material import shared
from tests.bench.accuracy.noise import SIZE, wide
from tests.bench.accuracy.quiet import PLACES, frames
from tests.bench.accuracy.rows import Measured
from tests.bench.measure import Figure, middle
from watcher.events.event import EventUpdate
from watcher.vision.detection import Detection
from watcher.vision.detector import Detector
from watcher.vision.frame import Frame, Observation, PlanarPixels

_FPS = 25.0
_EVERY = 10
_SETTLED = 10.0


def measured(asked: Asked) -> Measured:
    quiet, base = _timed(frames(PLACES[0]))
    calm = [taken for at, taken, outcome in quiet if outcome == "clear" and at >= _SETTLED]
    highway = sorted(shared("cdnet-highway/input").iterdir())
    busy, under = _timed(picture for path in highway if (picture := cv2.imread(str(path))) is not None)
    every = [taken for _, taken, _ in busy]
    (typical, ends), yard, busy_yard = middle(calm), middle(base)[0], middle(under)[0]
    tail = float(np.percentile(every, 95))
    what = "step / scikit-image's SSIM, 320x180: quiet frames, median"
    note = f"({len(calm)} of {len(quiet)} frames, {_ms(typical)} / {_ms(yard)})"
    over = f"({len(every)} frames, {_ms(tail)} / {_ms(busy_yard)}; median {_ms(middle(every)[0])})"
    spread = (ends[0] / yard, ends[1] / yard)
    return Measured(
        [
            Figure("cost", what, typical / yard, note, 0.20, 0.15, spread=spread),
            Figure("cost", "the same over highway, 95th percentile", tail / busy_yard, over, 0.40, 0.25),
        ]
    )


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"


class Timed:
    """A detector and how long each of its frames took, in seconds of this thread's CPU time."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self.taken = 0.0

    def step(self, seen: Observation) -> Detection:
        began = time.thread_time()
        detection = self._detector.step(seen)
        self.taken = time.thread_time() - began
        return detection

    def learn(self, seen: Observation, detection: Detection, updates: tuple[EventUpdate, ...]) -> None:
        began = time.thread_time()
        self._detector.learn(seen, detection, updates)
        self.taken += time.thread_time() - began


def _timed(pictures: Iterable[np.ndarray]) -> tuple[list[tuple[float, float, str]], list[float]]:
    """(time, seconds taken, outcome) of each frame, and seconds that scikit-image took, now and then."""
    shown: list[np.ndarray] = []

    def planes() -> Iterator[PlanarPixels]:
        for picture in pictures:
            luma, *chroma = planar(picture)
            shown.append(luma)
            yield PlanarPixels(luma, *chroma, full_range=True, bt709=False)

    replay = watching(planes, _FPS)
    timed = replay.detector = Timed(replay.detector)
    found: list[tuple[float, float, str]] = []
    theirs: list[float] = []
    for seen, detection, _ in replay.steps():
        if isinstance(seen, Frame):
            found.append((seen.at, timed.taken, detection.outcome))
            if seen.index % _EVERY == 0:
                theirs.append(_yardstick(shown[0], shown[-1]))
    return found, theirs[2:]  # the first ones pay for imports and caches


def _yardstick(first: np.ndarray, luma: np.ndarray) -> float:
    """Seconds that scikit-image takes for the map of one pair."""
    began = time.thread_time()
    structural_similarity(
        first, luma, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True
    )
    return time.thread_time() - began


def planar(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A BGR picture, cut to 16:9 in the middle, as planes Y, U and V of 320x180."""
    cut = cv2.resize(wide(picture), SIZE, interpolation=cv2.INTER_AREA)
    flat = cv2.cvtColor(cut, cv2.COLOR_BGR2YUV_I420).reshape(-1)
    y, u, v = np.split(flat, [SIZE[0] * SIZE[1], SIZE[0] * SIZE[1] * 5 // 4])
    return y.reshape(SIZE[::-1]), u.reshape(SIZE[1] // 2, -1), v.reshape(SIZE[1] // 2, -1)
