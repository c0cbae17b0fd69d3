"""Snapshots: pictures of events on disk, written whole or not at all, within bounds.

``<folder>/snapshots/<camera>/2026-11-22T11-18-03.250+0100_<camera>_<id>.jpg`` with the regions drawn, and
``…_clean.jpg`` without. The time is that at which the event began, as clocks on the wall showed it: file managers
sort by it and people read it. An event's first picture is replaced by its best one at its end.
"""

import logging
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from watcher.errors import WatcherError
from watcher.files import write_whole
from watcher.quantities import counted
from watcher.sinks import Pictures, StateValue
from watcher.sinks.options import StorageOptions
from watcher.sinks.shelf import Shelf

if TYPE_CHECKING:
    from typing import Any

    from watcher.events.event import EventUpdate

log = logging.getLogger(__name__)

WAITING = 8
"""Events whose pictures may wait for the disk; beyond that the oldest are dropped, and that is said."""
TIDY_EVERY = 600.0
_RETRY_FIRST, _RETRY_LONGEST = 1.0, 60.0

_OURS = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}[+-]\d{4}_[a-z][a-z0-9_-]{0,31}_[0-9A-Za-z-]+(_clean)?\.jpg"
)


def snapshot_path(folder: Path, camera: str, started_at: datetime, event_id: str) -> Path:
    """Where the boxed picture of an event lies below the storage `folder`; the clean one has ``_clean`` added.

    The name depends on nothing else, so that a payload can say it before the file is there. Times are in the zone
    of this machine; no colons, which some file systems refuse.
    """
    local = started_at.astimezone()
    moment = f"{local:%Y-%m-%dT%H-%M-%S}.{local.microsecond // 1000:03d}{local:%z}"
    return folder / "snapshots" / camera / f"{moment}_{camera}_{event_id}.jpg"


class Snapshots:
    """An outlet that stores the pictures of some cameras.

    Parameters
    ----------
    options : where, and within what bounds.
    cameras : those whose pictures are stored; the others are passed over.
    """

    def __init__(self, options: StorageOptions, cameras: Collection[str]) -> None:
        self._folder = Path(options.folder).absolute()
        self._cameras = frozenset(cameras)
        self._shelf = Shelf(self._folder / "snapshots", _OURS, options)
        self._scanned = False
        self._waiting: OrderedDict[Path, Pictures] = OrderedDict()
        self._encoded: tuple[Path, bytes, bytes] | None = None
        self._bell = threading.Condition()
        self._stop_at: float | None = None
        self._said = ""
        self._thread = threading.Thread(target=self._run, name="out:snapshot", daemon=True)
        self.stored = 0
        self.dropped = 0

    def start(self) -> None:
        self._thread.start()

    def use_cameras(self, cameras: Collection[str]) -> None:
        """Store the pictures of these from now on."""
        self._cameras = frozenset(cameras)

    def record(self, camera: str, payload: "dict[str, Any]") -> None:
        """Records are not kept here."""

    def verdict(self, camera: str, payload: "dict[str, Any]", until: float) -> None:
        """Verdicts are not kept here; their pictures are."""

    def state(self, camera: str, name: str, value: StateValue) -> None:
        """States are not kept here."""

    def pictures(self, camera: str, update: "EventUpdate", pictures: Pictures) -> None:
        if camera not in self._cameras:
            return
        path = snapshot_path(self._folder, camera, update.event.started_at, update.event.id)
        with self._bell:
            self._waiting[path] = pictures
            if len(self._waiting) > WAITING:
                self._waiting.popitem(last=False)
                self.dropped += 1
            self._bell.notify_all()

    def stop(self, timeout: float) -> None:
        if self._thread.ident is None:
            return
        with self._bell:
            self._stop_at = time.monotonic() + 0.9 * timeout
            self._bell.notify_all()
        self._thread.join(timeout)
        left = len(self._waiting) + (self._encoded is not None)
        if left or self.dropped:
            log.warning("snapshots: the pictures of %s were not stored", counted(left + self.dropped, "event"))

    # -- the thread --------------------------------------------------------------------------------------

    def _run(self) -> None:
        wait = 0.0
        while self._something_to_do(wait):
            try:
                trouble = self._work()
            except (OSError, WatcherError) as error:
                trouble = _words(error)
            except Exception:  # the top of this thread
                log.exception("snapshots: a picture could not be made")
                self._encoded, trouble = None, "a fault in the program"
            self._say(trouble)
            wait = min(_RETRY_LONGEST, max(_RETRY_FIRST, 2 * wait)) if trouble else 0.0

    def _something_to_do(self, wait: float) -> bool:
        """Wait for work, or after trouble for `wait` seconds; False when stopped and nothing can be done."""
        until = time.monotonic() + wait
        with self._bell:
            while self._stop_at is None and (left := until - time.monotonic()) > 0:
                self._bell.wait(left)
            if self._stop_at is not None:
                rest = bool(self._waiting) or self._encoded is not None
                return rest and wait == 0.0 and time.monotonic() < self._stop_at
            if not self._waiting and self._encoded is None and self._scanned:
                self._bell.wait(TIDY_EVERY)
            return self._stop_at is None or bool(self._waiting)

    def _work(self) -> str:
        """One event's pictures from the queue to the disk; what is in the way, or nothing."""
        if not self._scanned:
            self._shelf.scan()
            self._scanned = True
        self._encode_next()
        if self._encoded is None:
            self._shelf.make_room(0, time.time())  # what is too old goes, also where nothing new comes
            return ""
        path, annotated, clean = self._encoded
        trouble = self._shelf.make_room(len(annotated) + len(clean), time.time())
        if not trouble:
            self._write(path.with_name(f"{path.stem}_clean.jpg"), clean)
            self._write(path, annotated)
            self.stored += 1
            self._encoded = None
        return trouble

    def _encode_next(self) -> None:
        """The next pictures as bytes: what waits for a full disk should not be whole frames."""
        with self._bell:
            if self._encoded is not None:
                newer = self._waiting.pop(self._encoded[0], None)
                if newer is None:
                    return
                path, pictures = self._encoded[0], newer
            elif self._waiting:
                path, pictures = self._waiting.popitem(last=False)
            else:
                return
        self._encoded = None
        self._encoded = (path, pictures.annotated(), pictures.clean())

    def _write(self, path: Path, data: bytes) -> None:
        write_whole(path, data)
        self._shelf.add(path, len(data), time.time())

    def _say(self, trouble: str) -> None:
        if trouble and trouble != self._said:
            log.error("snapshots: %s; no pictures are stored until that has changed", trouble)
        elif self._said and not trouble:
            log.info("snapshots: pictures are stored again")
        self._said = trouble


def _words(error: Exception) -> str:
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror or error}{where}"
    return str(error)
