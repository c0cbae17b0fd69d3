"""Which size of pictures is believed: one stray picture must not throw away what was learnt."""

import logging
import time

from watcher.ration import Ration
from watcher.vision.frame import Frame, Tick
from watcher.vision.geometry import Size

log = logging.getLogger(__name__)

BELIEVED_AFTER = 3
"""So many pictures in a row of one new size: the camera has been set to it."""


class Sizes:
    """The sizes that a camera's pictures have had lately; belongs to the watch thread."""

    def __init__(self, camera: str) -> None:
        self._camera = camera
        self._new: Size | None = None
        self._in_a_row = 0
        self._strays, self._changes = Ration(most=1), Ration(most=1)

    def stray(self, frame: Frame, known: Size | None) -> Tick | None:
        """What is seen instead of a frame of another size than is known; None for one that is to be taken."""
        if known is None or frame.size == known:
            self._new, self._in_a_row = None, 0
            return None
        self._in_a_row = self._in_a_row + 1 if frame.size == self._new else 1
        self._new = frame.size
        if self._in_a_row >= BELIEVED_AFTER:
            return None
        (width, height), (usual_width, usual_height) = frame.size, known
        words = f"the picture is {width}x{height}, and {usual_width}x{usual_height} was expected: it is left out"
        if self._strays.allows(time.monotonic()):
            log.warning("%s: %s; another size is taken up when it has come %d times in a row",
                        self._camera, words, BELIEVED_AFTER)  # fmt: skip
        return Tick(frame.at, frame.utc, frame.index, frame.name, words)

    def changed(self, words: str) -> None:
        """Say that another size has been taken up, once a minute at most."""
        if self._changes.allows(time.monotonic()):
            log.warning("%s: %s; the reference is made anew", self._camera, words)
