"""When something was last so, pixel by pixel. OpenCV writes under a mask in a twentieth of NumPy's time."""

from collections.abc import Sequence
from typing import cast

import cv2
import numpy as np

from watcher.vision.arrays import F64, U8, Mask, Window, above, at_most


class Stamps:
    """The time of each pixel of a picture of `shape` (h, w), seconds; -inf, never, to begin with."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._at: F64 = np.full(shape, -np.inf)

    def set(self, where: U8, at: float, window: Window) -> None:
        """It is so now, at `at`, in the pixels `where` (255) of the window."""
        cv2.copyTo(np.full(where.shape, at), where, self._at[window])

    def raise_to(self, where: U8, at: float, window: Window) -> None:
        """The same of a time gone by, where it has not been so since."""
        self.set(cast(U8, cv2.bitwise_and(where, at_most(self._at[window], at))), at, window)

    def not_after(self, at: float) -> None:
        """The clock was set back to `at`."""
        np.minimum(self._at, at, out=self._at)

    def forget(self, where: U8) -> None:
        """It has never been so in the pixels `where` (255)."""
        self._at[where > 0] = -np.inf

    def between(self, first: float, last: float) -> U8:
        """255 where it was so later than `first` and not later than `last`."""
        return cast(U8, cv2.bitwise_and(above(self._at, first), at_most(self._at, last)))

    def latest(self, parts: Sequence[tuple[Window, Mask]], but: int) -> float:
        """The latest time of the pixels of all `parts`, `but` so many of them; -inf where that is never."""
        times = np.concatenate([self._at[window][mask] for window, mask in parts])
        rank = times.size - 1 - but
        return float(np.partition(times, rank)[rank])
