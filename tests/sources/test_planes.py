import time
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from tests.support import scenes
from watcher.ration import Ration
from watcher.sources.options import VideoOptions
from watcher.sources.planes import Lent, pixels_of
from watcher.sources.video import Video
from watcher.vision.frame import ArrayPixels, Frame, Pixels, PlanarPixels
from watcher.vision.shrink import Shrinker

LIMITED, FULL = 1, 2
BT709, BT601 = 1, 6
SPACES = {BT709: "itu709", BT601: "itu601"}


def smooth(size: tuple[int, int] = (96, 64)) -> np.ndarray:
    """Colours that change slowly, so that halving the chroma's resolution loses next to nothing."""
    y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
    channels = [60 + 120 * x / size[0], 200 - 130 * y / size[1], 80 + 60 * (x + y) / sum(size)]
    return np.dstack(channels).round().astype(np.uint8)


def coded(drawn: np.ndarray, kind: str, space: int = BT601, range_: int = LIMITED) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(drawn, format="bgr24")
    made = frame.reformat(format=kind, dst_colorspace=SPACES[space], dst_color_range=range_)
    made.colorspace, made.color_range = space, range_
    return made


@pytest.mark.parametrize("range_", [LIMITED, FULL])
@pytest.mark.parametrize("space", [BT601, BT709])
@pytest.mark.parametrize("kind", ["yuv420p", "yuv422p", "yuv444p", "nv12", "yuv420p10le", "yuyv422", "yuv422p10le"])
def test_colours_come_back_whatever_the_format(kind: str, space: int, range_: int) -> None:
    drawn = smooth()
    pixels = pixels_of(coded(drawn, kind, space, range_))
    assert isinstance(pixels, PlanarPixels)
    assert pixels.size == (96, 64)
    # The outermost pixels have no chroma beyond them to interpolate from.
    difference = np.abs(pixels.bgr().astype(int) - drawn)[2:-2, 2:-2]
    assert difference.mean() < 1.5
    assert difference.max() <= 6


def test_jpegs_own_formats_are_full_range() -> None:
    drawn = smooth()
    frame = coded(drawn, "yuvj420p", BT601, FULL)
    frame.color_range = 0
    assert np.abs(pixels_of(frame).bgr().astype(int) - drawn).mean() < 1.5


def exact_means(frame: av.VideoFrame, size: tuple[int, int], range_: int) -> np.ndarray:
    plane = frame.planes[0]
    rows = np.frombuffer(plane, np.uint8).reshape(frame.height, plane.line_size)[:, : frame.width]
    across, down = frame.width // size[0], frame.height // size[1]
    means = rows.astype(float).reshape(size[1], down, size[0], across).mean((1, 3))
    return means if range_ == FULL else np.clip((means - 16) * 255 / 219, 0, 255)


@pytest.mark.parametrize("range_", [LIMITED, FULL])
@pytest.mark.parametrize("kind", ["yuv420p", "nv12", "yuv422p", "yuv444p"])
@pytest.mark.parametrize("factor", [2, 3, 4, 5, 6, 10])
def test_brightness_is_shrunk_to_means_whoever_does_it(factor: int, kind: str, range_: int) -> None:
    noise = np.random.default_rng(factor).integers(0, 256, (36 * factor, 60 * factor, 3)).astype(np.uint8)
    drawn = cv2.GaussianBlur(noise, (0, 0), 2)
    frame = coded(drawn, kind, range_=range_)
    pixels = pixels_of(frame)
    assert isinstance(pixels, PlanarPixels)
    shrinker = Shrinker()
    small = pixels.luma((60, 36), shrinker)
    assert small.flags.c_contiguous
    assert np.abs(small - exact_means(frame, (60, 36), range_)).max() <= 2.5
    again = pixels.luma((60, 36), shrinker)
    pixels.let_go()
    own = pixels.luma((60, 36), Shrinker())
    np.testing.assert_array_equal(small, again)
    assert np.abs(small.astype(int) - own).max() <= 3


def test_two_sizes_and_two_ranges_take_turns() -> None:
    frames = [
        coded(smooth(size), "yuv420p", range_=range_)
        for size, range_ in (((360, 216), FULL), ((480, 288), LIMITED))
    ]
    alone = [pixels_of(frame).luma((60, 36), Shrinker()) for frame in frames]
    for frame, expected in zip(frames * 2, alone * 2, strict=True):
        np.testing.assert_array_equal(pixels_of(frame).luma((60, 36), Shrinker()), expected)


@pytest.mark.parametrize("kind", ["rgb24", "bgr24", "bgra", "gbrp"])
def test_rgb_stays_exact(kind: str) -> None:
    drawn = smooth((97, 63))
    pixels = pixels_of(av.VideoFrame.from_ndarray(drawn, format="bgr24").reformat(format=kind))
    assert isinstance(pixels, ArrayPixels)
    assert (pixels.bgr() == drawn).all()


def test_grey_is_full_range_where_nothing_is_said() -> None:
    drawn = np.arange(256, dtype=np.uint8).reshape(16, 16).repeat(4, 0).repeat(4, 1)
    pixels = pixels_of(av.VideoFrame.from_ndarray(drawn, format="gray"))
    assert (pixels.bgr()[..., 1] == drawn).all()


@pytest.mark.parametrize("size", [(97, 63), (322, 181), (33, 17)])
def test_odd_sizes_and_padded_rows(size: tuple[int, int]) -> None:
    drawn = smooth(size)
    pixels = pixels_of(coded(drawn, "yuv420p"))
    assert pixels.size == size
    assert np.abs(pixels.bgr().astype(int) - drawn)[4:-4, 4:-4].mean() < 2


def test_unspecified_colours_are_bt709_from_720_lines() -> None:
    for height, space in ((480, BT601), (720, BT709)):
        drawn = smooth((64, height))
        frame = coded(drawn, "yuv420p", space)
        frame.colorspace = 2
        assert np.abs(pixels_of(frame).bgr().astype(int) - drawn)[4:-4, 4:-4].mean() < 1.5


def test_planes_are_views_and_hold_their_frame() -> None:
    frame = coded(smooth(), "yuv420p")
    before = np.frombuffer(frame.planes[0], np.uint8)  # type: ignore[call-overload]
    pixels = pixels_of(frame)
    assert isinstance(pixels, PlanarPixels)
    assert np.shares_memory(pixels._y, before)
    del frame, before
    assert np.abs(pixels.bgr().astype(int) - smooth())[2:-2, 2:-2].mean() < 1.5


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_phone_recordings_stand_upright(tmp_path: Path, rotation: int) -> None:
    upright = smooth((96, 64))
    turns = {0: None, 90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
    turn = turns[rotation]
    lying = upright if turn is None else cv2.rotate(upright, turn)
    path = tmp_path / "phone.mp4"
    _write_turned(path, lying, rotation)
    source = Video(VideoOptions(path=str(path)), "porch")
    source.open()
    frame = next(iter(source.frames()))
    source.close()
    assert isinstance(frame, Frame)
    assert frame.size == (96, 64)
    assert np.abs(frame.bgr().astype(int) - upright).mean() < 4


def _write_turned(path: Path, lying: np.ndarray, rotation: int) -> None:
    """A recording with a display matrix in its header that turns it counter-clockwise by `rotation` degrees."""
    scenes.write_clip(path, [lying] * 3, options={"crf": "10"})
    data = bytearray(path.read_bytes())
    # The matrix of the track header: nine 32-bit numbers 40 bytes into its (version 0) body.
    at = data.index(b"tkhd") + 4 + 40
    cosine, sine = {0: (1, 0), 90: (0, -1), 180: (-1, 0), 270: (0, 1)}[rotation]
    for place, value in ((0, cosine), (4, sine), (12, -sine), (16, cosine)):
        data[at + place : at + place + 4] = (value * 65536 & 0xFFFFFFFF).to_bytes(4, "big")
    path.write_bytes(data)


def decoded(units: list[bytes], lent: Lent | None) -> tuple[set[int], list[Pixels]]:
    """In which buffers a decoder put the pictures, each being held until two more have come; and the last."""
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_type = "NONE"
    buffers: set[int] = set()
    held: list[Pixels] = []
    for unit in units:
        if lent is not None:
            lent.call_in()
        for frame in decoder.decode(av.Packet(unit)):
            buffers.add(frame.planes[0].buffer_ptr)
            held = [*held, pixels_of(frame) if lent is None else lent.pixels_of(frame)][-2:]
    return buffers, held


def test_who_holds_a_live_picture_for_long_goes_on_with_a_copy_and_the_decoder_with_its_buffers() -> None:
    units = scenes.h264(scenes.numbered(12))
    kept, held = decoded(units, None)
    called_in, same = decoded(units, Lent())
    assert len(kept) == 3
    assert len(called_in) == 2
    assert [scenes.number_of(pixels.bgr()) for pixels in held + same] == [10, 11, 10, 11]


def test_a_picture_that_is_held_all_the_time_is_not_copied_all_the_time() -> None:
    lent = Lent()
    lent._copies = Ration(3)
    kept, _ = decoded(scenes.h264(scenes.numbered(12)), lent)
    assert len(kept) == 3


def test_a_call_that_reads_a_picture_is_waited_for_but_not_for_ever() -> None:
    lent = Lent()
    first, _ = (lent.pixels_of(coded(smooth(), "yuv420p")) for _ in range(2))
    assert isinstance(first, PlanarPixels)
    reads = first.lent
    began = time.monotonic()
    lent.call_in()
    assert Lent.WITHIN <= time.monotonic() - began < 50 * Lent.WITHIN
    assert len(reads) == 3
    assert first.lent == []


def test_views_of_the_planes_are_made_when_they_are_asked_for() -> None:
    frame = coded(smooth((480, 288)), "yuv420p")
    pixels = pixels_of(frame)
    shrinker = Shrinker()
    assert pixels.size == (480, 288)
    small = pixels.luma((160, 96), shrinker)
    assert "_y" not in vars(pixels)
    assert np.abs(pixels.bgr().astype(int) - smooth((480, 288))).mean() < 1.5
    assert "_y" in vars(pixels)
    before = small.copy()
    pixels_of(coded(255 - smooth((480, 288)), "yuv420p")).luma((160, 96), shrinker)
    np.testing.assert_array_equal(small, before)  # of the frame before: it may still be compared with
    with pytest.raises(AttributeError):
        _ = pixels._z
