"""Pictures that come encoded: JPEG bytes are kept as they are, other kinds are decoded; half ones are refused."""

import struct

import cv2

from watcher.errors import PictureUnreadable
from watcher.vision.frame import ArrayPixels, Pixels
from watcher.vision.jpeg import Asked, JpegPixels
from watcher.vision.picture import decode_picture

MAX_BYTES = 128_000_000
"""The most bytes that an encoded picture may have; more are not read."""

_JPEG, _END = b"\xff\xd8", b"\xff\xd9"
_START_OF_SCAN = 0xDA
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})


def encoded_pixels(data: bytes, asked: Asked | None = None) -> Pixels:
    """Pixels of an encoded picture; `asked` is shared by those of a stream.

    Raises
    ------
    PictureUnreadable : not a picture, too large, broken, or a JPEG that ends early: a decoder would fill the rest
        with grey, and that would be taken for change.
    """
    if data[:2] != _JPEG:
        return ArrayPixels(decode_picture(data))
    pixels = JpegPixels(data, asked)
    if not jpeg_complete(data):
        raise PictureUnreadable("the picture ends early")
    return pixels


def check_decodes(data: bytes) -> None:
    """Refuse a JPEG whose pixels no decoder here can read: PictureUnreadable. Decodes an eighth of the size."""
    if data[:2] == _JPEG:
        decode_picture(data, cv2.IMREAD_REDUCED_GRAYSCALE_8)


def jpeg_complete(data: bytes) -> bool:
    """Whether a JPEG's end marker follows its pixels; what comes after it (trailers, padding) does not count.

    Thumbnails in the header have end markers of their own, so the search begins at the first scan.
    """
    at = scan_start(data)
    return at is not None and data.rfind(_END, at) >= 0  # from behind: it is nearly always at the end


def scan_start(data: bytes | bytearray) -> int | None:
    """Where the first scan of a JPEG begins; None where it has none, or not yet."""
    at = 2
    try:
        while True:
            at = data.index(b"\xff", at)
            while data[at] == 0xFF:
                at += 1
            marker = data[at]
            at += 1
            if marker == _START_OF_SCAN:
                return at
            if marker in _STANDALONE:
                continue
            at += struct.unpack_from(">H", data, at)[0]
    except (ValueError, IndexError, struct.error):
        return None
