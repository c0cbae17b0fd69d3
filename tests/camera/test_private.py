"""Private areas: black wherever pixels come out."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.cameras import SIZE, START, scene
from watcher.camera.private import Veil
from watcher.vision.frame import ArrayPixels, Frame, Pixels, PlanarPixels, encode_jpeg
from watcher.vision.jpeg import JpegPixels
from watcher.vision.shrink import Shrinker

LEFT = [(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]
HALF = SIZE[0] // 2


def planes() -> PlanarPixels:
    random = np.random.default_rng(1)
    y = random.integers(60, 200, (SIZE[1], SIZE[0]), dtype=np.uint8)
    u, v = (random.integers(60, 200, (SIZE[1] // 2, HALF), dtype=np.uint8) for _ in range(2))
    return PlanarPixels(y, u, v, full_range=True, bt709=False)


FORMS = {
    "array": lambda: ArrayPixels(scene()),
    "jpeg": lambda: JpegPixels(encode_jpeg(scene())),
    "planes": planes,
}


@pytest.fixture(params=FORMS)
def pixels(request: pytest.FixtureRequest) -> Pixels:
    return FORMS[request.param]()


def veiled(pixels: Pixels) -> Frame:
    return Veil([LEFT]).over(Frame(0.0, START, pixels))


def test_every_form_in_which_pixels_come_out_is_black_there(pixels: Pixels) -> None:
    for frame in (veiled(pixels), veiled(pixels).owned()):
        assert not frame.bgr()[:, :HALF].any()
        assert frame.bgr()[:, HALF + 2 :].mean() > 50
        decoded = cv2.imdecode(np.frombuffer(frame.jpeg(), np.uint8), cv2.IMREAD_COLOR)
        assert decoded is not None
        assert decoded[:, : HALF - 8].max() < 12  # what JPEG's own ringing leaves
        for size in (SIZE, (SIZE[0] // 2, SIZE[1] // 2), (50, 30)):
            view = frame.view(size, Shrinker(), chroma=True)
            assert not view.luma[:, : size[0] // 2].any()
            assert view.luma[:, size[0] // 2 + 2 :].mean() > 50
            assert view.chroma is not None
            assert all((plane[:, : size[0] // 2] == 128).all() for plane in view.chroma)


def test_the_pixels_underneath_are_not_written_to() -> None:
    picture = scene()
    before = picture.copy()
    frame = veiled(ArrayPixels(picture))
    frame.bgr()
    frame.view(SIZE, Shrinker())
    np.testing.assert_array_equal(picture, before)


def test_without_private_areas_nothing_is_copied_nor_encoded_again(pixels: Pixels) -> None:
    frame = Frame(0.0, START, pixels)
    assert Veil([]).over(frame) is frame


def test_slanted_edges_leave_nothing_of_what_is_inside() -> None:
    slanted = [(0.13, 0.11), (0.71, 0.2), (0.4, 0.83)]
    white: NDArray[np.uint8] = np.full((SIZE[1], SIZE[0]), 255, np.uint8)
    inside = Veil([slanted]).blacked(white)
    full = cv2.resize(white, (SIZE[0] * 8, SIZE[1] * 8))
    fine = Veil([slanted]).blacked(np.asarray(full, np.uint8))
    # Each small pixel that holds a part of the area must be black; seen from eight times as near.
    touched = cv2.resize((fine == 0).astype(np.uint8), SIZE, interpolation=cv2.INTER_AREA) > 0
    nearly = cv2.erode(touched.astype(np.uint8), np.ones((2, 2), np.uint8)) > 0
    assert not inside[nearly].any()
