"""Private areas: blacked out in the pixels themselves, before anything else sees a frame.

Nothing behind this door can leak what was never handed in: neither snapshots nor references, learnt or stored.
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.vision.arrays import U8
from watcher.vision.frame import Chroma, Frame, Pixels, encode_jpeg
from watcher.vision.geometry import Point, Size, polygon_mask
from watcher.vision.shrink import Shrinker


class Veil:
    """The private areas of one camera, as polygons in fractions of the picture."""

    def __init__(self, areas: Sequence[Sequence[Point]]) -> None:
        self._areas = tuple(areas)
        self._masks: dict[Size, NDArray[np.bool_]] = {}

    def over(self, frame: Frame) -> Frame:
        """The frame with the private areas black; the very same frame where there are none."""
        return replace(frame, pixels=VeiledPixels(frame.pixels, self)) if self._areas else frame

    def blacked(self, picture: U8, black: int = 0) -> U8:
        """A copy of a picture, uint8 of shape (H, W) or (H, W, 3), with the areas set to `black`."""
        if not self._areas:
            return picture
        copy = picture.copy()
        copy[self._mask((picture.shape[1], picture.shape[0]))] = black
        return copy

    def _mask(self, size: Size) -> NDArray[np.bool_]:
        mask = self._masks.get(size)
        if mask is None:
            inside = np.zeros((size[1], size[0]), np.uint8)
            for points in self._areas:
                inside[polygon_mask(points, size)] = 1
            # One pixel more: a small picture's pixel on the edge still holds part of what is behind it.
            mask = cv2.dilate(inside, np.ones((3, 3), np.uint8)) > 0
            self._masks = {**dict(list(self._masks.items())[-3:]), size: mask}
        return mask


class VeiledPixels:
    """Pixels with private areas blacked out in every form in which they are handed out."""

    def __init__(self, pixels: Pixels, veil: Veil) -> None:
        self._pixels, self._veil = pixels, veil

    @property
    def size(self) -> Size:
        return self._pixels.size

    def luma(self, size: Size, shrinker: Shrinker) -> U8:
        return self._veil.blacked(self._pixels.luma(size, shrinker))

    def chroma(self, size: Size, shrinker: Shrinker) -> Chroma:
        cr, cb = self._pixels.chroma(size, shrinker)
        return self._veil.blacked(cr, 128), self._veil.blacked(cb, 128)

    def bgr(self) -> U8:
        return self._bgr

    def jpeg(self) -> bytes:
        return encode_jpeg(self._bgr)

    def owned(self) -> "VeiledPixels":
        return VeiledPixels(self._pixels.owned(), self._veil)

    @cached_property
    def _bgr(self) -> U8:
        # Of the two full pictures only the one that may be seen is kept.
        return self._veil.blacked(copy(self._pixels).bgr())
