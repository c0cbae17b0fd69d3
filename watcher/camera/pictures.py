"""The pictures of one moment for people: boxed, clean, what was expected, and the difference."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.errors import PictureUnreadable
from watcher.vision import draw
from watcher.vision.arrays import U8
from watcher.vision.detection import Region
from watcher.vision.frame import Frame, Pixels, encode_jpeg
from watcher.vision.geometry import Point
from watcher.vision.jpeg import JpegPixels

DIFFERENCE_WIDTH = 640

Made = TypeVar("Made")

_easel = ThreadPoolExecutor(1, "draw")


def drawn(make: Callable[[], Made]) -> Made:
    """What `make` makes, in the one thread that draws for all cameras.

    OpenCV unpacks its letters anew for each thread that writes, 5 MB that stay, and a 1080p picture takes 16 MB
    while it is drawn: it is never several at once.
    """
    return _easel.submit(make).result()


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """What was seen and thought at one time, free of every buffer that will be used again.

    Attributes
    ----------
    frame : owned.
    regions : of the detection.
    change : float32 of the view's shape, 0 = same to 1 = different; None where nothing was compared.
    expected : uint8 BGR or grey at the view's size; None before it is learnt.
    words : what has changed in this very frame, for people; empty where nothing has.
    """

    frame: Frame
    regions: tuple[Region, ...]
    change: NDArray[np.float32] | None
    expected: U8 | None
    words: str = ""


class FramePictures:
    """Pictures of a moment, drawn and encoded when first asked for, by whoever delivers them.

    Parameters
    ----------
    moment : what to show.
    quiet : the newest full frame without change, owned: shown as the reference; else the moment's `expected` is.
    zones : polygons in fractions of the picture, by key.
    caption : a line along the top of the boxed picture.
    """

    def __init__(
        self, moment: Moment, quiet: Frame | None, zones: Mapping[str, Sequence[Point]], caption: str
    ) -> None:
        self._moment, self._quiet, self._zones, self.caption = moment, quiet, zones, caption

    # Two outlets may ask at the same time; each picture is made once.

    def annotated(self) -> bytes:
        return drawn(lambda: self._annotated)

    def clean(self) -> bytes:
        return drawn(lambda: self._clean)

    def reference(self) -> bytes | None:
        return drawn(lambda: self._reference)

    def difference(self) -> bytes | None:
        return drawn(lambda: self._difference)

    @cached_property
    def _annotated(self) -> bytes:
        picture = _apart(self._moment.frame).bgr()
        return encode_jpeg(draw.annotated(picture, self._moment.regions, self._zones, self.caption))

    @cached_property
    def _clean(self) -> bytes:
        return _apart(self._moment.frame).jpeg()

    @cached_property
    def _reference(self) -> bytes | None:
        if self._quiet is not None:
            try:
                return _apart(self._quiet).jpeg()
            except PictureUnreadable:
                pass
        return None if self._moment.expected is None else encode_jpeg(self._moment.expected)

    @cached_property
    def _difference(self) -> bytes | None:
        if self._moment.change is None:
            return None
        picture = _apart(self._moment.frame).bgr()
        if picture.shape[1] > DIFFERENCE_WIDTH:
            height = max(1, round(picture.shape[0] * DIFFERENCE_WIDTH / picture.shape[1]))
            small = cv2.resize(picture, (DIFFERENCE_WIDTH, height), interpolation=cv2.INTER_AREA)
            picture = cast(U8, small)
        return encode_jpeg(draw.heatmap(picture, self._moment.change))


class Keepsake:
    """A frame that is kept, and becomes JPEG as soon as the thread that draws has come to it.

    `owned`: it holds on to no buffer of others already, and need not be copied.

    Attributes
    ----------
    frame : owned; the planes at first, the JPEG later.
    """

    def __init__(self, frame: Frame, *, owned: bool = False) -> None:
        self.frame = frame if owned else frame.owned()
        if not isinstance(frame.pixels, JpegPixels):
            _easel.submit(self._compress)

    def younger(self, at: float, seconds: float) -> bool:
        """Whether it was seen less than so long before `at`."""
        return 0 <= at - self.frame.at < seconds

    def _compress(self) -> None:
        self.frame = compressed(self.frame) or self.frame


def compressed(frame: Frame) -> Frame | None:
    """The frame as JPEG, a tenth of its planes' bytes: what is kept all the time. None where it is broken."""
    if isinstance(frame.pixels, JpegPixels):
        return frame
    try:
        return replace(frame, pixels=JpegPixels(_apart(frame).jpeg()))
    except PictureUnreadable:
        return None


def _apart(frame: Frame) -> Pixels:
    """The pixels of a frame that lives on, so that what they are converted to (6 MB at 1080p) does not."""
    return copy(frame.pixels)
