"""When something was last so, pixel by pixel. OpenCV writes under a mask in a twentieth of NumPy's time."""

from collections.abc import Sequence
from typing import cast

import cv2
import numpy as np

from watcher.vision.arrays import F32, U8, Mask, Window, above, at_most

_LONG = 4096.0
"""Seconds after which the clock of the stamps begins anew: so far they are exact to a quarter of a millisecond."""


class Stamps:
    """The time of each pixel of a picture of `shape` (h, w), seconds; -inf, never, to begin with.

    Kept in half of the memory of seconds, as those since a beginning that moves along.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self._at: F32 = np.full(shape, -np.inf, np.float32)
        self._begin = self._last = 0.0

    def set(self, where: U8, at: float, window: Window) -> None:
        """It is so now, at `at`, in the pixels `where` (255) of the window."""
        stamp, self._last = self._stamp(at), at
        cv2.copyTo(np.full(where.shape, stamp, np.float32), where, self._at[window])

    def raise_to(self, where: U8, at: float, window: Window) -> None:
        """The same of a time gone by, where it has not been so since."""
        stamp = self._stamp(at)
        earlier = cast(U8, cv2.bitwise_and(where, at_most(self._at[window], stamp)))
        cv2.copyTo(np.full(where.shape, stamp, np.float32), earlier, self._at[window])

    def not_after(self, at: float) -> None:
        """The clock was set back to `at`."""
        np.minimum(self._at, np.float32(self._stamp(at)), out=self._at)

    def forget(self, where: U8) -> None:
        """It has never been so in the pixels `where` (255)."""
        self._at[where > 0] = -np.inf

    def between(self, first: float, last: float) -> U8:
        """255 where it was so later than `first` and not later than `last`."""
        to, since = self._stamp(last), float(np.float32(first - self._begin))
        return cast(U8, cv2.bitwise_and(above(self._at, since), at_most(self._at, to)))

    def latest(self, parts: Sequence[tuple[Window, Mask]], but: int) -> float:
        """The latest time of the pixels of all `parts`, `but` so many of them; -inf where that is never."""
        stamps = np.concatenate([self._at[window][mask] for window, mask in parts])
        rank = stamps.size - 1 - but
        stamp = float(np.partition(stamps, rank)[rank])
        # What is so now is so at this very moment, and not a part of a millisecond before it.
        return self._last if stamp == np.float32(self._last - self._begin) else self._begin + stamp

    def _stamp(self, at: float) -> float:
        """`at` as it is kept."""
        if abs(at - self._begin) > _LONG:
            self._at -= np.float32(at - self._begin)
            self._begin = at
        return float(np.float32(at - self._begin))
