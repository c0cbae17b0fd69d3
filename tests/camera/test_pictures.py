"""The pictures of one moment."""

import threading
import tracemalloc

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.cameras import START, scene
from tests.support.wait import until
from watcher.camera.pictures import DIFFERENCE_WIDTH, FramePictures, Keepsake, Moment, compressed
from watcher.camera.private import Veil, VeiledPixels
from watcher.vision.detection import Region
from watcher.vision.frame import ArrayPixels, Frame, Pixels, PlanarPixels, encode_jpeg
from watcher.vision.geometry import Box
from watcher.vision.jpeg import JpegPixels
from watcher.vision.picture import decode_picture

REGION = Region(Box(40, 30, 80, 70), area=1600, peak=1.0, mean=0.8)
ZONES = {"door": [(0.0, 0.0), (0.9, 0.0), (0.9, 0.9)]}


def moment(size: tuple[int, int] = (320, 192)) -> Moment:
    change = np.zeros((48, 80), np.float32)
    change[8:18, 10:20] = 1.0
    frame = Frame(0.0, START, ArrayPixels(scene((40, 30, 80, 70), size)))
    return Moment(frame, (REGION,), change, np.full((48, 80), 77, np.uint8))


def shown(data: bytes | None) -> NDArray[np.uint8]:
    assert data is not None
    return decode_picture(data)


def test_the_boxed_picture_differs_from_the_clean_one_at_the_box() -> None:
    pictures = FramePictures(moment(), None, ZONES, "")
    difference = cv2.absdiff(shown(pictures.annotated()), shown(pictures.clean())).max(axis=2) > 60
    assert difference[28:72, 38:42].any()
    assert not difference[120:180, 10:60].any()


def test_the_reference_is_the_last_quiet_frame_or_what_is_expected() -> None:
    quiet = Frame(0.0, START, JpegPixels(encode_jpeg(scene())))
    assert FramePictures(moment(), quiet, {}, "").reference() == quiet.jpeg()
    expected = shown(FramePictures(moment(), None, {}, "").reference())
    assert expected.shape[:2] == (48, 80)
    assert abs(int(expected.mean()) - 77) <= 1


def test_the_difference_is_warm_where_something_has_changed_and_of_moderate_size() -> None:
    heat = shown(FramePictures(moment((1920, 1152)), None, {}, "").difference())
    assert heat.shape == (384, DIFFERENCE_WIDTH, 3)
    warmth = heat[..., 2].astype(int) - heat[..., 0]
    assert warmth[80:128, 90:150].mean() > 60  # the changed part of the map, eight times as large
    assert abs(warmth[250:].mean()) < 3


def test_what_is_kept_all_the_time_is_kept_as_jpeg() -> None:
    frame = Frame(0.0, START, ArrayPixels(scene()))
    kept = compressed(frame)
    assert kept is not None
    assert isinstance(kept.pixels, JpegPixels)
    assert kept.jpeg() == frame.jpeg()
    assert compressed(kept) is kept
    broken = Veil([[(0, 0), (0.5, 0), (0.5, 0.5)]]).over(Frame(0.0, START, JpegPixels(kept.jpeg()[:400])))
    assert compressed(broken) is None


def test_a_keepsake_is_ones_own_at_once_and_jpeg_soon() -> None:
    drawn = scene()
    frame = Frame(0.0, START, ArrayPixels(drawn))
    jpeg = frame.jpeg()
    kept = Keepsake(frame)
    drawn[:] = 0
    until(lambda: isinstance(kept.frame.pixels, JpegPixels), 5, "the frame is compressed")
    assert kept.frame.jpeg() == jpeg
    broken = Frame(0.0, START, JpegPixels(jpeg[:400]))
    assert Keepsake(broken).frame.jpeg() == jpeg[:400]


def test_what_is_ones_own_already_is_not_copied_to_be_kept() -> None:
    class Own(ArrayPixels):
        def owned(self) -> ArrayPixels:
            raise AssertionError("copied once more")

    kept = Keepsake(Frame(0.0, START, Own(scene())), owned=True)
    until(lambda: isinstance(kept.frame.pixels, JpegPixels), 5, "the frame is compressed")


def test_before_anything_is_learnt_there_is_no_reference_and_no_difference() -> None:
    frame = Frame(0.0, START, ArrayPixels(scene()))
    pictures = FramePictures(Moment(frame, (), None, None), None, {}, "")
    assert pictures.reference() is None
    assert pictures.difference() is None
    assert shown(pictures.annotated()).shape == scene().shape


def test_each_picture_is_made_once_however_many_ask() -> None:
    pictures = FramePictures(moment(), None, ZONES, "caption")
    got: list[bytes] = []
    threads = [threading.Thread(target=lambda: got.append(pictures.annotated())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(got) == 8
    assert all(one is got[0] for one in got)


@pytest.mark.parametrize("kind", ["planes", "jpeg", "veiled"])
def test_a_frame_that_lives_on_keeps_nothing_of_what_was_drawn(kind: str) -> None:
    half = np.full((96, 160), 128, np.uint8)
    planes = PlanarPixels(np.zeros((192, 320), np.uint8), half, half, True, False)
    pixels: Pixels = JpegPixels(encode_jpeg(scene())) if kind == "jpeg" else planes
    if kind == "veiled":
        pixels = VeiledPixels(planes, Veil([[(0.0, 0.0), (0.5, 0.0), (0.5, 0.5)]]))
    frame = Frame(0.0, START, pixels)
    tracemalloc.start()
    try:
        pictures = FramePictures(Moment(frame, (REGION,), np.zeros((48, 80), np.float32), None), frame, ZONES, "")
        encoded = [pictures.annotated(), pictures.clean(), pictures.reference(), pictures.difference()]
        kept = tracemalloc.get_traced_memory()[0] - sum(len(data or b"") for data in encoded)
    finally:
        tracemalloc.stop()
    assert kept < frame.size[0] * frame.size[1] * 3 / 2
