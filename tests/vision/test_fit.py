"""Pictures made smaller: within the limits, as large as they can be, untouched where they fit."""

import cv2
import numpy as np
import pytest

from watcher.errors import PictureUnreadable
from watcher.vision.fit import fitted, jpeg_width
from watcher.vision.frame import encode_jpeg


def noisy(width, height, channels=3):
    shape = (height, width, channels) if channels == 3 else (height, width)
    small = np.random.default_rng(1).integers(0, 255, (shape[0] // 4, shape[1] // 4, *shape[2:]), np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def size(jpeg):
    height, width = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_UNCHANGED).shape[:2]
    return width, height


@pytest.mark.parametrize(("width", "height"), [(640, 360), (641, 77), (1920, 1080)])
def test_the_width_is_read_off_the_header(width, height):
    assert jpeg_width(encode_jpeg(noisy(width, height))) == width
    assert jpeg_width(b"no picture") is None
    assert jpeg_width(b"") is None


def test_what_fits_is_untouched():
    jpeg = encode_jpeg(noisy(640, 360))
    assert fitted(jpeg, 640, len(jpeg)) is jpeg
    assert fitted(jpeg, None, None) is jpeg
    assert fitted(b"no picture", None, 100) == b"no picture"


@pytest.mark.parametrize("channels", [1, 3])
def test_it_becomes_as_wide_as_it_may_be(channels):
    made = fitted(encode_jpeg(noisy(1920, 1080, channels)), 640, None)
    assert size(made) == (640, 360)


@pytest.mark.parametrize("most", [200_000, 60_000, 9_000, 2_000])
def test_it_becomes_no_longer_than_it_may_be(most):
    jpeg = encode_jpeg(noisy(1280, 720))
    assert len(jpeg) > most
    made = fitted(jpeg, None, most)
    assert most / 4 < len(made) <= most
    assert size(made)[0] / size(made)[1] == pytest.approx(16 / 9, rel=0.05)


def test_both_limits_hold():
    made = fitted(encode_jpeg(noisy(1920, 1080)), 800, 30_000)
    assert size(made)[0] <= 800
    assert len(made) <= 30_000


def test_what_cannot_be_made_to_fit_is_said():
    with pytest.raises(PictureUnreadable, match="no picture fits into 10 bytes"):
        fitted(encode_jpeg(noisy(64, 64)), None, 10)
    with pytest.raises(PictureUnreadable, match="no picture"):
        fitted(b"rubbish", 100, None)
