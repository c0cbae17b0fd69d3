"""Opening every camera and broker once, side by side and with a limit, to say what is there; and the storage."""

import queue
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from watcher.camera.options import CameraOptions
from watcher.config.options import Options
from watcher.errors import WatcherError
from watcher.mqtt.broker import Broker, account_of
from watcher.mqtt.connection import V5, V311, Connection, WrongVersion
from watcher.mqtt.options import MqttOptions
from watcher.sinks.options import StorageOptions
from watcher.sources import Source
from watcher.sources.build import make_source
from watcher.sources.options import FolderOptions, SourceOptions
from watcher.vision.frame import ArrayPixels, Frame, PlanarPixels
from watcher.vision.jpeg import JpegPixels

LIMIT = 20.0
"""Seconds that everything together may take: twice what a camera is given to answer."""
WATCHED = 2.0
"""Seconds over which a live camera's frames are counted."""

_FORMS = {JpegPixels: "JPEG as the camera sent it", PlanarPixels: "decoded planes", ArrayPixels: "raw pictures"}


@dataclass(frozen=True, slots=True)
class Found:
    """What a camera or broker said when it was asked."""

    what: str
    sentence: str
    answers: bool


def probe_all(options: Options, limit: float = LIMIT) -> Iterator[Found]:
    """What was found, as it is found; what has not answered within `limit` seconds comes last."""
    probes: dict[str, Callable[[], str]] = {}
    for key, camera in options.cameras.items():
        probes[f"camera {key}"] = _CameraProbe(camera).ask
    for broker in options.mqtt:
        name = "embedded" if broker.embedded else broker.address
        probes[f"broker {name} ({broker.prefix})"] = _BrokerProbe(broker).ask
    probes[f"storage {options.storage.folder}"] = lambda: storage(options.storage)
    yield from ask_all(probes, limit)


def storage(options: StorageOptions) -> str:
    """How much is free where pictures and references are kept; WatcherError where nothing can be."""
    folder = Path(options.folder).absolute()
    there = folder
    try:
        there = next(place for place in (folder, *folder.parents) if place.exists())
        with tempfile.TemporaryDirectory(prefix="watcher-check-", dir=there):
            free = shutil.disk_usage(there).free
    except OSError as error:
        raise WatcherError(f"nothing can be written to {there} ({error.strerror})") from None
    if free < options.keep_free:
        return (
            f"no pictures are stored: {free / 1e9:.1f} GB are free there, less than storage.keep_free"
            f" ({options.keep_free / 1e9:g} GB)"
        )
    return f"can be written, {free / 1e9:.1f} GB free"


def ask_all(probes: dict[str, Callable[[], str]], limit: float) -> Iterator[Found]:
    """Each probe in a thread of its own; a probe gives a sentence, or raises `WatcherError`."""
    answers: queue.SimpleQueue[Found] = queue.SimpleQueue()

    def ask(what: str, probe: Callable[[], str]) -> None:
        try:
            answers.put(Found(what, probe(), True))
        except Exception as error:  # noqa: BLE001 - the top of a thread: whatever it is, this camera has it
            kind = "" if isinstance(error, WatcherError | ValueError) else f"{type(error).__name__}: "
            answers.put(Found(what, f"{kind}{error}", False))

    for what, probe in probes.items():
        threading.Thread(target=ask, args=(what, probe), name=f"probe:{what}", daemon=True).start()
    deadline = time.monotonic() + limit
    waiting = dict.fromkeys(probes)
    while waiting:
        try:
            found = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
        del waiting[found.what]
        yield found
    for what in waiting:
        yield Found(what, f"has not answered within {limit:g} s", False)


@dataclass(frozen=True, slots=True)
class _CameraProbe:
    options: CameraOptions

    def ask(self) -> str:
        """Size, rate and form of its frames."""
        source = make_source(self.options.source, self.options.key)
        try:
            source.open()
            frames, troubles = _some_frames(source, WATCHED if _watches(self.options.source) else LIMIT)
        finally:
            source.close()
        if not frames and not troubles and _watches(self.options.source):
            place = "folder" if Path(self.options.source.path).expanduser().is_dir() else "place"
            return f"the {place} is there, no picture yet"
        if not frames:
            raise WatcherError(troubles[0] if troubles else "was opened but gave no frame")
        width, height = frames[0].pixels.size
        form = _FORMS.get(type(frames[0].pixels), "its own form")
        return f"{width}x{height}{_rate(source, frames)}, {form}"


def _watches(source: SourceOptions) -> TypeGuard[FolderOptions]:
    return isinstance(source, FolderOptions) and source.watch


def _some_frames(source: Source, within: float) -> tuple[list[Frame], list[str]]:
    """The first frames (of a recording one) if one comes within so many seconds, and what was said about
    unreadable ones."""
    frames: list[Frame] = []
    troubles: list[str] = []
    ends = time.monotonic() + within
    for seen in source.frames():
        if isinstance(seen, Frame):
            if not frames:
                ends = time.monotonic() + WATCHED
            frames.append(seen.owned() if not frames else Frame(seen.at, seen.utc, frames[0].pixels))
        elif seen.trouble:
            troubles.append(seen.sentence)
        if time.monotonic() > ends or (frames and not source.live) or len(troubles) > 3:
            break
    return frames, troubles


def _rate(source: Source, frames: list[Frame]) -> str:
    lasted = frames[-1].at - frames[0].at
    if not source.live or lasted <= 0:
        return ""
    return f" at {(len(frames) - 1) / lasted:.1f} fps"


@dataclass(frozen=True, slots=True)
class _BrokerProbe:
    options: MqttOptions

    def ask(self) -> str:
        """Its version, or that our own can be started."""
        return self._start() if self.options.embedded else self._connect()

    def _start(self) -> str:
        with tempfile.TemporaryDirectory(prefix="watcher-check-", ignore_cleanup_errors=True) as folder:
            broker = Broker(Path(folder), self.options.port, self.options.listen, lambda: account_of(self.options))
            try:
                port = broker.start()
                return f"{broker.name} can be started; port {port} is free"
            finally:
                broker.stop()

    def _connect(self) -> str:
        try:
            return self._asked(V5, "5")
        except WrongVersion:
            return self._asked(V311, "3.1.1")

    def _asked(self, version: int, name: str) -> str:
        # A client id of its own: with the daemon's it would throw the daemon off.
        client_id = f"{self.options.client_id}_check"
        connection = Connection(self.options, client_id=client_id, version=V5 if version == V5 else V311)
        wake, other = socket.socketpair()
        with wake, other:
            connection.open(wake)
            try:
                return f"answers, MQTT {name}{_software(connection, wake)}"
            finally:
                connection.close()


def _software(connection: Connection, wake: socket.socket) -> str:
    """What the broker calls itself, where it says so."""
    connection.subscribe(("$SYS/broker/version",))
    deadline = time.monotonic() + 1.0
    while not connection.messages and not connection.ended and time.monotonic() < deadline:
        connection.turn(wake, 0.1)
    if not connection.messages:
        return ""
    return f", {connection.messages.popleft().payload.decode('utf-8', 'replace')[:80]}"
