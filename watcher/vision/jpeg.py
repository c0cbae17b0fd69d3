"""Pixels that came as JPEG bytes, of which no more is decoded than is asked for."""

from functools import cached_property
from typing import cast

import cv2

from watcher.vision.arrays import U8
from watcher.vision.frame import Chroma, chroma_at, split_chroma
from watcher.vision.geometry import Size
from watcher.vision.picture import check_picture_size, decode_picture, picture_header
from watcher.vision.shrink import Shrinker

_SPARE = 1.5
"""How much larger than wanted a JPEG is decoded where it does not come out exactly: 342 pixels averaged to 320
blur every other one, and fine texture then differs by 20 levels from that of the whole picture shrunk."""


class Asked:
    """What was asked of the last JPEG of a stream, and is therefore expected of the next one."""

    def __init__(self) -> None:
        self.colors = False


class JpegPixels:
    """Pixels that came as JPEG bytes; decoded no larger than asked for.

    Decoding grey at an eighth, a quarter or half of the size skips most of the inverse transform and all of
    the colour: about half of the time of decoding to colour. Most of what is left goes into unpacking the bytes,
    so where the picture before was asked for its colours (something is changing) they are decoded along with grey.
    """

    def __init__(self, data: bytes, asked: Asked | None = None) -> None:
        self._asked = asked or Asked()
        self._colors: Chroma | None = None
        header = picture_header(data)
        check_picture_size(header)
        self.size = header.size
        self._data = data

    def luma(self, size: Size, shrinker: Shrinker) -> U8:
        expected, self._asked.colors = self._asked.colors, False
        if not expected:
            return shrinker.shrink(self._reduced(size, cv2.IMREAD_GRAYSCALE), size)
        small = shrinker.shrink(self._reduced(size, cv2.IMREAD_COLOR), size)
        luma, *colors = cast(list[U8], cv2.split(cv2.cvtColor(small, cv2.COLOR_BGR2YCrCb)))
        self._colors = colors[0], colors[1]
        return luma

    def chroma(self, size: Size, shrinker: Shrinker) -> Chroma:
        self._asked.colors = True
        if self._colors is not None:
            height, width = self._colors[0].shape
            if size == (width, height):
                return self._colors
            if size[0] <= width and size[1] <= height:
                return chroma_at(self._colors[0], size), chroma_at(self._colors[1], size)
        small = shrinker.shrink(self._reduced(size, cv2.IMREAD_COLOR), size)
        return split_chroma(cv2.cvtColor(small, cv2.COLOR_BGR2YCrCb))

    def bgr(self) -> U8:
        return self._full

    def jpeg(self) -> bytes:
        return self._data

    def owned(self) -> "JpegPixels":
        return self

    @cached_property
    def _full(self) -> U8:
        return decode_picture(self._data)

    def _reduced(self, size: Size, mode: int) -> U8:
        grey = mode == cv2.IMREAD_GRAYSCALE
        for factor, flag in (
            (8, cv2.IMREAD_REDUCED_GRAYSCALE_8 if grey else cv2.IMREAD_REDUCED_COLOR_8),
            (4, cv2.IMREAD_REDUCED_GRAYSCALE_4 if grey else cv2.IMREAD_REDUCED_COLOR_4),
            (2, cv2.IMREAD_REDUCED_GRAYSCALE_2 if grey else cv2.IMREAD_REDUCED_COLOR_2),
        ):
            width, rest_x = divmod(self.size[0], factor)
            height, rest_y = divmod(self.size[1], factor)
            if rest_x or rest_y:
                continue  # decoders round up, and the picture would be stretched by a part of a pixel
            if (width, height) == size or (width >= _SPARE * size[0] and height >= _SPARE * size[1]):
                return decode_picture(self._data, flag)
        return decode_picture(self._data, mode)
