"""Shrinking a picture without aliasing, cheaply, into buffers that are used again."""

from typing import cast

import cv2
import numpy as np

from watcher.vision.arrays import U8
from watcher.vision.geometry import Size
from watcher.vision.scratch import borrowed, give_back


def analysed_size(full: Size, longest: int) -> Size:
    """(width, height) at which pictures of size `full` are analysed: never enlarged, the aspect kept."""
    factor = min(1.0, longest / max(full))
    return max(1, round(full[0] * factor)), max(1, round(full[1] * factor))


_BAND = 1 << 19
"""Bytes of a picture that are shrunk at a time: half of what a core of today keeps at hand."""


def _bands(picture: U8, size: Size) -> int:
    """In how many parts, one below the other, a picture is shrunk; 1 where a row of the result would touch two.

    A picture that a decoder has just written lies in the main memory or nearly so. Halving reads two rows at a
    time and waits for every line of it; read once straight through, it comes twice as fast, and what is read stays
    at hand as long as it is not too much. 1080p to 320x180 takes .37 ms so, and .48 ms at once.
    """
    if picture.nbytes <= 2 * _BAND or picture.shape[0] % size[1] or picture.shape[1] % size[0]:
        return 1
    least = -(-picture.nbytes // _BAND)
    return next((count for count in range(least, 2 * least + 1) if size[1] % count == 0), 1)


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
        width, height = size
        shape = (height, width, *picture.shape[2:])
        # Turns are counted by shape: a frame's colour must not use up the turn of its brightness.
        self._turns[shape] = turn = 3 - self._turns.get(shape, 2)
        result = self._turn_of.get((shape, turn))
        if result is None:
            result = self._turn_of[shape, turn] = np.empty(shape, np.uint8)
        bands = _bands(picture, size)
        if bands == 1:
            self._into(result, picture)
            return result
        rows, from_rows = height // bands, picture.shape[0] // bands
        for number in range(bands):
            band = picture[number * from_rows : (number + 1) * from_rows]
            band.max()
            self._into(result[number * rows : (number + 1) * rows], band)
        return result

    def _into(self, result: U8, picture: U8) -> None:
        """The picture, or a band of it, shrunk into `result`."""
        height, width = result.shape[:2]
        between: list[U8] = []
        while picture.shape[1] >= 4 * width and picture.shape[0] >= 4 * height:
            if picture.shape[0] % 2 or picture.shape[1] % 2:
                break  # 2:1 exactly needs even sides
            half = borrowed((picture.shape[0] // 2, picture.shape[1] // 2, *picture.shape[2:]), np.uint8)
            between.append(half)
            picture = self._resized(picture, (half.shape[1], half.shape[0]), half)
        self._resized(picture, (width, height), result)
        give_back(*between)

    @staticmethod
    def _resized(picture: U8, size: Size, buffer: U8) -> U8:
        factor = picture.shape[1] // size[0]
        odd = factor % 2 == 1 and factor > 1 and picture.shape[:2] == (size[1] * factor, size[0] * factor)
        least = min(picture.shape[1] / size[0], picture.shape[0] / size[1])
        most = max(picture.shape[1] / size[0], picture.shape[0] / size[1])
        # At 3:2 both weigh two pixels, a half and a quarter to a third; INTER_AREA takes five times as long there.
        how = cv2.INTER_LINEAR if least < 1 or most <= 1.5 else cv2.INTER_AREA
        if odd:
            # A box filter whose window begins at its pixel, of which every third (fifth ...) pixel is taken: the
            # same means as INTER_AREA's in a third of its time, which is fast at 2:1 only.
            box = borrowed(picture.shape, np.uint8)
            cv2.blur(picture, (factor, factor), dst=box, anchor=(0, 0))
            cv2.resize(box, size, dst=buffer, interpolation=cv2.INTER_NEAREST)
            give_back(box)
            return buffer
        return cast(U8, cv2.resize(picture, size, dst=buffer, interpolation=how))
