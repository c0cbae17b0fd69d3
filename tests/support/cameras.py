"""Fakes for cameras: sources that are scripts, outlets that are lists, and a small seeded scene."""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watcher.camera.camera import Camera
from watcher.camera.options import CameraOptions
from watcher.camera.patience import Patience
from watcher.events.event import EventUpdate
from watcher.events.options import EventsOptions
from watcher.sinks import Pictures, StateValue
from watcher.sinks.options import StorageOptions
from watcher.sources.options import VideoOptions
from watcher.vision.frame import ArrayPixels, Frame, Tick
from watcher.vision.reference.options import BackgroundOptions

START = datetime(2026, 11, 22, 10, 18, tzinfo=UTC)
HURRY = Patience(lost_after=0.4, first_within=0.6, close_after=0.6, open_within=0.6, grace=0.2)
SIZE = (160, 96)


def scene(box: tuple[int, int, int, int] | None = None, size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    """A textured picture, with a bright thing in the box (x0, y0, x1, y1) if there is one."""
    random = np.random.default_rng(7)
    picture = random.integers(60, 140, (size[1], size[0], 3), dtype=np.uint8)
    if box is not None:
        x0, y0, x1, y1 = box
        picture[y0:y1, x0:x1] = random.integers(200, 255, (y1 - y0, x1 - x0, 3), dtype=np.uint8)
    return picture


def frame(number: int, picture: NDArray[np.uint8] | None = None, fps: float = 10.0) -> Frame:
    """Frame `number` of a recording."""
    at = number / fps
    pixels = ArrayPixels(scene() if picture is None else picture)
    return Frame(at, START + timedelta(seconds=at), pixels, number, at)


def dots(text: str, first: int = 0, fps: float = 10.0) -> list[Frame]:
    """A frame a character: ``.`` is quiet, ``#`` has a thing that moves about."""
    return [
        frame(first + n, scene((20 + 3 * (n % 8), 30, 60 + 3 * (n % 8), 70)) if one == "#" else scene(), fps)
        for n, one in enumerate(text)
    ]


EVENT = "." * 15 + "#" * 10 + "." * 20
"""Learnt, one event of a second, quiet until it has ended."""


class Recording:
    """A source that gives a list, then ends; `trouble` is raised instead of the end."""

    live = False

    def __init__(self, seen: Iterable[Frame | Tick], trouble: Exception | None = None) -> None:
        self._seen, self._trouble = list(seen), trouble

    def open(self) -> None:
        pass

    def frames(self) -> Iterator[Frame | Tick]:
        yield from self._seen
        if self._trouble is not None:
            raise self._trouble

    def close(self) -> None:
        pass


class Held:
    """Put into a `LiveSource`: the source hangs there, and does not hear `close`, until `let_go`."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.let_go = threading.Event()


class LiveSource:
    """A camera that gives what is put into `script`: frames, exceptions (raised), `Held`; and nothing else."""

    live = True

    def __init__(self, script: "queue.Queue[Any]") -> None:
        self.script = script
        self.closed = threading.Event()

    def open(self) -> None:
        if not self.script.empty() and isinstance(self.script.queue[0], OpenFails):
            raise self.script.get().error

    def frames(self) -> Iterator[Frame | Tick]:
        while not self.closed.is_set():
            try:
                one = self.script.get(timeout=0.02)
            except queue.Empty:
                continue
            if isinstance(one, Exception):
                raise one
            if isinstance(one, Held):
                one.reached.set()
                one.let_go.wait(30)
                continue
            yield one

    def close(self) -> None:
        self.closed.set()


class OpenFails:
    """Put into a `LiveSource`'s script: the next `open` raises this."""

    def __init__(self, error: Exception) -> None:
        self.error = error


class Filming:
    """Puts a picture into a script again and again, like a camera; `picture` may be changed meanwhile."""

    def __init__(self, script: "queue.Queue[Any]", fps: float = 40.0) -> None:
        self.picture = scene()
        self._script, self._pause = script, 1 / fps
        self._over = threading.Event()
        self._go = threading.Event()
        self._go.set()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def silence(self) -> None:
        self._go.clear()

    def go_on(self) -> None:
        self._go.set()

    def stop(self) -> None:
        self._over.set()
        self._go.set()
        self._thread.join()

    def _run(self) -> None:
        number = 0
        while not self._over.wait(self._pause):
            self._go.wait()
            self._script.put(Frame(time.monotonic(), datetime.now(UTC), ArrayPixels(self.picture), number))
            number += 1


class Kept:
    """An outlet that keeps everything, in `told` in the order in which it came."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, Any]] = []
        self.on_record: Callable[[], None] = lambda: None

    def start(self) -> None:
        pass

    def record(self, camera: str, payload: dict[str, Any]) -> None:
        self.on_record()
        self.told.append(("record", camera, payload))

    def verdict(self, camera: str, payload: dict[str, Any], until: float) -> None:
        self.told.append(("verdict", camera, {**payload, "until": until}))

    def state(self, camera: str, name: str, value: StateValue) -> None:
        self.told.append((name, camera, value))

    def pictures(self, camera: str, update: EventUpdate, pictures: Pictures) -> None:
        self.told.append(("pictures", camera, (update, pictures)))

    def stop(self, timeout: float) -> None:
        pass

    def all(self, kind: str) -> list[Any]:
        return [value for name, _, value in list(self.told) if name == kind]

    def last(self, kind: str) -> Any:
        values = self.all(kind)
        return values[-1] if values else None

    @property
    def phases(self) -> list[tuple[str, str | None]]:
        return [(payload["event_type"], payload["end_reason"]) for payload in self.all("record")]


def options(**changes: Any) -> CameraOptions:
    """Options that learn and decide within tenths of seconds."""
    settings: dict[str, Any] = {
        "key": "porch",
        "source": VideoOptions(path="none.mp4"),
        "profile": "plain",
        "reference": BackgroundOptions(learn=0.5),
        "events": EventsOptions(threshold=0.01, rise=0.1, fall=0.3, settle=30.0),
    }
    return CameraOptions(**{**settings, **changes})


def camera(
    folder: Path,
    outlet: Kept,
    make: Callable[[], Any],
    *,
    patience: Patience = HURRY,
    parts: Any = None,
    adjusted: Any = None,
    **changes: Any,
) -> Camera:
    """A camera on a fake source."""
    storage = StorageOptions(folder=str(folder))
    return Camera(
        options(**changes), storage, [outlet], make=make, patience=patience, parts=parts, adjusted=adjusted
    )
