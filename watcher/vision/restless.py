"""Where the picture is restless: leaves, water, a burnt-in clock. A part's own restlessness raises its threshold.

The more of a place's pixels have blinked lately (`watcher.vision.blinks`), the more must change there to count: the
feedback of P.-L. St-Charles, G.-A. Bilodeau, R. Bergevin, "SuBSENSE: a universal change detection method with local
adaptive sensitivity", IEEE Transactions on Image Processing 24(1), 2015, doi:10.1109/TIP.2014.2378053, here for
cells of 8x8 pixels and with a memory of minutes, since gusts come and go.

It is learnt by what would have changed at the usual threshold, so that a raised one does not relax by its own
doing, and whatever events go on. After `HALF_LIFE` without any, half of it is forgotten, and no more than `MOST`
times the usual threshold is ever asked for.
"""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.quantities import percent
from watcher.vision.arrays import F32, U8, above
from watcher.vision.blinks import Blinks
from watcher.vision.change import Changes, changed_pixels
from watcher.vision.turns import Turns
from watcher.vision.watched import Watched

RESTLESS = "restless"
"""The name of what was learnt, beside the reference's own arrays."""

CELL = 8
"""Pixels of the analysed picture, the side of a cell."""

EVERY = 0.25
"""Seconds between two looks at what blinks."""

LATELY = 20.0
"""Seconds over which the rate of blinking is measured."""

HALF_LIFE = 150.0
"""Seconds in which half of what was learnt is forgotten where nothing blinks any more."""

MOST = 3.0
"""So many times the usual threshold at most: beyond that a place may as well be ignored."""

LEAST = 0.02
FULL = 0.06
"""Part of a cell's pixels that blink from one look to the next at which the threshold begins to be raised, and at
which `MOST` is reached. Somebody who passes once is no restlessness; leaves that make events have more."""

_FORGOTTEN = 1e-3


class Restless:
    """The restlessness of each part of a picture of `shape` (h, w), and what it means for thresholds.

    Attributes
    ----------
    rate : part of the pixels of each cell that blink from one look to the next, float32 (rows, columns).
    factor : what thresholds are multiplied by, float32 (h, w), 1 to `MOST`; None where it is 1 everywhere.
    """

    def __init__(self, shape: tuple[int, int], turns: Turns | None = None) -> None:
        self._shape, self._turns = shape, turns or Turns()
        self.rate: F32 = np.zeros((max(1, round(shape[0] / CELL)), max(1, round(shape[1] / CELL))), np.float32)
        self._lately: F32 = self.rate.copy()
        self.factor: F32 | None = None
        self._blinks = Blinks(shape)
        self._at = -math.inf
        self._known = False
        self._usual: Changes = []
        self._owed: Callable[[], None] = _nothing

    @property
    def map(self) -> F32:
        """`factor`, with ones where nothing is restless."""
        return np.ones(self._shape, np.float32) if self.factor is None else self.factor

    def due(self, at: float) -> bool:
        """Whether it is time to look again."""
        self.catch_up()
        if 0 <= at - self._at < EVERY:
            return False
        # What moves is followed from look to look: the next one cannot wait.
        self._turns.take()
        return True

    def look(self, luma: U8, expected: F32, changed: U8 | None, at: float) -> None:
        """Learn from a frame: `changed` (255) is what differs at the usual threshold; None: nothing does."""
        seconds = at - self._at
        if not 0 <= seconds < 2 * LATELY:
            self._blinks.forget()
            seconds = EVERY
        self._at = at
        blinked = self._blinks.look(luma, expected, changed, at)
        if blinked is not None or self._known:
            self._learn(blinked, seconds)

    def catch_up(self) -> None:
        """Learn from the last frame, once nobody waits any more for what it shows."""
        owed, self._owed = self._owed, _nothing
        owed()

    def calm(self, changes: Changes, luma: U8, expected: F32, at: float) -> Changes:
        """The change of a frame, with what is restless asked for more; to be learnt from, too."""
        if self.due(at):
            self._owed = partial(self._look_at, changes, luma, expected, at)
        self._usual = []
        factor = self.factor
        if factor is None:
            return changes
        self._usual = changes
        return [(window, change.by(factor[window])) for window, change in changes]

    def reason(self, watched: Watched, reach: int) -> str:
        """Of a frame in which nothing was changed: what would be but for restlessness, in words; empty: nothing."""
        usual, self._usual = self._usual, []
        if not usual or self.factor is None:
            return ""
        changed = np.zeros(self._shape, np.uint8)
        for window, change in usual:
            changed[window] = changed_pixels(change, watched.everything[window], reach)
        count = cv2.countNonZero(changed)
        if not count:
            return ""
        times = cv2.mean(self.factor, mask=changed)[0]
        part = percent(count / watched.pixels)
        return f"changed {part} of the picture where it is restless: {times:.1f} times the usual threshold"

    def begin(self) -> None:
        """Another reference: what differed from the last one says nothing."""
        self._owed = _nothing
        self._blinks.forget()

    def forget(self) -> None:
        """Nothing is known of any restlessness."""
        self.rate[:] = self._lately[:] = 0
        self.factor, self._known = None, False
        self.begin()

    def memory(self) -> dict[str, NDArray[np.generic]]:
        """What must survive a restart."""
        return {RESTLESS: self.rate.astype(np.float16)} if self._known else {}

    def remember(self, memory: Mapping[str, NDArray[np.generic]]) -> None:
        """Begin with what `memory` gave; what does not fit is left out: it is learnt again within a minute."""
        rate = memory.get(RESTLESS)
        if (
            rate is None
            or rate.shape != self.rate.shape
            or rate.dtype != np.float16
            or not np.all(np.isfinite(rate))
        ):
            return
        self.rate = np.clip(rate.astype(np.float32), 0, 1)
        self._raise()

    def _look_at(self, changes: Changes, luma: U8, expected: F32, at: float) -> None:
        usual = np.zeros(self._shape, np.uint8)
        for window, change in changes:
            usual[window] = cv2.bitwise_or(above(change.structure, 0.5), above(change.tone, 0.5))
        self.look(luma, expected, usual, at)

    def _learn(self, blinked: U8 | None, seconds: float) -> None:
        weight = np.float32(1 - math.exp(-seconds / LATELY))
        self._lately *= 1 - weight
        if blinked is not None:
            rows, columns = self.rate.shape
            part = cv2.resize(blinked, (columns, rows), interpolation=cv2.INTER_AREA)
            self._lately += part * (weight / np.float32(255))
        self.rate *= np.float32(0.5 ** (seconds / HALF_LIFE))
        np.maximum(self.rate, self._lately, out=self.rate)
        self._raise()

    def _raise(self) -> None:
        most = float(self.rate.max())
        self._known = most > _FORGOTTEN
        if most <= LEAST:
            self.factor = None
            return
        # The next cell sways next: a branch does not know of cells.
        around = cv2.dilate(self.rate, np.ones((3, 3), np.uint8))
        more = np.clip((around - np.float32(LEAST)) / np.float32(FULL - LEAST), 0, 1) * np.float32(MOST - 1)
        size = (self._shape[1], self._shape[0])
        self.factor = cast(F32, cv2.resize(more + np.float32(1), size, interpolation=cv2.INTER_LINEAR))


def _nothing() -> None:
    """Nothing is owed."""
