"""A rough look at a frame, sure where it sees nothing: most quiet frames are told by it, in a third of the time.

What counts is the windowed mean of e^2, for a difference e. Where no pixel of a window is further off than any may
be on average, their mean is not. In noise some are, and it is bounded from above, cell by cell of 2x2 pixels: the
window of a pixel gives none in another cell more weight than it gives to the nearest that such a cell can have. And
e itself, of a reference that is not of whole grey levels, is bounded by the difference s to one that is and by what
rounding left over, r: (s + r)^2 <= (1 + t) s^2 + (1 + 1/t) r^2 for every t > 0.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import cast

import cv2
import numpy as np

from watcher.vision.arrays import F32, U8, Window, above, window_around
from watcher.vision.scratch import borrowed, give_back
from watcher.vision.ssim import Comparison, window_side, window_weights

_T = 0.25
_SURE = 0.01
"""Grey levels squared, for what float32 rounds."""

_LEAST_SIDE = 16
"""Pixels of the shorter side; smaller pictures take no time anyway."""

_WIDE = 0.5
"""Part of the picture that needs a closer look from which the rough one is not worth its time."""

_FEW = 0.15
"""Part of the picture that is looked at closely without a bound: where there is next to no noise, few pixels are
further off than they may be on average."""


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
        self._reach = window_side(comparison.sigma) // 2

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
        found = self._seen(comparison, cast(U8, comparison.frame), margin)
        self._wide = found is not None and self._part(found) > _WIDE
        return self._whole if self._wide else found

    def found(self, window: Window | None) -> None:
        """What the closer look has found. As long as it is much, frames are not looked at roughly first."""
        if self._wide:
            self._wide = window is not None and self._part(window) > _WIDE / 2

    def _part(self, window: Window) -> float:
        rows, columns = window
        area = (rows.stop - rows.start) * (columns.stop - columns.start)
        return float(area / (self._whole[0].stop * self._whole[1].stop))

    def _seen(self, comparison: Comparison, frame: U8, margin: int) -> Window | None:
        assert self._picture is not None
        if cv2.norm(frame, self._picture, cv2.NORM_INF) <= self._anywhere:
            return None
        apart = cv2.absdiff(frame, self._picture, dst=borrowed(frame.shape, np.uint8))
        if comparison.same is not None:
            cv2.subtract(apart, comparison.same, dst=apart)
        far = cv2.threshold(apart, self._anywhere, 255, cv2.THRESH_BINARY, dst=borrowed(frame.shape, np.uint8))[1]
        found = window_around(cast(U8, far), margin + self._reach)
        empty = cv2.countNonZero(far) == 0
        if not empty and self._part(found) > _FEW:
            seen = self._seen_by_cells(comparison, cast(U8, apart), margin)
        else:
            seen = None if empty else found
        give_back(apart, far)
        return seen

    def _seen_by_cells(self, comparison: Comparison, apart: U8, margin: int) -> Window | None:
        """The same, by the bound: where noise alone makes pixels differ by more than a mean may."""
        if self._limit is None:
            self._limit = self._limits(comparison)
        square = borrowed(apart.shape, np.float32)
        cv2.multiply(apart, apart, dst=square, dtype=cv2.CV_32F)
        over = above(_bound(_means(square)), self._limit)
        give_back(square)
        if not cv2.countNonZero(over):
            return None
        rows, columns = window_around(over, (margin + 1) // 2)
        return slice(2 * rows.start, 2 * rows.stop), slice(2 * columns.start, 2 * columns.stop)

    def _prepare(self, comparison: Comparison) -> None:
        self._picture = np.asarray(cv2.convertScaleAbs(comparison.reference, dst=self._picture), np.uint8)
        # Where no pixel is further off than this, no mean is.
        self._anywhere = math.sqrt(max(0.0, cv2.minMaxLoc(self._least())[0] - _SURE)) - 0.5
        self._known, self._limit = True, None

    def _limits(self, comparison: Comparison) -> F32:
        """What the bound of each cell must not exceed."""
        assert self._picture is not None
        rest, least = comparison.reference - self._picture, self._least()
        np.square(rest, out=rest)
        rows = np.minimum(least[::2], least[1::2])
        lowest = np.minimum(rows[:, ::2], rows[:, 1::2])
        by_rounding = np.float32(1 + 1 / _T) * _bound(_means(rest))
        return np.asarray((lowest - by_rounding - np.float32(_SURE)) / np.float32(1 + _T), np.float32)


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
