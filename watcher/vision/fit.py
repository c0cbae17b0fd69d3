"""Pictures that are too large for where they go: made smaller, as little as it takes. JPEG in, JPEG out."""

from typing import cast

import cv2
import numpy as np

from watcher.errors import PictureUnreadable
from watcher.vision.arrays import U8
from watcher.vision.frame import JPEG_QUALITY, encode_jpeg

_QUALITIES = (JPEG_QUALITY, 75, 60, 45)
_SMALLER = 0.7
"""Each side, when no quality that can be looked at makes it fit."""
_LEAST = 32
"""Pixels of width below which nothing can be seen."""
_SIZES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""Markers of a JPEG that carry its size."""


def fitted(jpeg: bytes, max_width: int | None, max_bytes: int | None) -> bytes:
    """The picture, no wider than `max_width` pixels and no longer than `max_bytes`; None: without this limit.

    One that fits is given back as it is, untouched. First it is made narrower, then its quality goes down, then
    both its sides are.

    Raises
    ------
    PictureUnreadable : it has to be made smaller and is no picture; or it does not fit however small it is.
    """
    width = jpeg_width(jpeg)
    wide = max_width is not None and (width is None or width > max_width)
    if not wide and (max_bytes is None or len(jpeg) <= max_bytes):
        return jpeg
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_ANYCOLOR)
    if decoded is None:
        raise PictureUnreadable("what should be made smaller is no picture")
    picture = cast(U8, decoded)
    if max_width is not None and picture.shape[1] > max_width:
        picture = _scaled(picture, max_width / picture.shape[1])
    while picture.shape[1] >= _LEAST:
        for quality in _QUALITIES:
            made = encode_jpeg(picture, quality)
            if max_bytes is None or len(made) <= max_bytes:
                return made
        picture = _scaled(picture, _SMALLER)
    raise PictureUnreadable(f"no picture fits into {max_bytes} bytes")


def jpeg_width(jpeg: bytes) -> int | None:
    """The width in pixels, read off the header; None where there is none to be found."""
    at = 2
    while at + 9 < len(jpeg) and jpeg[at] == 0xFF:
        if jpeg[at + 1] in _SIZES:
            return int.from_bytes(jpeg[at + 7 : at + 9], "big")
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return None


def _scaled(picture: U8, by: float) -> U8:
    height, width = picture.shape[:2]
    size = max(1, round(width * by)), max(1, round(height * by))
    return cast(U8, cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
