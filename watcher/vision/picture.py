"""Still pictures: what their header says, and decoding them within bounds.

A picture's size is read from its header before a single pixel is decoded, so that a decompression bomb (a
few hundred bytes that unpack to gigabytes) is refused unread.
"""

import struct
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from watcher.errors import PictureUnreadable
from watcher.vision.arrays import U8
from watcher.vision.geometry import Size

MAX_PIXELS = 100_000_000
"""The most pixels a picture may have: 12k x 8k, 300 MB as colour."""

# Start-of-frame markers that carry a size; C4, C8 and CC in their midst are tables, not frames.
_SOF = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_STANDALONE = frozenset({0x00, 0x01, *range(0xD0, 0xD9)})  # 00: not a marker, an FF among stray bytes
_ORIENTATION_TAG = 0x0112


@dataclass(frozen=True, slots=True)
class Header:
    """What a picture's header says: its kind and size; a JPEG's size is that after turning it as its EXIF says."""

    kind: str
    size: Size


def picture_header(data: bytes) -> Header:
    """Kind and size of an encoded picture, without decoding it.

    JPEG (turned as its EXIF orientation says; other kinds as they are stored), PNG, BMP, GIF, WebP, TIFF and
    PNM are read; anything else is refused, because nothing bounds what its decoder would allocate.

    Raises
    ------
    PictureUnreadable : not one of these, or a header that ends early.
    """
    try:
        header = _header(data)
    except (IndexError, struct.error, ValueError):
        raise PictureUnreadable("the picture's header is broken or ends early") from None
    if header is None:
        raise PictureUnreadable("not a picture of a known kind (JPEG, PNG, BMP, GIF, WebP, TIFF, PNM)")
    if min(header.size) < 1:
        raise PictureUnreadable(f"the {header.kind} header gives the size {header.size[0]}x{header.size[1]}")
    return header


def decode_picture(data: bytes, flags: int = cv2.IMREAD_COLOR, max_pixels: int = MAX_PIXELS) -> U8:
    """An encoded picture as uint8 BGR of shape (H, W, 3), or (H, W) where `flags` ask for grey.

    Raises
    ------
    PictureUnreadable : not a picture, broken, or of more than `max_pixels` pixels by its header.
    """
    header = picture_header(data)
    check_picture_size(header, max_pixels)
    if header.kind == "PNG":
        _check_chunks(data)
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        raise PictureUnreadable(f"the picture cannot be decoded ({error.err})") from None
    if pixels is None:
        raise PictureUnreadable("the picture is broken: it cannot be decoded")
    return cast(U8, pixels)


def check_picture_size(header: Header, max_pixels: int = MAX_PIXELS) -> None:
    """Refuse a picture that would take too much memory: PictureUnreadable."""
    width, height = header.size
    if width * height > max_pixels:
        raise PictureUnreadable(
            f"the {header.kind} is {width}x{height}, {width * height // 10**6} megapixels;"
            f" at most {max_pixels / 1e6:.0f} are read"
        )


def _header(data: bytes) -> Header | None:
    if data[:2] == b"\xff\xd8":
        return _jpeg_header(data)
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return Header("PNG", cast(Size, struct.unpack_from(">II", data, 16)))
    if data[:2] == b"BM":
        return _bmp_header(data)
    if data[:4] == b"GIF8":
        return Header("GIF", cast(Size, struct.unpack_from("<HH", data, 6)))
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp_header(data)
    if data[:4] in (b"II*\0", b"MM\0*"):
        fields = _tiff_fields(data, 0)
        return Header("TIFF", (fields[256], fields[257])) if 256 in fields and 257 in fields else None
    if data[:1] == b"P" and data[1:2] in b"123456" and len(data) > 2:
        return _pnm_header(data)
    return None


def _check_chunks(data: bytes) -> None:
    """Refuse a PNG with a chunk that claims to be longer than the file: OpenCV 5 allocates what is claimed, which
    makes gigabytes of a few hundred bytes."""
    at = 8
    while at + 8 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        at += 12 + length
    if at > len(data):
        raise PictureUnreadable("the PNG is broken or ends early")


def _bmp_header(data: bytes) -> Header:
    if struct.unpack_from("<I", data, 14)[0] == 12:
        return Header("BMP", cast(Size, struct.unpack_from("<HH", data, 18)))
    width, height = struct.unpack_from("<ii", data, 18)
    return Header("BMP", (abs(width), abs(height)))


def _webp_header(data: bytes) -> Header | None:
    chunk = data[12:16]
    if chunk == b"VP8X":
        width = int.from_bytes(data[24:27], "little") + 1
        return Header("WebP", (width, int.from_bytes(data[27:30], "little") + 1))
    if chunk == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return Header("WebP", ((bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1))
    if chunk == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return Header("WebP", (width & 0x3FFF, height & 0x3FFF))
    return None


def _pnm_header(data: bytes) -> Header:
    lines = (line.split(b"#")[0] for line in data[2:512].splitlines())
    words = b" ".join(lines).split()
    return Header("PNM", (int(words[0]), int(words[1])))


def _jpeg_header(data: bytes) -> Header | None:
    turned = False
    at = 2
    while True:
        at = data.index(0xFF, at)  # stray bytes between segments are skipped, as decoders do
        while data[at] == 0xFF:
            at += 1
        marker = data[at]
        at += 1
        if marker in _STANDALONE:
            continue
        if marker in (0xD9, 0xDA):  # the end, or pixels before any frame header
            return None
        length = struct.unpack_from(">H", data, at)[0]
        if marker in _SOF:
            height, width = struct.unpack_from(">HH", data, at + 3)
            return Header("JPEG", (height, width) if turned else (width, height))
        if marker == 0xE1 and data[at + 2 : at + 8] == b"Exif\0\0":
            turned = 5 <= _orientation(data[at + 8 : at + length]) <= 8
        at += length


def _orientation(exif: bytes) -> int:
    """EXIF orientation 1-8; 5 to 8 swap width and height. A broken block says nothing: 1."""
    try:
        return _tiff_fields(exif, 0).get(_ORIENTATION_TAG, 1)
    except struct.error:
        return 1


def _tiff_fields(data: bytes, start: int) -> dict[int, int]:
    """The single short and long values of the first directory of a TIFF structure."""
    order = "<" if data[start : start + 2] == b"II" else ">"
    (at,) = struct.unpack_from(order + "I", data, start + 4)
    (count,) = struct.unpack_from(order + "H", data, start + at)
    fields: dict[int, int] = {}
    for n in range(count):
        entry = start + at + 2 + 12 * n
        tag, kind = struct.unpack_from(order + "HH", data, entry)
        if kind in (3, 4):
            # The first of a tag given twice counts, as it does for decoders.
            fields.setdefault(tag, struct.unpack_from(order + ("H" if kind == 3 else "I"), data, entry + 8)[0])
    return fields
