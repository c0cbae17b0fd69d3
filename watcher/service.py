"""The daemon: everything that the configuration asks for, built, watched over, reloaded and ended.

The main thread owns all of it. It waits for signals and once a second looks whether every thread really turns;
only then does systemd's watchdog hear from us.
"""

import logging
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import FrameType

from watcher import config
from watcher.camera.camera import Camera
from watcher.claims import Claims
from watcher.config import Changes, Loaded, Options
from watcher.config.overrides import Keeper, Overrides, laid_over, overrides_of
from watcher.deliveries import Deliveries, device_of
from watcher.errors import ConfigError, RequestRefused, SourceError, WatcherError
from watcher.mqtt.discovery import Device
from watcher.notify import Systemd
from watcher.requests import Adjust, Pause, Republish, Request, Resume

log = logging.getLogger(__name__)

HUNG_AFTER = 10.0
"""Seconds without turning after which a thread counts as hung. Far more than a slow disk takes to store a
reference, far less than the 30 s that systemd allows."""
LOOK_EVERY = 1.0
SETTLED_AFTER = 10.0
"""Seconds after a start or reload: cameras are open, the first pictures are learnt, everything is told."""
SETTLES_EVERY = 2.0
CAMERAS_END_WITHIN = 2.0
OUTLETS_END_WITHIN = 1.5
"""Together with the broker's end these stay below the 5 s in which a service has to stop."""
DELIVER_WITHIN = 30.0
"""When all recordings have ended nobody is in a hurry: so long a broker may take to come and be told everything."""
STORE_WITHIN = 10.0
"""The same for the last pictures, which are still drawn and written."""
FORCED = 1
TOGETHER = 0.5
"""Signals within so many seconds count as one: a terminal and `timeout` both pass the same Ctrl-C on."""


class Service:
    """What ``watcher run`` runs.

    Parameters
    ----------
    path : of the configuration; read at `run`, and again at every reload.
    settled : called by the main thread some seconds after a start or reload, when all that takes is over, and
        every few seconds from then on.
    """

    def __init__(
        self,
        path: Path,
        *,
        hung_after: float = HUNG_AFTER,
        systemd: Systemd | None = None,
        settled: Callable[[], None] = lambda: None,
    ) -> None:
        self._path = path
        self._settled = settled
        self._settles_at: float | None = None
        self._hung_after = hung_after
        self._systemd = systemd or Systemd()
        self._keeper = Keeper(Path(), {})
        self._unkept = False
        self._cameras: dict[str, Camera] = {}
        self._claims = Claims()
        self._ear, self._mouth = socket.socketpair()
        for end in (self._ear, self._mouth):
            end.setblocking(False)
        self._deliveries = Deliveries(self.request)
        self._stopping = False
        self._asked_at: float | None = None
        self._hung: frozenset[str] = frozenset()
        self._status = ""
        self._ended_at: float | None = None

    def run(self) -> int:
        """Until SIGTERM or SIGINT, or until every recording has ended; the exit status.

        Raises
        ------
        ConfigError, SinkError : it cannot start, and why.
        """
        restore = self._listen_to_signals()
        try:
            self._start()
            ended = self._supervise()
            self._end(STORE_WITHIN if ended else OUTLETS_END_WITHIN)
        except BaseException:
            # Whatever it is: a thread that is left behind brings the interpreter down while that is ending.
            self._stopping = True
            stop_cameras(self._cameras.values(), "stopped")
            self._deliveries.stop(0.5)
            raise
        finally:
            self._claims.let_go_but()
            restore()
        return 0

    def ask(self, number: signal.Signals) -> None:
        """As if that signal had come; from any thread."""
        self._mouth.send(bytes([number]))

    def request(self, camera: str, request: Request) -> None:
        """Hand a request to a camera; RequestRefused where there is none of that name, or it refuses."""
        found = self._cameras.get(camera)
        if found is None:
            raise RequestRefused(f"there is no camera {camera}")
        found.request(request)
        if isinstance(request, Adjust | Pause | Resume):
            self._unkept = True
            with suppress(OSError):  # full of signals: the main thread is awake
                self._mouth.send(b"\0")

    # -- start and end -----------------------------------------------------------------------------------

    def _start(self) -> None:
        loaded = config.read_apart(self._path)
        for warning in loaded.warnings:
            log.warning("%s", warning)
        self._options = loaded.options
        self._claims.claim(self._options.storage.folder, self._path)
        cameras = {key: self._made(key, loaded, loaded.overrides) for key in self._options.cameras}
        self._deliveries.begin(self._options)
        self._cameras = cameras
        self._deliveries.introduce(_devices(loaded))
        self._begin_to_keep(loaded)
        for camera in cameras.values():
            camera.start()
        self._introduce()
        self._settles_at = time.monotonic() + SETTLED_AFTER
        self._systemd.tell("READY=1")

    def _made(self, key: str, loaded: Loaded, overrides: Overrides) -> Camera:
        options = loaded.options
        adjusted, said = laid_over(loaded.adjusted(key), overrides.get(key, {}))
        for sentence in said:
            log.warning("%s: %s", key, sentence)
        try:
            return Camera(
                options.cameras[key], options.storage, self._deliveries.outlets, adjusted=adjusted,
                counters=self._deliveries.counters,
            )  # fmt: skip
        except (ValueError, SourceError) as error:
            raise ConfigError(f"{self._path}: cameras.{key}.source: {error}") from None

    def _begin_to_keep(self, loaded: Loaded) -> None:
        self._keeper = Keeper(Path(loaded.options.storage.folder), loaded.overrides)
        self._keep()

    def _keep(self) -> None:
        """Put away what commands have set, where nobody waits for the disk but signals; a camera that inspects from
        now on is another device."""
        self._unkept = False  # before looking: what is set meanwhile is kept the next time
        adjusted = {key: camera.adjusted for key, camera in self._cameras.items()}
        self._deliveries.introduce({key: device_of(one) for key, one in adjusted.items()})
        if not self._keeper.keep(adjusted):
            self._unkept = True

    def _introduce(self) -> None:
        for sentence in self._deliveries.sentences:
            log.info("%s", sentence)
        named = ", ".join(f"{key} ({options.source.kind})" for key, options in self._options.cameras.items())
        count = len(self._options.cameras)
        log.info("watching %d camera%s: %s; stop with Ctrl-C", count, "" if count == 1 else "s", named)

    def _end(self, deliver_within: float) -> None:
        self._stopping = True
        self._systemd.tell("STOPPING=1", "STATUS=ending")
        stop_cameras(self._cameras.values(), "stopped")
        if self._unkept:
            self._keep()
        self._deliveries.stop(deliver_within)
        log.info("ended")

    # -- supervision -------------------------------------------------------------------------------------

    def _supervise(self) -> bool:
        """True when every recording has ended, False when a signal asks to stop."""
        every = min(LOOK_EVERY, self._systemd.watchdog_every or LOOK_EVERY)
        while True:
            for number in self._heard(every):
                if number in (signal.SIGTERM, signal.SIGINT):
                    log.info("ending, as asked by %s", signal.Signals(number).name)
                    return False
                if number == signal.SIGHUP:
                    self._reload()
            self._look()
            self._settle()
            if self._unkept:
                self._keep()
            if self._all_delivered():
                return True

    def _all_delivered(self) -> bool:
        """Whether all cameras are recordings that have ended, and everything about them has been told."""
        if not self._cameras or not all(camera.ended for camera in self._cameras.values()):
            self._ended_at = None
            return False
        if self._ended_at is None:
            self._ended_at = time.monotonic()
            log.info("every recording has ended")
        return self._deliveries.idle or time.monotonic() - self._ended_at > DELIVER_WITHIN

    def _heard(self, timeout: float) -> bytes:
        ready, _, _ = select.select([self._ear], [], [], timeout)
        return self._ear.recv(100) if ready else b""

    def _look(self) -> None:
        """Whether every thread turns; systemd's watchdog is fed only then."""
        since = time.monotonic() - self._hung_after
        hung = frozenset(key for key, camera in self._cameras.items() if not camera.turning(since))
        for key in hung - self._hung:
            log.error("%s: its threads have not turned for %.0f s", key, self._hung_after)
        for key in (self._hung - hung) & self._cameras.keys():
            log.info("%s: its threads turn again", key)
        self._hung = hung
        if not hung:
            self._systemd.tell("WATCHDOG=1")
        status = self._standing()
        if status != self._status:
            self._status = status
            self._systemd.tell(f"STATUS={status}")

    def _settle(self) -> None:
        if self._settles_at is not None and time.monotonic() >= self._settles_at:
            self._settles_at = time.monotonic() + SETTLES_EVERY
            self._settled()

    def _standing(self) -> str:
        others = [
            f"{key}: {camera.standing}" for key, camera in self._cameras.items() if camera.standing != "watches"
        ]
        watching = len(self._cameras) - len(others)
        return "; ".join([f"{watching} of {len(self._cameras)} cameras watch", *others])

    # -- reload ------------------------------------------------------------------------------------------

    def _reload(self) -> None:
        """Take up a changed configuration; where anything is wrong with it, everything stays as it was."""
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._systemd.tell("RELOADING=1", f"MONOTONIC_USEC={now}")
        try:
            self._take_up()
        except WatcherError as error:
            log.error("the configuration is not reloaded, nothing has changed: %s", error)
        except Exception:  # the top of the main thread: no configuration may end a daemon that watches
            log.exception("the configuration is not reloaded: a fault in the program")
        self._systemd.tell("READY=1")

    def _take_up(self) -> None:
        loaded = config.read_apart(self._path)
        changes = config.changed(self._options, loaded.options)
        if not changes:
            log.info("the configuration says the same as before")
            return
        touched = _touched(changes, self._options, loaded.options)
        kept = {key: overrides_of(camera.adjusted) for key, camera in self._cameras.items()}
        new = {key: self._made(key, loaded, kept) for key in touched}
        self._claims.claim(loaded.options.storage.folder, self._path)
        try:
            self._deliveries.prepare(loaded.options)
        except WatcherError:
            self._claims.let_go_but(self._options.storage.folder)
            raise
        for warning in loaded.warnings:
            log.warning("%s", warning)
        gone = [*changes.removed, *(key for key in touched if key in self._cameras)]
        # Long before their topics are cleared: Home Assistant would read what is no state any more.
        self._deliveries.introduce(_devices(loaded))
        stop_cameras([self._cameras[key] for key in gone], "reloaded")
        self._deliveries.change(self._options, loaded.options)
        self._deliveries.introduce(_devices(loaded))
        self._options = loaded.options
        self._cameras = {key: new.get(key) or self._cameras[key] for key in loaded.options.cameras}
        self._claims.let_go_but(loaded.options.storage.folder)
        self._begin_to_keep(loaded)
        for key in touched:
            new[key].start()
        self._settles_at = time.monotonic() + SETTLED_AFTER
        if changes.mqtt:
            self._say_all_again(key for key in self._cameras if key not in new)
            for sentence in self._deliveries.sentences:
                log.info("%s", sentence)
        log.info("the configuration is reloaded: %s", _told(changes, touched))

    def _say_all_again(self, keys: Iterable[str]) -> None:
        for key in keys:
            try:
                self._cameras[key].request(Republish())
            except RequestRefused as error:
                log.warning("%s: %s", key, error)

    # -- signals -----------------------------------------------------------------------------------------

    def _listen_to_signals(self) -> Callable[[], None]:
        """Signals wake the main thread with their number; what to call when they should do as before.

        Only the main thread can have them; elsewhere (in a test) `ask` takes their place.
        """
        if threading.current_thread() is not threading.main_thread():
            return lambda: None
        numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        before = [signal.signal(number, self._signalled) for number in numbers]
        wakes = signal.set_wakeup_fd(self._mouth.fileno(), warn_on_full_buffer=False)

        def restore() -> None:
            signal.set_wakeup_fd(wakes)
            for number, how in zip(numbers, before, strict=True):
                signal.signal(number, how)

        return restore

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        """A second signal while ending: whoever sends it does not want to wait. The broker ends with its parent."""
        if number == signal.SIGHUP:
            return
        now, first = time.monotonic(), self._asked_at
        if first is None:
            self._asked_at = now
        if self._stopping and (first is None or now - first > TOGETHER):
            os._exit(FORCED)


def _devices(loaded: Loaded) -> dict[str, Device]:
    return {key: device_of(loaded.adjusted(key)) for key in loaded.options.cameras}


def stop_cameras(cameras: Iterable[Camera], reason: str) -> None:
    """End cameras side by side: all are asked before the first is waited for."""
    cameras = list(cameras)
    for camera in cameras:
        camera.begin_stop(reason)
    deadline = time.monotonic() + CAMERAS_END_WITHIN
    for camera in cameras:
        camera.stop(reason, max(0.1, deadline - time.monotonic()))


def _touched(changes: Changes, old: Options, new: Options) -> tuple[str, ...]:
    """The cameras that have to begin anew: those that changed, and all where their references have moved."""
    if old.storage.folder != new.storage.folder:
        return tuple(new.cameras)
    return (*changes.added, *changes.changed)


def _told(changes: Changes, touched: tuple[str, ...]) -> str:
    parts = [f"{word} {', '.join(keys)}" for word, keys in (
        ("added", changes.added), ("removed", changes.removed), ("changed", changes.changed),
    ) if keys]  # fmt: skip
    parts += [word for word, flag in (
        ("mqtt changed", changes.mqtt), ("storage changed", changes.storage), ("outbox changed", changes.outbox),
    ) if flag]  # fmt: skip
    begun = f"; started again: {', '.join(touched)}" if touched else "; no camera was touched"
    return ", ".join(parts) + begun
