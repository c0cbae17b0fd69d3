"""Places where nothing happens, as real cameras saw them: consecutive frames with their own noise and drift.

And one that is drawn, for where no measuring data is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import av
import cv2
import numpy as np

from tests.bench.accuracy.material import shared
from tests.support import scenes


@dataclass(frozen=True, slots=True)
class Place:
    """An empty stretch of a recording: the first `count` frames of `source`; without one it is drawn."""

    name: str
    source: str
    count: int
    fps: float


PLACES = (
    Place("office", "cdnet-office/input", 569, 25.0),
    Place("one-by-one", "clips/one-by-one-person-detection.mp4", 58, 10.0),
    Place("bottle", "clips/bottle-detection.mp4", 143, 30.0),
)

DRAWN = Place("drawn", "", 30, 10.0)


@cache
def frames(place: Place) -> tuple[np.ndarray, ...]:
    """Its frames, uint8 BGR, not to be written to."""
    if not place.source:
        return tuple(scenes.picture(index) for index in range(place.count))
    path = shared(place.source)
    if path.is_dir():
        found = [cv2.imread(str(one)) for one in sorted(path.iterdir())[: place.count]]
        return tuple(one for one in found if one is not None)
    with av.open(str(path)) as container:
        decoded = zip(range(place.count), container.decode(video=0), strict=False)
        return tuple(frame.to_ndarray(format="bgr24") for _, frame in decoded)


def played(place: Place, start: int) -> Iterator[np.ndarray]:
    """Its frames without end, from number `start` on: forwards, backwards, forwards, so that there is no seam."""
    known = frames(place)
    period = 2 * len(known) - 2
    index = start
    while True:
        step = index % period
        yield known[step if step < len(known) else period - step]
        index += 1
