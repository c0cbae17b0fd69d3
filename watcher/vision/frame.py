"""What was observed: a `Frame`, a `Tick` (no frame for a while) or a `Gap` (frames are missing).

A frame keeps its pixels in the form they came in (decoded planes, JPEG bytes, an array) and converts them when
asked and at most once, so that a quiet frame is never turned into colour nor copied. What the detector sees of
it is a `View`: small luma, and chroma where asked, always full range (0-255), whatever the source's range is.

Every observation carries `at`, seconds on a clock that never steps (monotonic time for cameras, media time for
recordings), and `utc`, which is only ever written out.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Protocol, cast

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from watcher.vision.arrays import U8, Window
from watcher.vision.geometry import Size
from watcher.vision.shrink import Shrinker, shrunk_part

Chroma = tuple[U8, U8]
"""Cr and Cb, uint8, 128 = no colour, of the view's shape."""

JPEG_QUALITY = 85


class Pixels(Protocol):
    """The pixels of one frame in the form they came in. Results must not be written to."""

    @property
    def size(self) -> Size:
        """(width, height) of the full picture."""
        ...

    def luma(self, size: Size, shrinker: Shrinker) -> U8:
        """Grey at `size`, uint8, full range; may be the shrinker's own buffer (valid until its next use)."""
        ...

    def chroma(self, size: Size, shrinker: Shrinker) -> Chroma:
        """Cr and Cb at `size`."""
        ...

    def bgr(self) -> U8:
        """The full picture, uint8 BGR of shape (H, W, 3)."""
        ...

    def jpeg(self) -> bytes:
        """The full picture as JPEG: the camera's own bytes where it sent them."""
        ...

    def owned(self) -> "Pixels":
        """The same pixels, holding on to no buffer of a decoder or camera."""
        ...


class ArrayPixels:
    """Pixels that came as an array: uint8, BGR of shape (H, W, 3) or grey of shape (H, W)."""

    def __init__(self, array: NDArray[np.uint8]) -> None:
        if array.dtype != np.uint8 or array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] != 3):
            raise ValueError(f"expected uint8 of shape (H, W) or (H, W, 3), got {array.dtype} {array.shape}")
        self._array = array

    @property
    def size(self) -> Size:
        return self._array.shape[1], self._array.shape[0]

    def luma(self, size: Size, shrinker: Shrinker) -> U8:
        if self._array.ndim == 2:
            return shrinker.shrink(self._array, size)
        # Grey first: a third of the bytes to shrink, and the order in which every other path works.
        return shrinker.shrink(cast(U8, cv2.cvtColor(self._array, cv2.COLOR_BGR2GRAY)), size)

    def chroma(self, size: Size, shrinker: Shrinker) -> Chroma:
        if self._array.ndim == 2:
            neutral = np.full((size[1], size[0]), 128, np.uint8)
            return neutral, neutral
        return split_chroma(cv2.cvtColor(shrinker.shrink(self._array, size), cv2.COLOR_BGR2YCrCb))

    def bgr(self) -> U8:
        if self._array.ndim == 2:
            return cast(U8, cv2.cvtColor(self._array, cv2.COLOR_GRAY2BGR))
        return self._array

    def jpeg(self) -> bytes:
        return encode_jpeg(self._array)

    def owned(self) -> "ArrayPixels":
        return ArrayPixels(self._array.copy())


class PlanarPixels:
    """Pixels that came decoded as planes of luma and chroma (YUV), as video decoders give them.

    Parameters
    ----------
    y : uint8 of shape (H, W); rows may be padded (a strided view).
    u, v : uint8 of shape (H / a, W / b), or None for grey video.
    full_range : whether luma spans 0-255 (JPEG) or 16-235 (most cameras and recordings).
    bt709 : whether colour follows ITU-R BT.709 (most HD material) or BT.601.
    keep : what owns the memory of the planes; held for as long as the views are.
    """

    def __init__(
        self, y: U8, u: U8 | None, v: U8 | None, full_range: bool, bt709: bool, keep: object = None
    ) -> None:
        self._y, self._u, self._v = y, u, v
        self._full_range, self._bt709, self._keep = full_range, bt709, keep

    @property
    def size(self) -> Size:
        return self._y.shape[1], self._y.shape[0]

    def luma(self, size: Size, shrinker: Shrinker) -> U8:
        small = shrinker.shrink(self._y, size)
        if self._full_range:
            return small
        # Into the shrinker's own buffer; equal to the table at every level, in a third of its time.
        return cast(U8, cv2.addWeighted(small, 255 / 219, small, 0, -16 * 255 / 219, dst=small))

    def chroma(self, size: Size, shrinker: Shrinker) -> Chroma:
        if self._u is None or self._v is None:
            neutral = np.full((size[1], size[0]), 128, np.uint8)
            return neutral, neutral
        return self._in_full_range(chroma_at(self._v, size), chroma_at(self._u, size))

    def chroma_in(self, size: Size, window: Window) -> Chroma | None:
        """The `window` of `chroma`, at its part of the cost; None where that is not to be had."""
        if self._u is None or self._v is None:
            return None
        cr, cb = shrunk_part(self._v, size, window), shrunk_part(self._u, size, window)
        return None if cr is None or cb is None else self._in_full_range(cr, cb)

    def _in_full_range(self, cr: U8, cb: U8) -> Chroma:
        if self._full_range:
            return cr, cb
        return cast(U8, cv2.LUT(cr, _CHROMA_TO_FULL)), cast(U8, cv2.LUT(cb, _CHROMA_TO_FULL))

    def bgr(self) -> U8:
        return self._bgr

    def jpeg(self) -> bytes:
        return encode_jpeg(self._bgr)

    def owned(self) -> "PlanarPixels":
        u, v = (plane if plane is None else plane.copy() for plane in (self._u, self._v))
        return PlanarPixels(self._y.copy(), u, v, self._full_range, self._bt709)

    @property
    def lent(self) -> list[object]:
        """What the planes' memory is known by while it is another's: all gone when nobody looks at it any more."""
        planes = () if self._keep is None else (self._y, self._u, self._v)
        return [plane.base for plane in planes if plane is not None and plane.base is not None]

    def let_go(self) -> None:
        """Give the planes back to their owner and go on with copies; also while another thread looks at them."""
        if self._keep is not None:
            own = self.owned()
            self._y, self._u, self._v, self._keep = own._y, own._u, own._v, None

    @cached_property
    def _bgr(self) -> U8:
        if self._u is None or self._v is None:
            grey = self._y if self._full_range else cv2.LUT(self._y, _LUMA_TO_FULL)
            return cast(U8, cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR))
        chroma = [cv2.resize(p, self.size, interpolation=cv2.INTER_LINEAR) for p in (self._u, self._v)]
        matrix = _yuv_to_bgr(self._full_range, self._bt709)
        picture = np.empty((*self._y.shape, 3), np.uint8)
        # In bands, so that the planes are not needed side by side and merged all at once.
        for band in (slice(y, y + 64) for y in range(0, self._y.shape[0], 64)):
            merged = cv2.merge([plane[band] for plane in (self._y, *chroma)])
            cv2.transform(merged, matrix, dst=picture[band])
        return picture


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What the detector sees of a frame.

    Attributes
    ----------
    luma : uint8 of shape (h, w), 0-255. Valid until the next view is made by the same `Shrinker`.
    chroma : Cr and Cb of the same shape, or None where colour was not asked for.
    scale : (x, y) factors from view pixels to full-frame pixels.
    full_size : (width, height) of the frame.
    at : seconds.
    """

    luma: U8
    chroma: Chroma | None
    scale: tuple[float, float]
    full_size: Size
    at: float


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a camera or recording.

    Attributes
    ----------
    at : seconds on a clock that does not step; media time for recordings.
    utc : aware datetime of the capture; only written out, never computed with.
    pixels : the picture in the form it came in.
    index : number of the frame in its source, from 0 (dropped frames count).
    media_time : seconds from the first frame of a recording; None for cameras.
    name : file name of the picture, for folders; None otherwise.
    """

    at: float
    utc: datetime
    pixels: Pixels
    index: int = 0
    media_time: float | None = None
    name: str | None = None

    @property
    def size(self) -> Size:
        return self.pixels.size

    def view(self, size: Size, shrinker: Shrinker, chroma: bool = False) -> View:
        """The frame as the detector sees it at `size` (width, height)."""
        full = self.pixels.size
        return View(
            luma=self.pixels.luma(size, shrinker),
            chroma=self.pixels.chroma(size, shrinker) if chroma else None,
            scale=(full[0] / size[0], full[1] / size[1]),
            full_size=full,
            at=self.at,
        )

    def bgr(self) -> U8:
        """The full picture, uint8 BGR of shape (H, W, 3); converted once. Not to be written to."""
        return self.pixels.bgr()

    def jpeg(self) -> bytes:
        """The full picture as JPEG: the camera's own bytes where it sent them."""
        return self.pixels.jpeg()

    def owned(self) -> "Frame":
        """The same frame, free of any decoder's buffers: what may be queued or kept."""
        return Frame(self.at, self.utc, self.pixels.owned(), self.index, self.media_time, self.name)


@dataclass(frozen=True, slots=True)
class Tick:
    """No frame came for a while, or one that could not be read (`trouble` says why); time has passed.

    `index` and `name` are those of the unreadable picture, where it had one.
    """

    at: float
    utc: datetime
    index: int | None = None
    name: str | None = None
    trouble: str = ""

    @property
    def sentence(self) -> str:
        """The trouble, with the name of the picture that has it where it has one."""
        return f"{self.name}: {self.trouble}" if self.trouble and self.name else self.trouble


@dataclass(frozen=True, slots=True)
class Gap:
    """Frames are missing from here on.

    `reason` is one of lost, frozen, obscured, paused, reloaded, stopped; `detail` says it in words. `at` and
    `utc` are those of the moment at which this was known.
    """

    at: float
    utc: datetime
    reason: str
    detail: str = ""


Observation = Frame | Tick | Gap


def encode_jpeg(picture: U8, quality: int = JPEG_QUALITY) -> bytes:
    """A uint8 BGR or grey picture as JPEG bytes."""
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f"OpenCV could not encode a picture of shape {picture.shape} as JPEG")
    return data.tobytes()


def chroma_at(plane: U8, size: Size) -> U8:
    """A plane of colour at the view's size; that of small pictures may be smaller."""
    if plane.shape[1] < size[0] or plane.shape[0] < size[1]:
        return cast(U8, cv2.resize(plane, size, interpolation=cv2.INTER_AREA))
    return Shrinker().shrink(plane, size)  # in half of the time, and into an array of its own


def split_chroma(ycrcb: MatLike) -> Chroma:
    """Of a picture in Y, Cr and Cb."""
    return cast(U8, cv2.extractChannel(ycrcb, 1)), cast(U8, cv2.extractChannel(ycrcb, 2))


def _table(offset: int, span: int, centre: int) -> U8:
    levels = (np.arange(256) - offset) * (255 / span) + centre
    return np.clip(np.round(levels), 0, 255).astype(np.uint8)


_LUMA_TO_FULL = _table(16, 219, 0)
_CHROMA_TO_FULL = _table(128, 224, 128)


def _yuv_to_bgr(full_range: bool, bt709: bool) -> NDArray[np.float32]:
    """3x4 matrix from (Y, U, V, 1) to (B, G, R): ITU-R BT.601 and BT.709, both from Kr and Kb."""
    kr, kb = (0.2126, 0.0722) if bt709 else (0.299, 0.114)
    kg = 1 - kr - kb
    y, c = (1.0, 1.0) if full_range else (255 / 219, 255 / 224)
    black = 0 if full_range else 16
    u_b, v_r = 2 * (1 - kb) * c, 2 * (1 - kr) * c
    rows = np.array(
        [[y, u_b, 0.0], [y, -u_b * kb / kg, -v_r * kr / kg], [y, 0.0, v_r]],
    )
    offsets = -rows @ np.array([black, 128, 128])
    return np.column_stack([rows, offsets]).astype(np.float32)
