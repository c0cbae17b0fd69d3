"""The test for shadows and patches of light, applied to one frame: only what has changed is looked at.

A place shows the same texture in another light if one factor explains it: if little is left of x - q r in the 3x3
pixels around, for a frame x and a reference r, where q is the ratio of their means. That is asked of every second
changed pixel of every second row: a shadow is wider than that, and neighbours share most of what they see.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.vision.arrays import F32, U8, Mask, Window, window_around
from watcher.vision.change import Limits, most
from watcher.vision.explained import MOST_EXPLAINED, RATIOS, Seen, Shade, explained
from watcher.vision.reference.bank import Look
from watcher.vision.ssim import Comparison
from watcher.vision.tinge import Tinge
from watcher.vision.watched import Watched

_AROUND = 6
"""Pixels around change that are looked at with it, of those that are looked at."""

_COLOR_APART = 4.0
"""Levels in the Cr, Cb plane beyond which it is another colour, and no shadow."""

_LAMP_APART = 10.0
"""The same for a patch of light: lamps are warmer or colder than the day."""

_SMALL = 3
"""Pixels of a picture's sides, below which nothing has a texture."""

_DARK = np.float32(9 * 4.0)
"""Sum of grey levels below which the ratio of two means says nothing."""

_UNEVEN = 9 * 6.0
"""How many times the noise's variance (plus `_ROUNDING`) the squares of what is left may add up to."""
_ROUNDING = 6.0


class Shadows:
    """What is known of shadows in one picture, and the comparison that frames are looked at with."""

    def __init__(self, watched: Watched, comparison: Comparison) -> None:
        self._watched, self._comparison = watched, comparison
        self._shade = Shade()
        self._centres, self._around = _places(comparison.shape)

    def conceivable(self, changed: U8) -> bool:
        """Whether there is change, and not so much of it that it must be another scene."""
        return (
            0 < cv2.countNonZero(changed) < MOST_EXPLAINED * self._watched.pixels
            and min(self._comparison.shape) >= _SMALL
        )

    def removed(
        self,
        changed: U8,
        sharp: Callable[[], U8],
        limits: Limits,
        look: Look,
        at: float,
        colors: Tinge,
    ) -> U8:
        """`changed` without shadows and patches of light; `sharp`, if asked for: 255 where structure
        changed."""
        near = window_around(changed, 2)  # `most` looks so far
        half = self._half(near)

        def edges() -> U8:
            return _sparse(cast(U8, cv2.dilate(sharp(), _CROSS)), half)

        gone = explained(
            self._seen(_sparse(changed, half), edges, near, half, limits, look, colors), self._shade, at
        )
        here = left = changed[near]
        if gone is not None:
            whole = cv2.resize(gone, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
            left = cast(U8, cv2.subtract(here, whole[_within(near, half)]))
            # What leaves a place where it had settled lets the place be seen again: that is no shadow on it.
            settled = look.scene.settled[near]
            if cv2.countNonZero(settled):
                left = cast(U8, cv2.bitwise_or(left, cv2.bitwise_and(here, settled)))
        kept = np.zeros(changed.shape, np.uint8)
        kept[near] = most(left, self._watched.everything[near])
        return kept

    def _half(self, window: Window) -> Window:
        """What is looked at with a window, of every second pixel."""
        rows, columns = (
            slice(max(0, one.start // 2 - _AROUND), min(n, (one.stop + 1) // 2 + _AROUND))
            for one, n in zip(window, self._centres.shape, strict=True)
        )
        return rows, columns

    def _seen(
        self,
        changed: U8,
        sharp: Callable[[], U8],
        near: Window,
        half: Window,
        limits: Limits,
        look: Look,
        colors: Tinge,
    ) -> Seen:
        places = (changed > 0).ravel().nonzero()[0]
        centres = self._centres[half].ravel().take(places)
        around = centres + self._around
        left = self._comparison.difference_in(near).ravel().take(around)
        expected = self._comparison.reference.ravel().take(around)
        # With q = 1 - less: x - q r = e + less r, for the difference e = x - r.
        less: F32 = left.sum(0) / -np.maximum(expected.sum(0), _DARK)
        ratio: F32 = np.float32(1) - less
        expected *= less
        left += expected
        noise = limits.spread.ravel().take(centres)
        limit = noise * (ratio * ratio + np.float32(1)) + np.float32(_ROUNDING)
        even: Mask = np.einsum("ij,ij->j", left, left) < np.float32(_UNEVEN) * limit
        shaded: Mask = even & (ratio > RATIOS[0]) & (ratio < RATIOS[1])
        # Where the texture is another everywhere nobody asks for colours.
        lit = even.nonzero()[0]
        if lit.size and (apart := look.tint.apart(colors, ratio[lit], half, places[lit])) is not None:
            shaded[lit[apart >= _COLOR_APART**2]] = False
            even[lit[apart >= _LAMP_APART**2]] = False
        return Seen(changed, sharp, places, ratio, even, shaded)


_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def _sparse(values: U8, half: Window) -> U8:
    """Every second pixel of every second row, of those in a window."""
    return values[::2, ::2][half].copy()


def _within(window: Window, half: Window) -> Window:
    """Where a window of the picture lies in one that has become twice as large."""
    rows, columns = (
        slice(one.start - 2 * wide.start, one.stop - 2 * wide.start) for one, wide in zip(window, half, strict=True)
    )
    return rows, columns


@lru_cache(maxsize=8)
def _places(shape: tuple[int, int]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Flat indices in a picture of every second pixel of every second row, none of which lies on its border; and
    where the pixels around each of them lie, from there."""
    rows, columns = (np.clip(np.arange(0, n, 2), 1, n - 2) for n in shape)
    near = np.arange(-1, 2)
    return rows[:, None] * shape[1] + columns, (near[:, None] * shape[1] + near).reshape(9, 1)
