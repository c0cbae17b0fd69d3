"""A camera before which a square comes and goes, and which writes down when it has come and gone again."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from watcher.vision.frame import ArrayPixels, Frame

FPS = 20
SHOWN, PERIOD = 8, 20
"""The square is there for 8 pictures of every 20: an event a second."""
_LEARNING = 2 * FPS


class Blinking:
    """Small pictures at `FPS`; `settings["log"]` is a file with a line for each time that the square has gone."""

    live = True

    def __init__(self, settings: dict[str, Any], camera: str) -> None:
        generator = np.random.default_rng(5)
        self._empty = generator.integers(60, 190, (18, 32, 3), np.uint8).repeat(10, 0).repeat(10, 1)
        self._full = self._empty.copy()
        self._full[60:120, 100:200] = (20, 20, 240)
        self._log = os.open(Path(settings["log"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._closed = False

    def open(self) -> None:
        pass

    def frames(self) -> Iterator[Frame]:
        began = time.monotonic()
        index = 0
        while not self._closed:
            # A camera's clock: a frame is there when its time has come.
            time.sleep(max(0.0, began + index / FPS - time.monotonic()))
            phase = (index - _LEARNING) % PERIOD if index >= _LEARNING else PERIOD
            picture = self._full if phase < SHOWN else self._empty
            if index > _LEARNING and phase == SHOWN:
                os.write(self._log, f"{time.time():.3f}\n".encode())
            yield Frame(time.monotonic(), datetime.now(UTC), ArrayPixels(picture), index)
            index += 1

    def close(self) -> None:
        self._closed = True
