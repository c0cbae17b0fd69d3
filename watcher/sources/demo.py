"""The demo as a source: a camera that needs no camera."""

import threading
from collections.abc import Iterator
from fractions import Fraction

from watcher.errors import SourceUnavailable
from watcher.sources.demo_scene import DemoScene
from watcher.sources.interrupt import CLOSED
from watcher.sources.options import DemoOptions
from watcher.sources.times import Timeline
from watcher.vision.frame import ArrayPixels, Frame, Tick


class Demo:
    """Frames of a `DemoScene`, over and over."""

    def __init__(self, options: DemoOptions, camera: str) -> None:
        self.live = options.pace == "real"
        self.ends = options.length is not None
        self._options = options
        self._closed = threading.Event()
        self._scene: DemoScene | None = None

    def open(self) -> None:
        if self._closed.is_set():
            raise SourceUnavailable(CLOSED)
        self._scene = DemoScene(self._options.seed)
        self._scene.picture(0.0)  # what is drawn once is drawn before the first frame is due

    def frames(self) -> Iterator[Frame | Tick]:
        if self._scene is None:
            raise SourceUnavailable("the demo has not been opened")
        timeline = Timeline(None, self._options.pace, self._closed)
        frame_time = 1 / Fraction(str(self._options.fps))
        index = 0
        while True:
            seconds = float(index * frame_time)
            if self._options.length is not None and seconds >= self._options.length:
                return
            at, utc = timeline.moment(seconds)
            if self._closed.is_set():
                return
            media_time = None if self.live else seconds
            yield Frame(at, utc, ArrayPixels(self._scene.picture(seconds)), index, media_time)
            index += 1

    def close(self) -> None:
        self._closed.set()
