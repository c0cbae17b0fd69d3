"""A rough look at a frame, sure where it sees nothing: most quiet frames are told by it, in a third of the time.

What counts is the windowed mean of e^2, for a difference e. Cell by cell of 2x2 pixels it is bounded from above:
the window of a pixel gives none in another cell more weight than it gives to the nearest that such a cell can have.
And e itself, of a reference that is not of whole grey levels, is bounded by the difference s to one that is and by
what rounding left over, r: (s + r)^2 <= (1 + t) s^2 + (1 + 1/t) r^2 for every t > 0.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import cast

import cv2
import numpy as np

from watcher.vision.arrays import F32, U8, Window, above, window_around
from watcher.vision.scratch import borrowed, give_back
from watcher.vision.ssim import Comparison, window_weights

_T = 0.25
_SURE = 0.01
"""Grey levels squared, for what float32 rounds."""

_LEAST_SIDE = 16
"""Pixels of the shorter side; smaller pictures take no time anyway."""

_WIDE = 0.5
"""Part of the picture that needs a closer look from which the rough one is not worth its time."""


class Rough:
    """The rough look at frames of one shape; `least` gives the limit of each pixel, float32 (h, w)."""

    def __init__(self, comparison: Comparison, least: Callable[[], F32]) -> None:
        self._least = least
        height, width = comparison.shape
        self._whole = (slice(0, height), slice(0, width))
        self._fits = height % 2 == width % 2 == 0 and min(height, width) >= _LEAST_SIDE
        self._known = self._wide = False
        self._picture: U8 | None = None
        self._limit: F32 | None = None
        self._anywhere = -1.0

    def follow(self) -> None:
        """The reference, or what must not be exceeded, is another."""
        self._known = False

    def window(self, comparison: Comparison, margin: int) -> Window | None:
        """What has to be looked at closely: all places at which the windowed mean square of the difference may
        exceed its limit, with at least `margin` pixels around; None where it does so nowhere."""
        if not self._fits or self._wide or comparison.frame is None or comparison.frame.dtype != np.uint8:
            return self._whole
        if not self._known:
            self._prepare(comparison)
        over = self._over(cast(U8, comparison.frame), comparison.same)
        if over is None or not cv2.countNonZero(over):
            return None
        rows, columns = window_around(over, (margin + 1) // 2)
        found = slice(2 * rows.start, 2 * rows.stop), slice(2 * columns.start, 2 * columns.stop)
        self._wide = self._part(found) > _WIDE
        return self._whole if self._wide else found

    def found(self, window: Window | None) -> None:
        """What the closer look has found. As long as it is much, frames are not looked at roughly first."""
        if self._wide:
            self._wide = window is not None and self._part(window) > _WIDE / 2

    def _part(self, window: Window) -> float:
        rows, columns = window
        area = (rows.stop - rows.start) * (columns.stop - columns.start)
        return float(area / (self._whole[0].stop * self._whole[1].stop))

    def _over(self, frame: U8, same: U8 | None) -> U8 | None:
        """Cells (255) of which a pixel may be above its limit; None where there is none for sure."""
        assert self._picture is not None
        assert self._limit is not None
        if cv2.norm(frame, self._picture, cv2.NORM_INF) <= self._anywhere:
            return None
        apart, square = borrowed(frame.shape, np.uint8), borrowed(frame.shape, np.float32)
        cv2.absdiff(frame, self._picture, dst=apart)
        if same is not None:
            cv2.subtract(apart, same, dst=apart)
        cv2.multiply(apart, apart, dst=square, dtype=cv2.CV_32F)
        over = above(_bound(_means(square)), self._limit)
        give_back(apart, square)
        return over

    def _prepare(self, comparison: Comparison) -> None:
        reference, least = comparison.reference, self._least()
        self._picture = np.asarray(cv2.convertScaleAbs(reference, dst=self._picture), np.uint8)
        rest = reference - self._picture
        np.square(rest, out=rest)
        rows = np.minimum(least[::2], least[1::2])
        lowest = np.minimum(rows[:, ::2], rows[:, 1::2])
        by_rounding = np.float32(1 + 1 / _T) * _bound(_means(rest))
        self._limit = (lowest - by_rounding - np.float32(_SURE)) / np.float32(1 + _T)
        # Where no pixel is further off than this, no mean is.
        self._anywhere = math.sqrt(max(0.0, float(lowest.min()) - _SURE)) - 0.5
        self._known = True


def _means(square: F32) -> F32:
    size = (square.shape[1] // 2, square.shape[0] // 2)
    return np.asarray(cv2.resize(square, size, interpolation=cv2.INTER_AREA), np.float32)


def _bound(means: F32) -> F32:
    weights = _weights()
    return np.asarray(cv2.sepFilter2D(means, -1, weights, weights, borderType=cv2.BORDER_REFLECT), np.float32)


@cache
def _weights() -> F32:
    """Along a row or column: twice (for two pixels) the most weight that a pixel of each cell around can have."""
    along = window_weights()
    middle = along.size // 2
    nearest = [0, *range(1, middle + 1, 2)]
    one_side = [2 * float(along[middle + distance]) for distance in nearest]
    return np.array([*one_side[:0:-1], *one_side], np.float32)
