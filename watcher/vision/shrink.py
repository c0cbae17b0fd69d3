"""Shrinking a picture without aliasing, cheaply, into buffers that are used again."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import cv2
import numpy as np

from watcher.vision.arrays import U8, Window
from watcher.vision.geometry import Size
from watcher.vision.scratch import borrowed, give_back


def analysed_size(full: Size, longest: int) -> Size:
    """(width, height) at which pictures of size `full` are analysed: never enlarged, the aspect kept."""
    factor = min(1.0, longest / max(full))
    return max(1, round(full[0] * factor)), max(1, round(full[1] * factor))


_BAND = 1 << 19
"""Bytes of a picture that are shrunk at a time: half of what a core of today keeps at hand."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """How pictures of one shape get to one size.

    Attributes
    ----------
    bands : how many parts, one below the other, are shrunk one after the other; of equal heights.
    rows, from_rows : of the result and of the picture in each of them.
    halves : shapes of a band after each halving.
    last : its shape after all of them.
    box : side of the box that is averaged after that; 0: `how` OpenCV interpolates instead.
    """

    bands: int
    rows: int
    from_rows: int
    halves: tuple[tuple[int, ...], ...]
    last: tuple[int, ...]
    box: int
    how: int


@lru_cache(256)
def _plan(shape: tuple[int, ...], size: Size) -> _Plan:
    """For a picture of `shape` (H, W) or (H, W, 3)."""
    width, height = size
    bands = _bands(shape, size)
    rows, from_rows = height // bands, shape[0] // bands
    high, wide = from_rows, shape[1]
    halves: list[tuple[int, ...]] = []
    while wide >= 4 * width and high >= 4 * rows and high % 2 == wide % 2 == 0:  # 2:1 exactly needs even sides
        high, wide = high // 2, wide // 2
        halves.append((high, wide, *shape[2:]))
    factor = wide // width
    odd = factor % 2 == 1 and factor > 1 and (high, wide) == (rows * factor, width * factor)
    least, most = min(wide / width, high / rows), max(wide / width, high / rows)
    # At 3:2 both weigh two pixels, a half and a quarter to a third; INTER_AREA takes five times as long there.
    how = cv2.INTER_LINEAR if least < 1 or most <= 1.5 else cv2.INTER_AREA
    return _Plan(bands, rows, from_rows, tuple(halves), (high, wide, *shape[2:]), factor if odd else 0, how)


def _bands(shape: tuple[int, ...], size: Size) -> int:
    """In how many parts a picture is shrunk; 1 where a row of the result would touch two.

    A picture that a decoder has just written lies in the main memory or nearly so. Halving reads two rows at a
    time and waits for every line of it; read once straight through, it comes twice as fast, and what is read stays
    at hand as long as it is not too much. 1080p to 320x180 takes .37 ms so, and .48 ms at once.
    """
    many = math.prod(shape)
    if many <= 2 * _BAND or shape[0] % size[1] or shape[1] % size[0]:
        return 1
    least = -(-many // _BAND)
    return next((count for count in range(least, 2 * least + 1) if size[1] % count == 0), 1)


def halves(full: Size, size: Size) -> bool:
    """Whether halving alone leads from one size to the other, or next to nothing has to be done: OpenCV does that
    faster than anyone."""
    plan = _plan((full[1], full[0]), size)
    by_half = plan.last == (2 * size[1] // plan.bands, 2 * size[0])
    return by_half or (plan.how == cv2.INTER_LINEAR and not plan.box)


class Shrinker:
    """Area-averaging reduction into buffers of its own; one per camera, not shared between threads.

    OpenCV's `INTER_AREA` has a fast special case for exactly 2:1, so large pictures are halved until less
    than four times the wanted size is left: 1080p to 320x180 takes a quarter of the time of one step and differs
    by at most one grey level. Results of one shape rotate through two buffers: the last view may still be compared
    with, the one before it is overwritten; whoever keeps a result longer copies it.
    """

    def __init__(self) -> None:
        self._turn_of: dict[tuple[tuple[int, ...], int], U8] = {}
        self._turns: dict[tuple[int, ...], int] = {}

    def shrink(self, picture: U8, size: Size) -> U8:
        """`picture`, uint8 of shape (H, W) or (H, W, 3), at `size` (width, height).

        A picture already of that size is copied too: the result never shares memory with `picture`.
        """
        result = self._buffer((size[1], size[0], *picture.shape[2:]))
        plan = _plan(picture.shape, size)
        halves = [borrowed(shape, np.uint8) for shape in plan.halves]
        box = borrowed(plan.last, np.uint8) if plan.box else None
        for number in range(plan.bands):
            band = picture[number * plan.from_rows : (number + 1) * plan.from_rows]
            if plan.bands > 1:
                band.max()
            for half in halves:
                cv2.resize(band, (half.shape[1], half.shape[0]), dst=half, interpolation=cv2.INTER_AREA)
                band = half
            _last_step(band, result[number * plan.rows : (number + 1) * plan.rows], box, plan)
        give_back(*halves, *(() if box is None else (box,)))
        return result

    def kept(self, picture: U8) -> U8:
        """A picture that has been shrunk by others, in the buffer that it would have been shrunk into."""
        result = self._buffer(picture.shape)
        np.copyto(result, picture)
        return result

    def _buffer(self, shape: tuple[int, ...]) -> U8:
        # Turns are counted by shape: a frame's colour must not use up the turn of its brightness.
        self._turns[shape] = turn = 3 - self._turns.get(shape, 2)
        buffer = self._turn_of.get((shape, turn))
        if buffer is None:
            buffer = self._turn_of[shape, turn] = np.empty(shape, np.uint8)
        return buffer


def shrunk_part(picture: U8, size: Size, window: Window) -> U8 | None:
    """The `window` of what `Shrinker.shrink` makes of a picture, pixel by pixel the same; None where one pixel of
    the result is no whole number of the picture's, and the window could not be told from its surroundings."""
    factor = picture.shape[1] // size[0]
    plan = _plan(picture.shape, size)
    left = factor >> len(plan.halves)
    if picture.shape[:2] != (size[1] * factor, size[0] * factor) or left << len(plan.halves) != factor:
        return None
    rows, columns = (slice(one.start * factor, one.stop * factor) for one in window)
    part = picture[rows, columns]
    for _ in plan.halves:
        part = cast(U8, cv2.resize(part, (part.shape[1] // 2, part.shape[0] // 2), interpolation=cv2.INTER_AREA))
    if left > 1:
        whole = np.empty((part.shape[0] // left, part.shape[1] // left), np.uint8)
        _last_step(part, whole, np.empty_like(part) if plan.box else None, plan)
        return whole
    return part


def _last_step(picture: U8, into: U8, box: U8 | None, plan: _Plan) -> None:
    size = into.shape[1], into.shape[0]
    if box is None:
        cv2.resize(picture, size, dst=into, interpolation=plan.how)
        return
    # A box filter whose window begins at its pixel, of which every third (fifth ...) pixel is taken: the same means
    # as INTER_AREA's in a third of its time, which is fast at 2:1 only.
    cv2.blur(picture, (plan.box, plan.box), dst=box, anchor=(0, 0))
    cv2.resize(box, size, dst=into, interpolation=cv2.INTER_NEAREST)
