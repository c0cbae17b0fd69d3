"""Which parts of a change have come to rest, and whether something appeared there or was taken away."""

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.vision.arrays import F32, F64, U8, Window, above
from watcher.vision.detection import StillCause
from watcher.vision.regions import Patch, window_of

_QUIET_STEP = 4.0
"""Grey levels between two frames that are never motion: rounding, compression, flicker."""

_SPARKLE = 0.02
"""Part of a region's pixels that may flicker while it counts as still."""

_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


class Stillness:
    """Remembers when each pixel moved last; asked only about frames with change, one picture a step.

    Motion is the difference to the frame before, beyond what noise gives it. A pixel that begins to be changed
    counts as moving, so that something that fades in starts its time anew.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self._moved: F64 = np.full(shape, -np.inf)
        self._previous: U8 | None = None
        self._changed: U8 = np.zeros(shape, np.uint8)
        self._at = -np.inf
        self._quiet: F32 = np.full(shape, _QUIET_STEP + 6, np.float32)

    def set_noise(self, spread: F32) -> None:
        """`spread`: variance of each pixel (h, w). A step of two frames has twice that; after the 3x3 mean a
        ninth of it: 4 deviations."""
        np.sqrt(spread * (2.0 / 9.0), out=self._quiet)
        self._quiet *= 4
        self._quiet += _QUIET_STEP

    def quiet(self, frame: U8) -> None:
        """A frame without change: remembered to compare the next with. It must stay as it is until then."""
        self._previous = frame
        if self._changed.any():
            self._changed = np.zeros_like(self._changed)

    def changed(self, frame: U8, changed: U8, at: float, window: Window) -> None:
        """A frame with change (uint8, not 0 = changed), at `at` seconds, all of it inside `window`."""
        if at < self._at:  # the clock was set back: nothing has moved in times to come
            np.minimum(self._moved, at, out=self._moved)
        self._at = at
        if self._previous is None or self._previous.shape != frame.shape:
            moving = changed[window]
        else:
            new = cv2.bitwise_and(changed[window], ~self._changed[window])
            begun = cv2.morphologyEx(new, cv2.MORPH_OPEN, _CROSS)
            moving = cast(U8, cv2.bitwise_or(self._moving(frame, self._previous, window), begun))
        self._moved[window][moving > 0] = at
        self._previous = frame
        self._changed = changed

    def since(self, patch: Patch) -> float:
        """When the patch moved last, seconds; -inf if it never did.

        The latest `_SPARKLE` of its pixels do not count: glints and compression keep single pixels busy.
        """
        times = np.concatenate([self._moved[window_of(patch, n)][m] for n, m in enumerate(patch.members)])
        rank = times.size - 1 - int(_SPARKLE * times.size)
        return float(np.partition(times, rank)[rank])

    def _moving(self, frame: U8, previous: U8, window: Window) -> U8:
        # Exposure that swings moves every pixel by about the same: what most of the picture does is not motion.
        common = np.median(frame[::8, ::8].astype(np.int16) - previous[::8, ::8])
        step = np.subtract(frame[window], previous[window], dtype=np.float32)
        apart = np.abs(cv2.blur(step, (3, 3)) - np.float32(common))
        return cast(U8, cv2.morphologyEx(above(apart, self._quiet[window]), cv2.MORPH_OPEN, _CROSS))


def stayed(patch: Patch, frame: U8, expected: F32) -> StillCause:
    """Whether something appeared in the patch or was removed from it.

    A thing has an outline: along the border of the change the picture that has it is the one with the stronger
    edges, and its edges run along the border.
    """
    along_now = along_before = 0.0
    for n, member in enumerate(patch.members):
        rows, columns = window_of(patch, n)
        area = (
            slice(max(0, rows.start - 2), rows.stop + 2),
            slice(max(0, columns.start - 2), columns.stop + 2),
        )
        inside = np.zeros(frame[area].shape, np.uint8)
        top, left = rows.start - area[0].start, columns.start - area[1].start
        inside[top : top + member.shape[0], left : left + member.shape[1]] = member
        border = cv2.morphologyEx(inside, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
        along_now += _edges(frame[area].astype(np.float32), border)
        along_before += _edges(expected[area], border)
    return "appeared" if along_now >= along_before else "removed"


def _edges(picture: F32, where: NDArray[np.bool_]) -> float:
    across, down = (cv2.Sobel(picture, cv2.CV_32F, dx, 1 - dx) for dx in (1, 0))
    return float(cv2.magnitude(across, down)[where].sum())
