"""The colour of the scene, learnt beside the reference: a shadow darkens a place and leaves its colour."""

import math
from typing import cast

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from watcher.vision.arrays import F32, I16, U8, Window
from watcher.vision.frame import Chroma
from watcher.vision.reference.scene import Memory
from watcher.vision.tinge import Tinge, halved
from watcher.vision.turns import Turns

EVERY = 1.0
"""Seconds between two steps of learning: the colour of a scene moves slowly."""

QUIET = 30.0
"""The same while nothing happens: a quiet frame is to cost next to nothing, and colour is a conversion."""

FIRST, AT_FIRST = 8, 0.25
"""Frames that are learnt from before that, and seconds between them."""

TIME = 10.0
"""Seconds over which it is learnt."""

_PART = 128
"""Parts of a level that are kept: in 16 bits, half of the memory of floats."""

_KEPT_PART = _PART // 16
"""The same of one on disk, which are sixteenths."""

_SIDE = 3
"""Of the window over which colour is averaged, at half the size: cameras and JPEG halve it too, and it is noisy."""


class Tint:
    """Cr and Cb of the scene, centred on 0; unknown until they have been learnt."""

    def __init__(self) -> None:
        self._expected: list[I16] | None = None
        self._count = 0
        self._at = -math.inf
        self._smooth: list[MatLike] | None = None

    def planes(self, every: int = 1) -> tuple[F32, ...]:
        """Cr and Cb, of `every` so many pixels and rows, float32; nothing while they are unknown."""
        return tuple(_levels(plane[::every, ::every]) for plane in self._expected or ())

    def memory(self) -> dict[str, NDArray[np.generic]]:
        """What must survive a restart: sixteenths of a level."""
        return {"tint": np.round(np.stack(self._expected) / _KEPT_PART).astype(np.int16)} if self._expected else {}

    def remember(self, memory: Memory, shape: tuple[int, int]) -> None:
        """Go on with what `memory` gave before, where it is of `shape` (h, w)."""
        kept = memory.get("tint")
        if kept is not None and kept.shape == (2, *shape) and kept.dtype == np.int16:
            self._expected, self._count = [plane.astype(np.int16) * np.int16(_KEPT_PART) for plane in kept], FIRST

    def due(self, at: float, quiet: bool, turns: Turns) -> bool:
        """Whether it is time to learn from a frame, `quiet` or with change."""
        if self._count < FIRST:
            return not 0 <= at - self._at < AT_FIRST
        return turns.mine(at - self._at, QUIET if quiet else EVERY)

    def learn(self, chroma: Chroma, unchanged: U8, at: float) -> None:
        """Learn from a frame (uint8 (h, w) each) where it is `unchanged` (uint8, 255)."""
        self._at, self._smooth = at, None
        if self._expected is None or self._expected[0].shape != chroma[0].shape:
            self._expected, self._count = [_parts(plane).astype(np.int16) for plane in chroma], 1
            return
        self._count += 1
        weight = max(1 / self._count, EVERY / TIME)
        for kept, plane in zip(self._expected, chroma, strict=True):
            exact = kept.astype(np.float32)
            cv2.accumulateWeighted(_parts(plane), exact, weight, mask=unchanged)
            kept[:] = np.rint(exact, out=exact)

    def apart(self, colors: Tinge, ratio: F32, half: Window, places: NDArray[np.intp]) -> F32 | None:
        """Square of the distance in the Cr, Cb plane from the colour expected in a light of `ratio`.

        Of `places`, flat indices that rise, in the window `half` of every second pixel of every second row.
        """
        if self._expected is None:
            return None
        if self._smooth is None:
            self._smooth = [_smooth(halved(plane)) for plane in self.planes()]
        if self._smooth[0].shape != colors.half_size[::-1]:
            return None
        near, there = _around(places, half)
        squares = []
        for now, kept in zip(colors.half_in(near), self._smooth, strict=True):
            apart = _smooth(now).ravel().take(there) - np.float32(128)
            apart -= ratio * kept[near].ravel().take(there)
            squares.append(np.square(apart, out=apart))
        return cast(F32, squares[0] + squares[1])


def _around(places: NDArray[np.intp], window: Window) -> tuple[Window, NDArray[np.intp]]:
    """What of a window is smoothed for some places (flat indices in it, rising); and where they lie in that."""
    rows, columns = window
    down, right = np.divmod(places, columns.stop - columns.start)
    margin = _SIDE // 2
    top, left = max(0, int(down[0]) - margin), max(0, int(right.min()) - margin)
    high, wide = int(down[-1]) + 1 + margin, int(right.max()) + 1 + margin
    near_rows = slice(rows.start + top, min(rows.stop, rows.start + high))
    near_columns = slice(columns.start + left, min(columns.stop, columns.start + wide))
    return (near_rows, near_columns), (down - top) * (near_columns.stop - near_columns.start) + (right - left)


def _parts(plane: U8) -> F32:
    """A frame's colour as it is kept."""
    return (plane.astype(np.float32) - np.float32(128)) * np.float32(_PART)


def _levels(parts: I16) -> F32:
    """What is kept as a colour."""
    return parts.astype(np.float32) / np.float32(_PART)


def _smooth(plane: MatLike) -> MatLike:
    return cv2.blur(plane, (_SIDE, _SIDE), borderType=cv2.BORDER_REFLECT)
