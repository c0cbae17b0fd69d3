import cv2
import numpy as np
import pytest

from tests.support import scenes
from watcher.errors import PictureUnreadable
from watcher.sources.encoded import encoded_pixels, jpeg_complete
from watcher.vision.frame import ArrayPixels
from watcher.vision.jpeg import JpegPixels

DRAWN = scenes.picture()
JPEG = scenes.jpegs([DRAWN])[0]


def with_thumbnail(data: bytes) -> bytes:
    """The JPEG with a whole small JPEG in an application segment, as cameras put it there."""
    small = scenes.jpegs([scenes.picture(size=(64, 36))])[0]
    return data[:2] + b"\xff\xe1" + (len(small) + 2).to_bytes(2, "big") + small + data[2:]


def test_a_jpeg_stays_as_it_is() -> None:
    pixels = encoded_pixels(JPEG)
    assert isinstance(pixels, JpegPixels)
    assert pixels.jpeg() is JPEG


@pytest.mark.parametrize("kind", [".png", ".bmp", ".webp", ".tiff"])
def test_other_kinds_are_decoded(kind: str) -> None:
    data = cv2.imencode(kind, DRAWN)[1].tobytes()
    pixels = encoded_pixels(data)
    assert isinstance(pixels, ArrayPixels)
    assert np.abs(pixels.bgr().astype(int) - DRAWN).mean() < 6


@pytest.mark.parametrize("after", [b"", b"\0\0\0", b"\r\n", b"a trailer of the maker's"])
def test_a_whole_jpeg_whatever_follows(after: bytes) -> None:
    assert jpeg_complete(JPEG + after)
    assert jpeg_complete(with_thumbnail(JPEG) + after)


@pytest.mark.parametrize("part", [0.0, 0.02, 0.1, 0.5, 0.99])
def test_a_part_of_a_jpeg_is_refused(part: float) -> None:
    for data in (JPEG, with_thumbnail(JPEG)):
        assert not jpeg_complete(data[: int(len(data) * part)])
    with pytest.raises(PictureUnreadable):
        encoded_pixels(JPEG[: int(len(JPEG) * part)])
