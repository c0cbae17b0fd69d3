"""The picture of what was learnt to be restless: for `watcher replay --restless` and `watcher reference show`."""

from pathlib import Path
from typing import TYPE_CHECKING

from watcher.errors import SinkError

if TYPE_CHECKING:
    from watcher.vision.arrays import U8
    from watcher.vision.detector import Detector
    from watcher.vision.frame import Frame, Observation


class RestlessPicture:
    """Is told of every observation, and writes the last picture; nothing where there is no `path`."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._last: Frame | None = None

    def note(self, seen: "Observation") -> None:
        from watcher.vision.frame import Frame

        if self._path is not None and isinstance(seen, Frame):
            self._last = seen

    def write(self, detector: "Detector") -> None:
        """SinkError where the disk does not take it."""
        if self._path is not None and self._last is not None and detector.size is not None:
            write_restless(self._path, detector, self._last.bgr())


def write_restless(path: Path, detector: "Detector", picture: "U8") -> None:
    """`picture` in grey, coloured the more the higher thresholds are raised there. SinkError as above."""
    import cv2

    from watcher.vision import draw
    from watcher.vision.restless import MOST

    raised = (detector.restlessness - 1) / (MOST - 1)
    try:
        path.write_bytes(cv2.imencode(".png", draw.heatmap(picture, raised))[1].tobytes())
    except OSError as error:
        raise SinkError(f"{path} cannot be written ({error.strerror})") from None
