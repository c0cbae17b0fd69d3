"""Row noise: sensor noise alone, drawn fresh for every frame, over real frames of 320x180, profile ``home``.

36,000 frames for each sigma, an hour at ten frames a second: a third of them over one frame of each of the three
quiet places (office cropped to 16:9), each third a recording of its own that is learnt from its beginning. The
pictures are grey, so that sigma is that of luma, unweakened by three channels' mean; clipped and rounded.
"""

from collections.abc import Iterator

import cv2
import numpy as np

from tests.bench.accuracy.asked import Asked, spread
from tests.bench.accuracy.engine import watching
from tests.bench.accuracy.quiet import PLACES, Place, frames
from tests.bench.accuracy.rows import Measured
from tests.bench.measure import Figure
from watcher.vision.frame import Frame

SIGMAS = (0, 3, 6, 12)
SIZE = (320, 180)
FPS = 10.0


def measured(asked: Asked) -> Measured:
    works = [(sigma, place, asked.frames // len(PLACES)) for sigma in reversed(SIGMAS) for place in PLACES]
    found = dict(zip(works, spread(_watched, works, asked.jobs), strict=True))
    figures, details = [], []
    for sigma in SIGMAS:
        told = [one for work, one in found.items() if work[0] == sigma]
        events = sum(len(reasons) for reasons, _ in told)
        seconds = sum(work[2] for work in works if work[0] == sigma) / FPS
        figures.append(Figure("noise", f"events from noise of sigma {sigma}", events, f"in {seconds:,.0f} s", 0, 0))
        changed = ", ".join(f"{work[1].name} {one[1]}" for work, one in found.items() if work[0] == sigma)
        details.append(f"sigma {sigma}: frames with any change: {changed}")
    details += [f"sigma {work[0]}, {work[1].name}: {line}" for work, one in found.items() for line in one[0][:5]]
    return Measured(figures, details)


def _watched(work: tuple[int, Place, int]) -> tuple[list[str], int]:
    """The events that were told, in words, and how many frames had any change."""
    sigma, place, count = work
    replay = watching(lambda: pictures(sigma, place, count), FPS)
    told, changed = [], 0
    for seen, detection, updates in replay.steps():
        changed += isinstance(seen, Frame) and detection.outcome == "changed"
        told += [f"{update.captured:.1f} s: {update.reason}" for update in updates if update.phase == "started"]
    return told, changed


def pictures(sigma: int, place: Place, count: int) -> Iterator[np.ndarray]:
    """`count` pictures of a place, uint8 grey (180, 320), each with noise of its own."""
    still = small(frames(place)[0]).astype(np.float32)
    chance = np.random.default_rng((sigma, place.count))
    for _ in range(count):
        noisy = chance.standard_normal(still.shape, np.float32)
        noisy *= np.float32(sigma)
        noisy += still
        yield np.clip(np.rint(noisy, out=noisy), 0, 255).astype(np.uint8)


def small(picture: np.ndarray) -> np.ndarray:
    """A picture as grey of 320x180, uint8."""
    return cv2.resize(cv2.cvtColor(wide(picture), cv2.COLOR_BGR2GRAY), SIZE, interpolation=cv2.INTER_AREA)


def wide(picture: np.ndarray) -> np.ndarray:
    """A picture cut to 16:9 in the middle where it is higher."""
    height = round(picture.shape[1] * SIZE[1] / SIZE[0])
    top = max(0, picture.shape[0] - height) // 2
    return picture[top : top + height]
