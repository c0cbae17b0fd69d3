"""What changed in each frame of a recording, as pictures that other programs can score.

One 8-bit grey PNG a frame, of the frame's full size: 255 changed, 0 the same, 128 not watched or no verdict. Named
after the picture's stem, or for videos after the index of the frame, six digits.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.errors import SinkError, SourceUnavailable
from watcher.vision.arrays import U8
from watcher.vision.detection import Detection
from watcher.vision.draw import scaled_mask
from watcher.vision.frame import Frame, Observation, Tick
from watcher.vision.geometry import Size

CHANGED, SAME, UNKNOWN = 255, 0, 128


class Maps(Protocol):
    """What a detector found in its last frame, at any size: uint8 (255 changed), and bool (True watched)."""

    @property
    def changed(self) -> NDArray[np.uint8]: ...

    @property
    def watched(self) -> NDArray[np.bool_]: ...


def mask(size: Size, detection: Detection, maps: Maps) -> U8:
    """The mask of one frame of `size` (width, height)."""
    # A frame of the learning time has a mask as soon as there is something to compare it with.
    if detection.outcome == "blind" or (detection.outcome == "learning" and detection.similarity is None):
        return np.full((size[1], size[0]), UNKNOWN, np.uint8)
    full = scaled_mask(maps.changed, size).copy()
    looked_at = scaled_mask(maps.watched.astype(np.uint8) * 255, size)
    full[looked_at == 0] = UNKNOWN
    return full


def refuse_equal_stems(names: Iterable[str]) -> None:
    """SourceUnavailable where two pictures would have the same mask."""
    stems = Counter(PurePath(name).stem for name in names)
    for stem, count in stems.items():
        if count > 1:
            raise SourceUnavailable(
                f"{count} pictures are named {stem}: their masks would be one file; rename them, or replay fewer"
            )


class Masks:
    """Writes the masks of a recording into a folder, each as soon as its frame has been judged.

    Pictures that cannot be read get one too, all 128: of the size of the first that can, so those before it wait
    for it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._size: Size | None = None
        self._waiting: list[str] = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SinkError(f"the folder {folder} for masks cannot be made ({error.strerror})") from None

    def write(self, seen: Observation, detection: Detection, maps: Maps) -> None:
        """The mask of an observation, if it is of a picture; SinkError where the disk does not take it."""
        if isinstance(seen, Frame):
            if self._size is None:
                self._size = seen.size
                self._write_waiting()
            self._save(_file_name(seen), mask(seen.size, detection, maps))
        elif isinstance(seen, Tick) and (seen.name is not None or seen.index is not None):
            self._waiting.append(_file_name(seen))
            self._write_waiting()

    def finish(self) -> None:
        """Masks of one pixel for pictures none of which could be read: there is no size to give them."""
        if self._size is None:
            self._size = (1, 1)
        self._write_waiting()

    def _write_waiting(self) -> None:
        if self._size is not None:
            for name in self._waiting:
                self._save(name, np.full((self._size[1], self._size[0]), UNKNOWN, np.uint8))
            self._waiting.clear()

    def _save(self, name: str, picture: U8) -> None:
        path = self._folder / name
        # Level 1: masks are flat, and a higher one takes twice as long for a few hundred bytes.
        data = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1]
        try:
            path.write_bytes(data.tobytes())
        except OSError as error:
            raise SinkError(f"the mask {path} could not be written ({error.strerror})") from None


def _file_name(seen: Frame | Tick) -> str:
    return f"{PurePath(seen.name).stem}.png" if seen.name is not None else f"{seen.index or 0:06d}.png"
