"""The colours of one frame, converted when they are asked for, and at most once."""

from functools import cached_property
from typing import cast

import cv2
from cv2.typing import MatLike

from watcher.vision.arrays import Window
from watcher.vision.frame import Chroma, Pixels, PlanarPixels
from watcher.vision.geometry import Size
from watcher.vision.shrink import Shrinker


class Tinge:
    """Cr and Cb of a frame as it is analysed at `size` (width, height); `known` where they have been converted."""

    def __init__(self, pixels: Pixels, size: Size, shrinker: Shrinker, known: Chroma | None) -> None:
        self._pixels, self._size, self._shrinker, self._known = pixels, size, shrinker, known

    @cached_property
    def whole(self) -> Chroma:
        """At that size."""
        return self._known or self._pixels.chroma(self._size, self._shrinker)

    @cached_property
    def half(self) -> Chroma:
        """At half of it, which is as much as most cameras send."""
        if self._known is not None:
            return cast(Chroma, tuple(halved(plane) for plane in self._known))
        return self._pixels.chroma(self.half_size, self._shrinker)

    @property
    def half_size(self) -> Size:
        """(width, height) of that."""
        return _half(self._size)

    def half_in(self, window: Window) -> Chroma:
        """A window of `half`, without the rest where that is to be had."""
        if self._known is None and "half" not in self.__dict__ and isinstance(self._pixels, PlanarPixels):
            part = self._pixels.chroma_in(self.half_size, window)
            if part is not None:
                return part
        cr, cb = self.half
        return cr[window], cb[window]


def halved(plane: MatLike) -> MatLike:
    """A plane at half of its size, rounded up."""
    return cv2.resize(plane, _half((plane.shape[1], plane.shape[0])), interpolation=cv2.INTER_AREA)


def _half(size: Size) -> Size:
    return (size[0] + 1) // 2, (size[1] + 1) // 2
