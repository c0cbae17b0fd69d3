"""What the outbox has in its file, and in memory while the file cannot be written. For one thread at a time."""

import logging
import shutil
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from watcher.outbox.disk import DiskOutbox, Notes, payload_text
from watcher.outbox.file import File, Row
from watcher.outbox.memory import BOUND
from watcher.outbox.options import OutboxOptions
from watcher.outbox.record import Record
from watcher.outbox.wal import Folding

log = logging.getLogger(__name__)

RETRY = 1.0
"""Seconds between two tries to write where that has failed."""

Arrivals = Mapping[DiskOutbox, Sequence[Row]]


@dataclass(slots=True)
class _Unwritten:
    """What the file does not have: rows by number, for each outbox."""

    rows: dict[DiskOutbox, dict[int, Row]] = field(default_factory=dict)

    def add(self, outbox: DiskOutbox, rows: Sequence[Row]) -> None:
        self.rows.setdefault(outbox, {}).update((row.record.number, row) for row in rows)

    def of(self, outbox: DiskOutbox) -> list[Record]:
        return [row.record for _, row in sorted(self.rows.get(outbox, {}).items())]


class Books:
    """Nothing here raises: what the disk does not take is kept in memory and said, and tried again later.

    `left_open`: camera and last payload of the events that the last run of the daemon has begun and not ended.
    """

    def __init__(self, folder: Path, options: OutboxOptions) -> None:
        self.options = options
        self.outboxes: dict[str, DiskOutbox] = {}
        self.left_open: list[tuple[str, dict[str, Any]]] = []
        self.trouble = ""
        self.retry_at = 0.0
        self._folder = folder
        self._file: File | None = None
        self._unwritten = _Unwritten()
        self._open: dict[str, tuple[str, str]] = {}
        self._open_changed: set[str] = set()
        self._retained: dict[str, set[str]] = {}
        self._folding = Folding()
        self._say_lost_at: dict[DiskOutbox, int] = {}
        self._begun = False

    # -- from its beginning to its end

    def open(self, first_number: int) -> int:
        """Open the file; the number at which new records go on."""
        try:
            self._file = File(self._folder, durable=self.options.durable)
            low, beyond = self._file.ends()
            if first_number and beyond > low:
                # It could not be opened before: what is in it comes before what is in memory.
                self._file.shift(beyond)
                beyond = first_number
            self._take_up_open(self._file)
        except (sqlite3.Error, OSError) as error:
            self._fail(error)
            return first_number
        self._change(self._adopt)
        return max(first_number, beyond)

    def _take_up_open(self, file: File) -> None:
        left = file.open_events()
        if not self._begun:
            self.left_open = left
        self._begun = True
        for camera, payload in left:
            self._open.setdefault(str(payload["id"]), (camera, payload_text(payload)))
        self._open_changed |= self._open.keys()

    def assign(self, outboxes: dict[str, DiskOutbox]) -> None:
        """These from now on; what waits for others goes to who is new and of their kind, or is dropped."""
        self.outboxes = outboxes
        for gone in [one for one in self._unwritten.rows if one not in outboxes.values()]:
            del self._unwritten.rows[gone]
        self._change(self._adopt)

    def use(self, options: OutboxOptions) -> None:
        self.options = options
        if self._file is not None:
            self._file.set_durable(options.durable)

    def move(self, folder: Path) -> None:
        """Take the file to another folder; where one lies there already, what waits in ours is found with ours."""
        if self._file is None:
            self._folder = folder
            return
        here = self._file.path
        self.close()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if (folder / here.name).exists():
                raise OSError(f"{folder} has an outbox of its own; records go on to wait in {self._folder}")
            shutil.move(here, folder / here.name)
        except OSError as error:
            log.error("outbox: %s", f"{folder}: {error.strerror}" if error.strerror else error)
        else:
            self._folder = folder
        try:
            self._file = File(self._folder, durable=self.options.durable)
        except (sqlite3.Error, OSError) as error:
            self._fail(error)

    def close(self) -> None:
        if self._file is not None:
            self._folding.wait()
            self._file.close()
            self._file = None

    # -- records

    def note_open(self, camera: str, payload: Mapping[str, Any], text: str) -> None:
        """Whether an event is open, so that it can be ended should we not live to see its end."""
        event = payload.get("id")
        if not isinstance(event, str):
            return
        if payload.get("event_type") in ("started", "updated"):
            self._open[event] = camera, text
        elif self._open.pop(event, None) is None:
            return
        self._open_changed.add(event)

    def write(self, arrivals: Arrivals, first_number: int) -> bool:
        """Write down all that there is, in one transaction; whether the disk has it."""
        if self.trouble and time.monotonic() < self.retry_at:
            self._keep(arrivals)
            return False
        if self._file is None:
            self.open(first_number)
        notes = {outbox: outbox.notes() for outbox in self.outboxes.values()}
        try:
            if self._file is None:
                raise OSError(self.trouble)
            if (
                arrivals
                or self._open_changed
                or self.trouble
                or any(one.marks or one.done for one in notes.values())
            ):
                self._write(self._file, arrivals, notes)
        except (sqlite3.Error, OSError) as error:
            for outbox, one in notes.items():
                outbox.give_back(one)
            self._fail(error)
            self._keep(arrivals)
            return False
        self._unwritten = _Unwritten()
        self._open_changed.clear()
        if self.trouble:
            log.info("outbox: records are written to the disk again")
            self.trouble = ""
        self._folding.consider(self._file.path)
        return True

    def _write(self, file: File, arrivals: Arrivals, notes: Mapping[DiskOutbox, Notes]) -> None:
        file.begin()
        for outbox, late in self._unwritten.rows.items():
            done = notes[outbox].done
            file.insert(outbox.id, (row for number, row in late.items() if number not in done))
        for outbox, rows in arrivals.items():
            file.insert(outbox.id, rows)
        for one in notes.values():
            file.mark({number: at for number, at in one.marks.items() if number not in one.done})
            file.delete(one.done)
        file.note_closed(event for event in self._open_changed if event not in self._open)
        file.note_open((event, *self._open[event]) for event in self._open_changed if event in self._open)
        file.commit()

    def _keep(self, arrivals: Arrivals) -> None:
        for outbox, rows in arrivals.items():
            self._unwritten.add(outbox, rows)

    def read(self, outbox: DiskOutbox, camera: str, after: int, most: int) -> list[Record]:
        """The next records of a camera, from the file and from what is not in it."""
        records: list[Record] = []
        if self._file is not None:
            try:
                records = self._file.read(outbox.id, camera, after, most)
            except (sqlite3.Error, OSError) as error:
                self._fail(error)
        late = [one for one in self._unwritten.of(outbox) if one.camera == camera and one.number > after]
        found = {one.number: one for one in (*records, *late)}
        return [found[number] for number in sorted(found)][:most]

    def make_room(self, *, tidy: bool) -> None:
        """Drop what is beyond the bounds; `tidy`: what is too old as well, and give room back to the disk."""
        for outbox, rows in self._unwritten.rows.items():
            outbox.forgo(rows, BOUND)
            self._say_lost(outbox)
        if self._file is None or self.trouble:
            return
        oldest = time.time() - self.options.max_age if tidy else 0.0
        for outbox in self.outboxes.values():
            if tidy or outbox.size > self.options.max_bytes:
                self._shrink(outbox, oldest)
                self._say_lost(outbox)
        if tidy:
            try:
                self._file.tidy()
            except (sqlite3.Error, OSError) as error:
                self._fail(error)

    def _shrink(self, outbox: DiskOutbox, oldest: float) -> None:
        self._change(lambda file: outbox.shrink(file, self.options.max_bytes, oldest, time.time()))

    # -- topics that are kept

    def retained(self, outbox: DiskOutbox) -> frozenset[str]:
        return frozenset(self._retained.get(outbox.name, ()))

    def retain(self, outbox: DiskOutbox, topic: str) -> None:
        self._retained.setdefault(outbox.name, set()).add(topic)
        self._change(lambda file: file.retain(outbox.id, (topic,)))

    def forget(self, outbox: DiskOutbox, topic: str) -> None:
        self._retained.get(outbox.name, set()).discard(topic)
        self._change(lambda file: file.forget(outbox.id, (topic,)))

    # -- inside

    def _adopt(self, file: File) -> None:
        """Those who are told now and those whom the file knows; who is new takes over from who is gone."""
        known = file.destinations()
        gone = {name: number for name, number in known.items() if name not in self.outboxes}
        for name, outbox in self.outboxes.items():
            if outbox.id:
                continue
            heir = next((one for one in gone if _kind(one) == _kind(name)), None)
            if name in known:
                outbox.id = known[name]
            elif heir is not None:
                outbox.id = gone.pop(heir)
                file.rename_destination(outbox.id, name)
            else:
                outbox.id = file.add_destination(name)
            kept = self._retained.setdefault(name, set())
            file.retain(outbox.id, kept)
            kept |= file.retained(outbox.id)
            outbox.load(file.lanes(outbox.id), file.ends()[1] - 1)
        for name, number in gone.items() if self.outboxes else ():
            dropped = file.drop_destination(number)
            if dropped:
                log.warning("outbox: %d records for %s are dropped: nobody is told there any more", dropped, name)

    def rename(self, outbox: DiskOutbox, name: str) -> None:
        """It is somebody else from now on who gets what waits here."""
        self._retained[name] = self._retained.pop(outbox.name, set())
        outbox.name = name
        if outbox.id:
            self._change(lambda file: file.rename_destination(outbox.id, name))

    def _change(self, change: Callable[[File], Any]) -> None:
        """A change of the file in a transaction of its own."""
        if self._file is None:
            return
        try:
            self._file.begin()
            change(self._file)
            self._file.commit()
        except (sqlite3.Error, OSError) as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self.retry_at = time.monotonic() + RETRY
        file = self._file
        if file is not None:
            with suppress(sqlite3.Error):
                file.roll_back()
            if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
                self._give_up(file, error)
        why = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
        if why != self.trouble:
            log.error("outbox: %s: %s; records wait in memory, and do not outlive the daemon", self._folder, why)
            self.trouble = why

    def _give_up(self, file: File, error: Exception) -> None:
        """The file is broken: what is in memory is all there is."""
        file.close()
        self._file = None
        with suppress(OSError):
            file.put_aside(error)
        now = time.time()
        for outbox in self.outboxes.values():
            outbox.id = 0
            self._unwritten.add(outbox, [Row(one, now, payload_text(one.payload)) for one in outbox.held()])
        for name in self._retained:
            self._retained[name] = set(self._retained[name])
        self._open_changed |= self._open.keys()

    def _say_lost(self, outbox: DiskOutbox) -> None:
        if outbox.lost >= self._say_lost_at.get(outbox, 1):
            self._say_lost_at[outbox] = 10 * outbox.lost
            log.warning(
                "outbox: %s has been away for too long: %d records are lost so far, the oldest events go first",
                outbox.name, outbox.lost,
            )  # fmt: skip


def _kind(name: str) -> str:
    return name.partition(" ")[0]
