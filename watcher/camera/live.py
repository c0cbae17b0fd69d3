"""The live picture: now and then a frame is set aside, and whoever delivers it makes the picture of it."""

from collections.abc import Callable
from copy import copy
from typing import cast

import cv2

from watcher.camera.options import LiveOptions
from watcher.sinks import StateValue
from watcher.vision.arrays import U8
from watcher.vision.frame import Frame, encode_jpeg

_QUALITY = 75


class LiveView:
    """Offers a picture of now as the state ``live``, no more often than the options say."""

    def __init__(self, offer: Callable[[str, StateValue], None]) -> None:
        self._offer = offer
        self._next = float("-inf")

    def show(self, frame: Frame, options: LiveOptions, clock: float) -> None:
        """Offer this frame if it is time for one; `clock` in monotonic seconds."""
        if not options.enabled or clock < self._next:
            return
        self._next = clock + options.every
        kept, width = frame.owned(), options.width
        self._offer("live", lambda: _picture(kept, width))


def _picture(frame: Frame, width: int) -> bytes:
    pixels = copy(frame.pixels)
    if frame.size[0] <= width:
        return pixels.jpeg()
    size = (width, max(1, round(frame.size[1] * width / frame.size[0])))
    return encode_jpeg(cast(U8, cv2.resize(pixels.bgr(), size, interpolation=cv2.INTER_AREA)), _QUALITY)
