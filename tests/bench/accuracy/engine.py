"""The engine that users get, fed with pictures that are made here: `watcher.replaying` with a source of our own."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from watcher.replaying import Replay, camera_options
from watcher.sources.options import CustomOptions
from watcher.vision.frame import ArrayPixels, Frame, Pixels

Pictures = Iterable[np.ndarray | Pixels]
"""uint8 BGR or grey, or pixels in the form in which cameras give them, one after the other."""

_START = datetime(1970, 1, 1, tzinfo=UTC)


class Given:
    """A recording whose pictures are computed while it is watched."""

    live = False

    def __init__(self, settings: dict[str, Any], camera: str) -> None:
        self._pictures: Callable[[], Pictures] = settings["pictures"]
        self._fps: float = settings["fps"]

    def open(self) -> None:
        pass

    def frames(self) -> Iterator[Frame]:
        for index, picture in enumerate(self._pictures()):
            at = index / self._fps
            pixels = ArrayPixels(picture) if isinstance(picture, np.ndarray) else picture
            yield Frame(at, _START + timedelta(seconds=at), pixels, index, at)

    def close(self) -> None:
        pass


def watching(pictures: Callable[[], Pictures], fps: float, profile: str = "home") -> Replay:
    """A replay of those pictures with the defaults of a profile and nothing else."""
    kind = f"{Given.__module__}:{Given.__name__}"
    source = CustomOptions(kind=kind, settings={"pictures": pictures, "fps": fps})
    return Replay(replace(camera_options("demo", profile), source=source))
