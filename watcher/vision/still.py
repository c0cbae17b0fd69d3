"""Which parts of a change have come to rest, and whether something appeared there or was taken away."""

import math
from collections import deque
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.vision.arrays import F32, I16, U8, Window, above, median_of
from watcher.vision.detection import StillCause
from watcher.vision.regions import Patch, window_of
from watcher.vision.stamps import Stamps

_QUIET_STEP = 4.0
"""Grey levels between two frames that are never motion: rounding, compression, flicker."""

_SWAY_STEP = 4.0
"""The same between frames that lie further apart, once the light has been matched. Of people who stand 1 to
30 % of the pixels move by more in a second and a half, and often none from one frame to the next; of a bottle less
than 1 %."""

_SWAY_TIME = 1.5
"""Seconds over which a slow sway adds up, at most: nobody who stands is quite still. Less than `settle`, or who
sways would settle before he is seen to."""

_LOOK_EVERY = 0.25
"""Seconds between two looks for slow sway."""

_RUN_ENDS = 1.0
"""Seconds without change after which the next change is another one."""

_SPARKLE = 0.02
"""Part of a region's pixels that may flicker while it counts as still."""

_ENOUGH = 20
"""Pixels of a tone from which its change is told."""

_SUMMED = 9
"""Pixels over whose sum motion is looked for: 3x3, in whole numbers."""

_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


class Stillness:
    """Remembers when each pixel moved last; asked only about frames with change, one picture a step.

    Motion is the difference to the frame before, beyond what noise gives it. Who stands sways so slowly that one
    frame is like the one before; therefore frames are also compared with one about `_SWAY_TIME` older: what differs
    from that has moved since. A pixel that is changed for the first time in a run of changed frames counts as
    moving, so that something that fades in starts its time anew.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self._moved = Stamps(shape)
        self._previous: U8 | None = None
        self._met: U8 = np.zeros(shape, np.uint8)
        self._at, self._calm = -np.inf, True
        self._moving: U8 = np.zeros(shape, np.uint8)
        self._limit: I16 = np.full(shape, round(_SUMMED * (6 + _QUIET_STEP)), np.int16)
        self._older: deque[tuple[float, U8]] = deque()

    def set_noise(self, spread: F32) -> None:
        """`spread`: variance of each pixel (h, w). A step of two frames has twice that; after the 3x3 mean a
        ninth of it: 4 deviations."""
        step = cv2.sqrt(spread)
        factor = 4 * math.sqrt(2 / 9)
        cv2.addWeighted(step, _SUMMED * factor, step, 0, _SUMMED * _QUIET_STEP, dst=self._limit, dtype=cv2.CV_16S)

    def quiet(self, frame: U8, at: float) -> None:
        """A frame without change: remembered to compare the next with. It must stay as it is until then."""
        self._previous, self._calm = frame, True
        if self._older and not 0 <= at - self._older[-1][0] <= _SWAY_TIME:
            self._older.clear()

    def changed(self, frame: U8, changed: U8, at: float, window: Window) -> None:
        """A frame with change (uint8, not 0 = changed), at `at` seconds, all of it inside `window`."""
        if at < self._at:  # the clock was set back: nothing has moved in times to come
            self._moved.not_after(at)
            self._older.clear()
        if self._calm and not 0 <= at - self._at < _RUN_ENDS:
            self._met[:] = 0
        self._at, self._calm = at, False
        met = self._met[window]
        new = cast(U8, cv2.subtract(changed[window], met))
        if self._previous is None or self._previous.shape != frame.shape:
            moving = new
        else:
            moving = above(self._apart(frame, self._previous, window), self._limit[window])
            cv2.bitwise_or(moving, new, dst=moving)
            moving = cast(U8, cv2.morphologyEx(moving, cv2.MORPH_OPEN, _CROSS))
        cv2.bitwise_or(met, new, dst=met)
        self._moved.set(moving, at, window)
        self._moving = np.zeros(self._met.shape, np.uint8)
        self._moving[window] = moving
        self._previous = frame
        self._look_back(frame, at, window)

    def since(self, patch: Patch) -> float:
        """When the patch moved last, seconds; -inf if it never did.

        The latest `_SPARKLE` of its pixels do not count: glints and compression keep single pixels busy.
        """
        sparkle = int(_SPARKLE * patch.area)
        parts = [(window_of(patch, n), member) for n, member in enumerate(patch.members)]
        moving = sum(cv2.countNonZero(cv2.bitwise_and(self._moving[window], member)) for window, member in parts)
        if moving > sparkle:
            return self._at
        return self._moved.latest([(window, member > 0) for window, member in parts], sparkle)

    def _look_back(self, frame: U8, at: float, window: Window) -> None:
        """What differs from a frame about `_SWAY_TIME` older has moved since then."""
        if self._older and at - self._older[-1][0] < _LOOK_EVERY:
            return
        while self._older and at - self._older[0][0] > _SWAY_TIME:
            self._older.popleft()
        if self._older:
            then, older = self._older[0]
            apart = self._apart(frame, relit(older, frame), window)
            # Three quarters of what noise gives, and another step that is never motion.
            rest = _SUMMED * (_SWAY_STEP - 0.75 * _QUIET_STEP)
            limit = cast(I16, cv2.addWeighted(self._limit[window], 0.75, self._limit[window], 0, rest))
            self._moved.raise_to(above(apart, limit), then, window)
        self._older.append((at, frame.copy()))

    def _apart(self, frame: U8, other: U8, window: Window) -> I16:
        """By how much both differ around each pixel: sums of nine."""
        # Exposure that swings moves every pixel by about the same: what most of the picture does is not motion.
        common = median_of(frame[::8, ::8].astype(np.int16) - other[::8, ::8])
        step = cv2.subtract(frame[window], other[window], dtype=cv2.CV_16S)
        summed = cast(I16, cv2.boxFilter(step, -1, (3, 3), normalize=False))
        if common:
            summed -= np.int16(_SUMMED * common)
        return np.abs(summed, out=summed)


def relit(picture: U8, frame: U8) -> U8:
    """`picture` (uint8 (h, w)) in the light of `frame`, where most of what they show is the same.

    A curve from tone to tone through the median of each sixteenth of the range, because no straight line holds
    once the exposure has driven parts into black or white.
    """
    before, now = picture[::4, ::4].ravel(), frame[::4, ::4].ravel()
    part = before >> 4
    counts, sums = np.bincount(part, minlength=16), np.bincount(part, weights=before, minlength=16)
    # Sorted by sixteenth, and in that by step: the median of each is in the middle of its own.
    steps_of = (part.astype(np.int16) << 9) + now - before + 255
    steps_of.sort()
    middles = np.cumsum(counts) - counts + counts // 2
    told = counts >= _ENOUGH
    levels, steps = sums[told] / counts[told], (steps_of[middles[told]] & 511) - 255
    if not levels.size:
        return picture
    tones = np.arange(256)
    curve = np.clip(np.round(tones + np.interp(tones, levels, steps)), 0, 255).astype(np.uint8)
    return cast(U8, cv2.LUT(picture, curve))


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
