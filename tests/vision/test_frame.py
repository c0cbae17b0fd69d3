"""Pixels in every form they come in: the same views, colours and sizes from all of them."""

import gc
import struct
import weakref

import cv2
import numpy as np
import pytest

from tests.vision.pictures import UTC0, textured
from watcher.errors import PictureUnreadable
from watcher.vision.frame import ArrayPixels, Frame, PlanarPixels, encode_jpeg
from watcher.vision.jpeg import Asked, JpegPixels
from watcher.vision.picture import decode_picture
from watcher.vision.shrink import Shrinker

FULL = (640, 360)
GREY = textured(FULL)
COLOR = cv2.merge([GREY, textured(FULL, seed=2), textured(FULL, seed=3)])
VIEW = (160, 90)

# Full-range Y, U, V of sRGB primaries after ITU-R BT.601 and BT.709, from Kr and Kb by hand.
COLORS = {"white": (255, 255, 255), "black": (0, 0, 0), "grey": (128, 128, 128), "red": (0, 0, 255),
          "green": (0, 255, 0), "blue": (255, 0, 0), "dull": (90, 120, 150)}  # fmt: skip


def yuv(bgr, bt709, full_range):
    """One colour as (Y, U, V), by the definition of the standard."""
    blue, green, red = (v / 255 for v in bgr)
    kr, kb = (0.2126, 0.0722) if bt709 else (0.299, 0.114)
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    cb, cr = (blue - luma) / (2 * (1 - kb)), (red - luma) / (2 * (1 - kr))
    if full_range:
        return tuple(min(255, round(v)) for v in (255 * luma, 128 + 255 * cb, 128 + 255 * cr))
    return round(16 + 219 * luma), round(128 + 224 * cb), round(128 + 224 * cr)


def planes(bgr, bt709=False, full_range=True, size=(64, 48), pad=0, ratio=(2, 2)):
    y, u, v = yuv(bgr, bt709, full_range)
    small = (-(-size[0] // ratio[0]), -(-size[1] // ratio[1]))

    def plane(level, width, height):
        whole = np.full((height, width + pad), 77, np.uint8)
        whole[:, :width] = level
        return whole[:, :width]

    return PlanarPixels(plane(y, *size), plane(u, *small), plane(v, *small), full_range, bt709)


def limited(full):
    """Full-range luma as a camera of limited range sends it."""
    return np.round(16 + full.astype(np.float64) * 219 / 255).astype(np.uint8)


@pytest.mark.parametrize("name", COLORS)
@pytest.mark.parametrize("bt709", [False, True])
@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("pad", [0, 13])
def test_planes_give_the_colour_that_they_stand_for(name, bt709, full_range, pad):
    picture = planes(COLORS[name], bt709, full_range, pad=pad).bgr()
    assert picture.shape == (48, 64, 3)
    assert picture.dtype == np.uint8
    assert np.abs(picture.astype(int) - COLORS[name]).max() <= 3


@pytest.mark.parametrize("ratio", [(1, 1), (2, 1), (2, 2), (4, 1), (1, 2)])
@pytest.mark.parametrize("size", [(64, 48), (63, 47), (65, 3)])
def test_planes_of_any_subsampling_and_odd_sizes_give_the_whole_picture(ratio, size):
    pixels = planes(COLORS["red"], size=size, ratio=ratio)
    assert pixels.size == size
    assert pixels.bgr().shape == (size[1], size[0], 3)
    assert np.abs(pixels.bgr().astype(int) - COLORS["red"]).max() <= 3


def test_the_wrong_matrix_would_show():
    """What the test of colours can tell apart: green of BT.709 read as BT.601."""
    y, u, v = (np.full((8, 8), level, np.uint8) for level in yuv(COLORS["green"], True, True))
    assert np.abs(PlanarPixels(y, u, v, True, False).bgr().astype(int) - COLORS["green"]).max() > 10


@pytest.mark.parametrize("name", ["white", "black", "grey"])
@pytest.mark.parametrize("full_range", [False, True])
def test_grey_video_has_no_colour(name, full_range):
    y = np.full((48, 64), yuv(COLORS[name], False, full_range)[0], np.uint8)
    pixels = PlanarPixels(y, None, None, full_range, False)
    assert np.abs(pixels.bgr().astype(int) - COLORS[name]).max() <= 1
    cr, cb = pixels.chroma((32, 24), Shrinker())
    assert cr.shape == cb.shape == (24, 32)
    assert {*cr.ravel(), *cb.ravel()} == {128}


@pytest.mark.parametrize("pad", [0, 16])
def test_the_view_of_limited_range_video_equals_that_of_the_full_range_picture(pad):
    wide = np.zeros((360, 640 + pad), np.uint8)
    wide[:, :640] = limited(GREY)
    video = PlanarPixels(wide[:, :640], None, None, False, False)
    array = ArrayPixels(GREY)
    for size in (VIEW, (320, 180), (640, 360), (101, 57)):
        apart = np.abs(video.luma(size, Shrinker()).astype(int) - array.luma(size, Shrinker()))
        assert apart.max() <= 2


def test_limited_range_reaches_black_and_white_and_clips_beyond():
    y = np.array([[0, 16, 235, 255]], np.uint8).repeat(4, axis=0)
    assert PlanarPixels(y, None, None, False, False).luma((4, 4), Shrinker())[0].tolist() == [0, 0, 255, 255]


@pytest.mark.parametrize("name", ["red", "green", "blue", "grey", "dull"])
@pytest.mark.parametrize("full_range", [False, True])
def test_all_forms_give_the_same_view_with_colour(name, full_range):
    drawn = np.full((360, 640, 3), COLORS[name], np.uint8)
    want = cv2.cvtColor(drawn[:1, :1], cv2.COLOR_BGR2YCrCb)[0, 0].astype(int)
    forms = [
        ArrayPixels(drawn),
        JpegPixels(encode_jpeg(drawn, 95)),
        planes(COLORS[name], False, full_range, (640, 360)),
    ]
    for pixels in forms:
        view = Frame(1.5, UTC0, pixels).view(VIEW, Shrinker(), chroma=True)
        assert view.chroma is not None
        got = [int(np.median(plane)) for plane in (view.luma, *view.chroma)]
        assert np.abs(np.array(got) - want).max() <= 3, type(pixels).__name__
        assert all(plane.shape == (90, 160) for plane in (view.luma, *view.chroma))


def test_a_view_knows_where_it_is_from():
    view = Frame(1.5, UTC0, ArrayPixels(COLOR)).view((100, 90), Shrinker())
    assert view.scale == (6.4, 4.0)
    assert view.full_size == FULL
    assert view.at == 1.5
    assert view.chroma is None


@pytest.mark.parametrize(
    "full", [(640, 360), (1280, 720), (641, 359), (1300, 731), (1366, 768), (161, 91), (160, 90), (240, 135)]
)
@pytest.mark.parametrize("grey", [False, True])
def test_a_jpeg_decoded_small_equals_one_decoded_whole_and_shrunk(full, grey):
    drawn = textured(full, fine=5)
    if not grey:
        drawn = cv2.merge([drawn, textured(full, seed=2, fine=0), textured(full, seed=3, fine=0)])
    data = encode_jpeg(drawn, 92)
    pixels = JpegPixels(data)
    assert pixels.size == full
    small = pixels.luma(VIEW, Shrinker()).astype(int)
    whole = cv2.resize(
        cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE), VIEW, interpolation=cv2.INTER_AREA
    )
    exact = all(side % want == 0 for side, want in zip(full, VIEW, strict=True))
    assert np.abs(small - whole).max() <= (2 if exact else 10)
    assert np.abs(small - whole).mean() < (0.5 if exact else 1.5)
    if not grey:
        for plane, want in zip(
            pixels.chroma(VIEW, Shrinker()), ArrayPixels(drawn).chroma(VIEW, Shrinker()), strict=True
        ):
            assert np.abs(plane.astype(int) - want).mean() < 2


@pytest.mark.parametrize("full", [(640, 360), (641, 359), (160, 90), (240, 135)])
def test_a_stream_whose_colours_are_asked_for_is_decoded_once_a_picture(full, monkeypatch):
    data = encode_jpeg(cv2.merge([textured(full, seed=seed, fine=0, low=60, high=200) for seed in (1, 2, 3)]), 92)
    decoded = []
    monkeypatch.setattr(
        "watcher.vision.jpeg.decode_picture", lambda *how: decoded.append(how) or decode_picture(*how)
    )
    asked, half = Asked(), (VIEW[0] // 2, VIEW[1] // 2)
    views = []
    for colors in (True, True, False, False):
        pixels = JpegPixels(data, asked)
        luma = pixels.luma(VIEW, Shrinker()).astype(int)
        views.append((luma, *(pixels.chroma(VIEW, Shrinker()) + pixels.chroma(half, Shrinker()) if colors else ())))
    # Grey and, twice, colours; all at once; all at once, in vain; grey.
    assert len(decoded) == 3 + 1 + 1 + 1
    for separate, together in zip(*views[:2], strict=True):
        assert separate.shape == together.shape
        assert np.abs(separate.astype(int) - together).mean() < 1
    assert np.array_equal(views[3][0], views[0][0])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_jpeg_is_turned_in_every_form(orientation):
    mark = b"Exif\0\0II*\0\x08\0\0\0\x01\0" + struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0) + bytes(4)
    plain = encode_jpeg(COLOR, 92)
    data = plain[:2] + b"\xff\xe1" + struct.pack(">H", len(mark) + 2) + mark + plain[2:]
    frame = Frame(0.0, UTC0, JpegPixels(data))
    width, height = frame.size
    assert frame.size == (FULL if orientation < 5 else FULL[::-1])
    assert frame.bgr().shape == (height, width, 3)
    small = (width // 4, height // 4)
    view = frame.view(small, Shrinker(), chroma=True)
    want = ArrayPixels(frame.bgr()).luma(small, Shrinker()).astype(int)
    assert np.abs(view.luma - want).mean() < 2
    assert view.chroma is not None
    assert view.chroma[0].shape == (small[1], small[0])


def test_a_cameras_jpeg_is_handed_on_as_it_came():
    data = encode_jpeg(COLOR)
    pixels = JpegPixels(data)
    assert pixels.jpeg() is data
    assert pixels.owned() is pixels
    assert pixels.bgr() is pixels.bgr()


def test_planes_are_converted_once():
    pixels = planes(COLORS["red"])
    assert pixels.bgr() is pixels.bgr()


@pytest.mark.parametrize("drawn", [GREY, COLOR], ids=["grey", "colour"])
def test_arrays_and_planes_can_be_jpeg(drawn):
    data = ArrayPixels(drawn).jpeg()
    assert JpegPixels(data).size == FULL
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert decoded.ndim == drawn.ndim
    assert np.abs(decoded.astype(int) - drawn).mean() < 6
    assert JpegPixels(planes(COLORS["blue"]).jpeg()).size == (64, 48)


def test_owned_pixels_share_no_memory_and_let_go_of_the_decoder():
    class Decoder:
        """Owns the planes' memory."""

    decoder = Decoder()
    gone = weakref.ref(decoder)
    y, u, v = (
        np.full((40, 48), 90, np.uint8)[:, :40],
        np.full((20, 20), 120, np.uint8),
        np.full((20, 20), 140, np.uint8),
    )
    frame = Frame(3.0, UTC0, PlanarPixels(y, u, v, True, False, keep=decoder), 7, 2.5, "a.jpg")
    before = frame.bgr().copy()
    owned = frame.owned()
    assert (owned.at, owned.utc, owned.index, owned.media_time, owned.name) == (3.0, UTC0, 7, 2.5, "a.jpg")
    del decoder
    gc.collect()
    assert gone() is not None
    del frame
    gc.collect()
    assert gone() is None
    y[:], u[:], v[:] = 0, 0, 0
    np.testing.assert_array_equal(owned.bgr(), before)
    assert owned.view((20, 20), Shrinker()).luma.min() == 90


def test_owned_arrays_share_no_memory():
    drawn = COLOR.copy()
    owned = ArrayPixels(drawn).owned()
    drawn[:] = 0
    np.testing.assert_array_equal(owned.bgr(), COLOR)


@pytest.mark.parametrize("size", [VIEW, FULL, (320, 180)])
@pytest.mark.parametrize("kind", ["array", "grey array", "planes"])
def test_a_view_outlives_what_it_was_made_of(kind, size):
    """A camera that fills one buffer over and over must not change what was seen before."""
    grey = GREY.copy()
    drawn = COLOR.copy()
    made = {
        "array": ArrayPixels(drawn),
        "grey array": ArrayPixels(grey),
        "planes": PlanarPixels(grey, grey, grey, True, False),
    }
    view = Frame(0.0, UTC0, made[kind]).view(size, Shrinker(), chroma=True)
    assert view.chroma is not None
    before = [plane.copy() for plane in (view.luma, *view.chroma)]
    grey[:], drawn[:] = 0, 0
    for plane, was in zip((view.luma, *view.chroma), before, strict=True):
        np.testing.assert_array_equal(plane, was)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4), np.float32),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 1), np.uint8),
        np.zeros(4, np.uint8),
    ],
)
def test_arrays_of_another_kind_are_refused_with_their_shape(array):
    with pytest.raises(ValueError, match=r"expected uint8 of shape \(H, W\) or \(H, W, 3\), got"):
        ArrayPixels(array)


def test_a_jpeg_that_is_none_is_refused_at_the_door_and_a_broken_one_when_asked():
    with pytest.raises(PictureUnreadable):
        JpegPixels(b"no picture")
    data = encode_jpeg(COLOR)
    broken = JpegPixels(data[: len(data) // 3])
    assert broken.size == FULL
    for ask in (lambda: broken.luma(VIEW, Shrinker()), lambda: broken.chroma(VIEW, Shrinker()), broken.bgr):
        with pytest.raises(PictureUnreadable):
            ask()
