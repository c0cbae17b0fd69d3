"""The pixels of a decoded frame as views of the decoder's planes: nothing is copied, nothing converted."""

import time
import weakref
from collections import deque
from typing import Any, cast

import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

from watcher.ration import Ration
from watcher.vision.arrays import U8
from watcher.vision.frame import ArrayPixels, Pixels, PlanarPixels
from watcher.vision.geometry import Size
from watcher.vision.shrink import Shrinker, halves

_PLANAR = frozenset(
    ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "yuv440p", "yuvj440p", "yuv411p")
)
_BT709, _UNSPECIFIED, _BT2020 = 1, 2, (9, 10)
_FULL, _NO_RANGE = 2, 0


def pixels_of(frame: VideoFrame) -> Pixels:
    """A decoded frame's pixels: views of its planes, nothing copied.

    8-bit planar YUV, NV12 and grey stay as they are; RGB and palette formats become BGR; everything else (more
    than 8 bits, packed YUV) is made yuv420p by PyAV. Turned as the recording's display matrix says, as phones
    write it.
    """
    kind = frame.format.name
    if kind not in _PLANAR and kind not in ("nv12", "gray"):
        if frame.format.is_rgb or kind == "pal8":
            return ArrayPixels(_turned(_bgr(frame), frame.rotation))
        frame, kind = _as_yuv420p(frame), "yuv420p"
    full_range = frame.color_range == _FULL or kind.startswith("yuvj")
    # Grey without a range is what JPEG and PNG decoders give, and those know no other than the full one.
    full_range = full_range or (kind == "gray" and frame.color_range == _NO_RANGE)
    if frame.rotation % 360 == 0 and kind != "gray":
        return DecodedPixels(frame, full_range)
    turned = [_turned(plane, frame.rotation) for plane in _planes_of(frame)]
    u, v = turned[1:] if len(turned) == 3 else (None, None)
    keep = frame if frame.rotation % 360 == 0 else None
    return PlanarPixels(turned[0], u, v, full_range, _is_bt709(frame), keep=keep)


def _planes_of(frame: VideoFrame) -> list[U8]:
    """The planes of a frame in a planar format, NV12 or grey, as they lie."""
    held = frame.planes
    planes: list[U8] = [_rows(held[0], held[0].width)]
    if frame.format.name == "nv12":
        both = _rows(held[1], 2 * held[1].width)
        planes += [np.ascontiguousarray(both[:, 0::2]), np.ascontiguousarray(both[:, 1::2])]
    elif frame.format.name != "gray":
        planes += [_rows(plane, plane.width) for plane in held[1:3]]
    return planes


class DecodedPixels(PlanarPixels):
    """Planes of a frame of FFmpeg's, by which it is shrunk where OpenCV would take longer.

    libswscale reads a picture once, row by row, and gives it its full range on the way: 1080p to 320x180 takes
    three quarters of the time, PAL to 320x262 a quarter, and the means are nearer to the truth. Views of the planes
    are made when they are asked for: of most quiet frames they never are.
    """

    def __init__(self, frame: VideoFrame, full_range: bool) -> None:
        self._full_range, self._bt709, self._keep = full_range, _is_bt709(frame), frame
        self._size = frame.width, frame.height

    def __getattr__(self, name: str) -> U8:
        frame = self.__dict__.get("_keep")
        if name not in ("_y", "_u", "_v") or frame is None:
            raise AttributeError(name)
        self._y, self._u, self._v = _planes_of(frame)
        found: U8 = self.__dict__[name]
        return found

    @property
    def size(self) -> Size:
        return self._size

    def luma(self, size: Size, shrinker: Shrinker) -> U8:
        frame = self._keep
        if not isinstance(frame, VideoFrame) or halves(self.size, size):
            return super().luma(size, shrinker)
        kind = frame.format.name, frame.width, frame.height, size, self._full_range
        reformatter = _borrowed(kind)
        small = reformatter.reformat(
            frame, *size, "gray",
            interpolation=Interpolation.AREA,
            src_color_range=ColorRange.JPEG if self._full_range else ColorRange.MPEG,
            dst_color_range=ColorRange.JPEG,
            threads=1,
        )  # fmt: skip
        _idle.setdefault(kind, []).append(reformatter)
        rows = _rows(small.planes[0], size[0])
        return rows if rows.flags.c_contiguous else shrinker.kept(rows)


_idle: dict[tuple[str, int, int, Size, bool], list[VideoReformatter]] = {}
"""What shrinks frames of one kind, lent from camera to camera: each takes a quarter of a megabyte."""

_MOST_KINDS = 8


def _borrowed(kind: tuple[str, int, int, Size, bool]) -> VideoReformatter:
    # One pop is one step, also where several threads do it.
    try:
        return _idle[kind].pop()
    except (KeyError, IndexError):
        if len(_idle) > _MOST_KINDS:
            _idle.clear()
        return VideoReformatter()


class Lent:
    """The pictures that a live decoder has handed out, so that none is kept from it for longer than need be.

    FFmpeg takes the memory of its pictures from a pool that grows and never shrinks: a picture that is still looked
    at while the one after the next is decoded costs another, 3 MB at 1080p, for as long as the stream lasts. It is
    copied instead. Where that happens all the time, the buffer costs less than the copies.
    """

    WITHIN = 0.01
    """Seconds for which a call that reads a picture is waited for: it takes a millisecond, once it has a core."""

    def __init__(self) -> None:
        self._last: deque[tuple[weakref.ref[PlanarPixels], list[weakref.ref[Any]]]] = deque(maxlen=2)
        self._copies = Ration(200)

    def pixels_of(self, frame: VideoFrame) -> Pixels:
        """`pixels_of` a frame that has just been decoded."""
        pixels = pixels_of(frame)
        if isinstance(pixels, PlanarPixels):
            self._last.append((weakref.ref(pixels), [weakref.ref(plane) for plane in pixels.lent]))
        return pixels

    def call_in(self) -> None:
        """Before the next one is decoded: that rests on the last one, the one before it is wanted back."""
        if len(self._last) < 2:
            return
        picture, planes = self._last[0]
        held = picture()
        if held is None or not self._copies.allows(time.monotonic()):
            return
        held.let_go()
        until = time.monotonic() + self.WITHIN
        while any(plane() is not None for plane in planes) and time.monotonic() < until:
            time.sleep(self.WITHIN / 10)


def _is_bt709(frame: VideoFrame) -> bool:
    """BT.2020 is nearer to BT.709 than to BT.601; HD without a word about it is BT.709, as players take it."""
    if frame.colorspace == _UNSPECIFIED:
        return frame.height >= 720
    return frame.colorspace == _BT709 or frame.colorspace in _BT2020


def _rows(plane: VideoPlane, width: int) -> U8:
    rows = np.frombuffer(cast(Any, plane), np.uint8).reshape(plane.height, abs(plane.line_size))[:, :width]
    # Pictures stored bottom up have a negative line size, and OpenCV takes no negative strides.
    return rows if plane.line_size > 0 else np.ascontiguousarray(rows[::-1])


def _bgr(frame: VideoFrame) -> U8:
    """The frame as BGR of shape (H, W, 3), without the padding of its rows."""
    rows = _rows(frame.reformat(format="bgr24").planes[0], 3 * frame.width)
    return np.ascontiguousarray(rows).reshape(frame.height, frame.width, 3)


def _as_yuv420p(frame: VideoFrame) -> VideoFrame:
    converted = frame.reformat(format="yuv420p")
    converted.color_range, converted.colorspace = frame.color_range, frame.colorspace
    return converted


def _turned(plane: U8, rotation: int) -> U8:
    """The plane turned by `rotation` degrees counter-clockwise, a multiple of 90 (others are left alone)."""
    code = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}.get(
        rotation % 360
    )
    return plane if code is None else cast(U8, cv2.rotate(plane, code))
