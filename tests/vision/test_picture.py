"""Headers read without decoding, bombs refused by them, and decoding within bounds."""

import io
import struct
import subprocess
import sys
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.support.data import shared
from tests.vision.pictures import textured
from watcher.errors import PictureUnreadable
from watcher.vision.picture import MAX_PIXELS, Header, check_picture_size, decode_picture, picture_header

SIZE = (61, 37)
GREY = textured(SIZE)
DRAWN = cv2.merge([GREY, 255 - GREY, np.roll(GREY, 9, 1)])


def encoded(suffix, picture=DRAWN, *flags):
    done, data = cv2.imencode(suffix, picture, list(flags))
    assert done
    return data.tobytes()


def pillow(kind, mode="RGB", **options):
    data = io.BytesIO()
    Image.fromarray(DRAWN[..., ::-1]).convert(mode).save(data, kind, **options)
    return data.getvalue()


def decoded(data, max_pixels=MAX_PIXELS):
    """Pixels and no reason, or no pixels and the reason."""
    try:
        return decode_picture(data, max_pixels=max_pixels), ""
    except PictureUnreadable as error:
        return None, str(error)


def inserted(jpeg, *segments, at=2):
    return jpeg[:at] + b"".join(segments) + jpeg[at:]


def segment(marker, body):
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body


def exif(orientation, order="<"):
    mark = b"II*\0" if order == "<" else b"MM\0*"
    entry = struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
    directory = struct.pack(order + "IH", 8, 1) + entry + struct.pack(order + "I", 0)
    return segment(0xE1, b"Exif\0\0" + mark + directory)


def chunk(name, body, length=None):
    size = len(body) if length is None else length
    return struct.pack(">I", size) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width, height, *chunks):
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(chunks) + chunk(b"IEND", b"")


JPEG = encoded(".jpg")
KINDS = {
    "JPEG": ("JPEG", JPEG),
    "progressive JPEG": ("JPEG", encoded(".jpg", DRAWN, cv2.IMWRITE_JPEG_PROGRESSIVE, 1)),
    "grey JPEG": ("JPEG", encoded(".jpg", GREY)),
    "CMYK JPEG": ("JPEG", pillow("JPEG", "CMYK")),
    "JPEG with restart markers": ("JPEG", encoded(".jpg", DRAWN, cv2.IMWRITE_JPEG_RST_INTERVAL, 2)),
    "PNG": ("PNG", encoded(".png")),
    "palette PNG": ("PNG", pillow("PNG", "P")),
    "PNG with transparency": ("PNG", pillow("PNG", "RGBA")),
    "16-bit PNG": ("PNG", encoded(".png", DRAWN.astype(np.uint16) * 257)),
    "BMP": ("BMP", encoded(".bmp")),
    "GIF": ("GIF", pillow("GIF")),
    "WebP": ("WebP", pillow("WebP")),
    "lossless WebP": ("WebP", pillow("WebP", lossless=True)),
    "WebP with transparency": ("WebP", pillow("WebP", "RGBA")),
    "TIFF": ("TIFF", encoded(".tiff")),
    "big-endian TIFF": ("TIFF", pillow("TIFF", big_tiff=False)),
    "PPM": ("PNM", encoded(".ppm")),
    "PGM": ("PNM", encoded(".pgm", GREY)),
    "PGM with a comment": ("PNM", b"P5 # 9 9\n# of 5 6\n 61\t37 # x\n255\n" + GREY.tobytes()),
}


@pytest.mark.parametrize("name", KINDS)
def test_kind_and_size_are_read_from_the_header_and_decoding_agrees(name):
    kind, data = KINDS[name]
    assert picture_header(data) == Header(kind, SIZE)
    pixels = decode_picture(data)
    assert pixels.dtype == np.uint8
    assert pixels.shape == (37, 61, 3)
    grey = decode_picture(data, cv2.IMREAD_GRAYSCALE)
    assert grey.dtype == np.uint8
    assert grey.shape == (37, 61)


def test_lossless_kinds_keep_every_pixel():
    for suffix in (".png", ".bmp", ".tiff", ".ppm"):
        np.testing.assert_array_equal(decode_picture(encoded(suffix)), DRAWN)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_jpegs_size_is_that_after_turning(orientation, order):
    data = inserted(JPEG, exif(orientation, order))
    height, width = decode_picture(data).shape[:2]
    assert picture_header(data).size == (width, height)
    assert (width, height) == (SIZE if orientation < 5 else SIZE[::-1])


@pytest.mark.parametrize("orientation", [0, 9, 77, 65535])
def test_an_orientation_that_there_is_not_turns_nothing(orientation):
    data = inserted(JPEG, exif(orientation))
    assert picture_header(data).size == SIZE == decode_picture(data).shape[1::-1]


@pytest.mark.parametrize(
    "junk",
    [
        b"\0\0\0",
        b"stray bytes",
        b"\xff\xff\xff",
        b"\x12\xff\x00\x34",  # an FF 00 is no marker
        segment(0xE1, b"Exif\0\0"),
        segment(0xE1, b"Exif\0\0II*\0\xff\xff\xff\xff"),
        segment(0xE1, b"Exif\0\0MM\0*" + b"\0\0\0\x08\xff\xff"),
        segment(0xFE, b"a comment with \xff\xc0\0\x11\x08\0\x05\0\x05\x03 in it"),
        segment(0xED, bytes(60_000)),
    ],
    ids=["zeros", "text", "fill", "stuffed", "empty exif", "exif far", "exif many", "comment", "long"],
)
def test_what_stands_between_segments_does_not_mislead(junk):
    first = 4 + struct.unpack_from(">H", JPEG, 4)[0]
    data = inserted(JPEG, junk, at=first)
    assert picture_header(data).size == SIZE == decode_picture(data).shape[1::-1]


def test_a_jpeg_that_only_turns_in_its_thumbnail_is_not_turned():
    thumbnail = inserted(JPEG, exif(6))
    data = inserted(JPEG, segment(0xE1, b"Exif\0\0II*\0" + thumbnail[:20_000]))
    assert picture_header(data).size == SIZE == decode_picture(data).shape[1::-1]


BOMBS = {
    "JPEG": JPEG.replace(struct.pack(">HH", 37, 61), struct.pack(">HH", 65500, 65500)),
    "PNG": png(2**31 - 1, 2**31 - 1, chunk(b"IDAT", zlib.compress(b"\0"))),
    "BMP": b"BM" + struct.pack("<IIIIii", 100, 0, 54, 40, 60_000, -60_000) + bytes(60),
    "old BMP": b"BM" + struct.pack("<IIIIHH", 100, 0, 26, 12, 60_000, 60_000) + bytes(60),
    "GIF": b"GIF89a" + struct.pack("<HH", 65535, 65535) + bytes(20),
    "WebP": b"RIFF\xff\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff" + bytes(8),
    "lossless WebP": b"RIFF\xff\0\0\0WEBPVP8L\x0a\0\0\0\x2f\xff\xff\xff\xff" + bytes(8),
    "TIFF": b"II*\0\x08\0\0\0\x02\0" + struct.pack("<HHIIHHII", 256, 4, 1, 90_000, 257, 4, 1, 90_000) + bytes(4),
    "PNM": b"P5\n99999 99999\n255\n",
    "PNM of hundreds of digits": b"P5\n" + b"9" * 240 + b" " + b"9" * 240 + b"\n255\n",
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_is_refused_by_its_header(kind):
    with pytest.raises(PictureUnreadable, match="megapixels; at most 100 are read"):
        decode_picture(BOMBS[kind])


def test_a_tiff_that_says_two_sizes_is_taken_at_its_first_word():
    fields = [(256, 90_000), (256, 5), (257, 90_000), (257, 5)]
    body = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in fields)
    assert picture_header(b"II*\0\x08\0\0\0\x04\0" + body + bytes(4)).size == (90_000, 90_000)


def test_the_bound_is_in_pixels_and_can_be_lowered():
    check_picture_size(Header("PNG", (10_000, 10_000)))
    assert MAX_PIXELS == 10_000 * 10_000
    with pytest.raises(PictureUnreadable, match="10000x10001"):
        check_picture_size(Header("PNG", (10_000, 10_001)))
    with pytest.raises(PictureUnreadable, match="61x37"):
        decode_picture(JPEG, max_pixels=61 * 37 - 1)
    assert decode_picture(JPEG, max_pixels=61 * 37).shape == (37, 61, 3)


def test_a_chunk_longer_than_the_file_is_refused_and_takes_no_memory():
    """OpenCV 5 allocates what a chunk claims: 2 GB here, more with two of them."""
    data = png(30, 20, chunk(b"tEXt", b"a", length=0x7FFFFFF0))
    program = (
        "import re, sys\n"
        "from watcher.errors import PictureUnreadable\n"
        "from watcher.vision.picture import decode_picture\n"
        "try: decode_picture(sys.stdin.buffer.read())\n"
        "except PictureUnreadable as error: print(error)\n"
        "print(re.search(r'VmHWM:\\s*(\\d+)', open('/proc/self/status').read())[1])\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], input=data, capture_output=True, check=True, timeout=60)
    said, kilobytes = ran.stdout.decode().strip().splitlines()
    assert said == "the PNG is broken or ends early"
    assert int(kilobytes) < 300_000


@pytest.mark.parametrize("name", KINDS)
def test_a_picture_that_ends_anywhere_gives_pixels_or_is_refused(name):
    data = KINDS[name][1]
    for end in {*range(0, min(len(data), 700), 3), len(data) // 2, len(data) - 1}:
        pixels, reason = decoded(data[:end])
        assert reason if pixels is None else pixels.shape == (37, 61, 3)


@settings(max_examples=150)
@given(
    name=st.sampled_from(sorted(KINDS)),
    spoilt=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_a_spoilt_picture_gives_pixels_or_is_refused(name, spoilt):
    data = bytearray(KINDS[name][1])
    for where, value in spoilt:
        data[int(where * min(len(data), 200))] = value
    pixels, reason = decoded(bytes(data), 2_000_000)
    assert reason if pixels is None else pixels.ndim == 3


@given(st.binary(max_size=200))
def test_any_bytes_are_a_header_or_refused(data):
    for start in (
        b"",
        b"\xff\xd8",
        b"BM",
        b"P5",
        b"GIF89a",
        b"II*\0",
        b"MM\0*",
        b"RIFF0000WEBPVP8 ",
        b"\x89PNG\r\n\x1a\n",
    ):
        try:
            header = picture_header(start + data)
        except PictureUnreadable:
            continue
        assert min(header.size) >= 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a picture of a known kind"),
        (b"hello", "not a picture of a known kind"),
        (b"P6", "not a picture of a known kind"),
        (b"P6\nx y\n", "broken or ends early"),
        (b"\xff\xd8", "broken or ends early"),
        (b"\xff\xd8\xff\xd9", "not a picture"),
        (b"\xff\xd8\xff\xda\0\x04", "not a picture"),
        (b"\x89PNG\r\n\x1a\n\0\0", "broken or ends early"),
        (png(0, 5), "the size 0x5"),
        (b"P5 -3 5 255 ", "the size -3x5"),
        (encoded(".png")[:-30], "broken"),
        (b"RIFF0000WEBPVP9 " + bytes(30), "not a picture"),
    ],
)
def test_what_is_wrong_is_said(data, words):
    with pytest.raises(PictureUnreadable, match=words):
        decode_picture(data)


def test_megabytes_of_junk_are_refused():
    for junk in (bytes(20_000_000), b"\xff" * 2_000_000, b"\xff\0" * 1_000_000, b"\xff\xd0" * 1_000_000):
        with pytest.raises(PictureUnreadable):
            picture_header(b"\xff\xd8" + junk)


def test_every_odd_file_gives_pixels_or_is_refused():
    files = [path for path in sorted(shared("robustness").rglob("*")) if path.is_file()]
    assert len(files) > 300
    read = 0
    for path in files:
        data = path.read_bytes()
        pixels, reason = decoded(data)
        if pixels is None:
            assert reason, path
            assert "\n" not in reason, path
        else:
            read += 1
            assert pixels.shape[1::-1] == picture_header(data).size, path
    assert read > 100
