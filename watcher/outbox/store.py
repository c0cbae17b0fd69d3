"""The outbox on disk: one file for all who are told, written by one thread.

Whoever puts a record waits until it is in the file, but for `PATIENCE` at most: then it is written without him.
A record is handed out when it is written. Where the disk fails (full, gone, broken) records wait in memory, so many
as there is room for, are handed out from there, and are written as soon as that works again.
"""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from watcher.outbox.books import Books
from watcher.outbox.disk import DiskOutbox, payload_text, sized
from watcher.outbox.file import Row
from watcher.outbox.options import OutboxOptions
from watcher.outbox.record import Record

log = logging.getLogger(__name__)

PATIENCE = 0.05
"""Seconds that a camera waits for the disk at most. Nearly always it is a hundredth of that; what is killed while a
disk hangs for longer may lose the record that was being written."""
LAZY = 0.05
"""Seconds that receipts wait for others to be written with."""
TIDY_EVERY = 60.0


@dataclass(slots=True, eq=False)
class _Letter:
    """One payload for several deliverers; numbers count up from `number`, one for each."""

    camera: str
    payload: dict[str, Any]
    outboxes: Sequence[DiskOutbox]
    put_at: float
    number: int = 0
    written: threading.Event = field(default_factory=threading.Event)


class Store:
    """The outbox in `folder`: `begin` it, `assign` those who deliver, `put` records, `stop` it."""

    def __init__(self, folder: Path, options: OutboxOptions) -> None:
        self._books = Books(folder, options)
        self._lock = threading.Lock()
        """Of the books."""
        self._bell = threading.Condition()
        self._letters: list[_Letter] = []
        self._next = 0
        self._flush_at: float | None = None
        self._tidy_at = 0.0
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)

    @property
    def trouble(self) -> str:
        """Why records cannot be written to the disk; empty while they can."""
        return self._books.trouble

    @property
    def left_open(self) -> list[tuple[str, dict[str, Any]]]:
        """Camera and last payload of each event that the last run of the daemon has begun and not ended."""
        return self._books.left_open

    def begin(self) -> None:
        """Open the file; where that does not work it is said, and tried again."""
        with self._lock:
            self._next = self._books.open(0)
        self._thread.start()

    def assign(self, names: Sequence[str]) -> dict[str, DiskOutbox]:
        """An outbox for each of those who are told, by name ("mqtt host:1883/prefix": the kind comes first).

        What waits for somebody who is not among them goes to the one of his kind who is new, in order; what is left
        is dropped, and that is said.
        """
        with self._lock:
            before = self._books.outboxes
            orphans = [one for name, one in before.items() if name not in names]
            outboxes: dict[str, DiskOutbox] = {}
            for name in names:
                found = before.get(name) or next((one for one in orphans if _kind(one) == name.split(" ")[0]), None)
                if found is not None and found.name != name:
                    orphans.remove(found)
                    self._books.rename(found, name)
                outboxes[name] = found or DiskOutbox(name, self)
            self._books.assign(outboxes)
        with self._bell:
            self._tidy_at = 0.0
            self._bell.notify()
        return outboxes

    def put(self, camera: str, payload: dict[str, Any], outboxes: Sequence[DiskOutbox]) -> None:
        """Keep a record for each of these; returns when it is written, or after `PATIENCE`."""
        self.hand_in(camera, payload, outboxes).wait(PATIENCE)

    def hand_in(self, camera: str, payload: dict[str, Any], outboxes: Sequence[DiskOutbox]) -> threading.Event:
        """The same, without waiting: what is set when it is written."""
        letter = _Letter(camera, dict(payload), tuple(outboxes), time.time())
        for outbox in letter.outboxes:
            outbox.expect(1)
        with self._bell:
            letter.number = self._next
            self._next += len(letter.outboxes)
            self._letters.append(letter)
            self._bell.notify()
        return letter.written

    def read(self, outbox: DiskOutbox, camera: str, after: int, most: int) -> list[Record]:
        """The next records of a camera."""
        with self._lock:
            return self._books.read(outbox, camera, after, most)

    def flush_soon(self) -> None:
        """There is something to write down which nobody waits for."""
        with self._bell:
            if self._flush_at is None:
                self._flush_at = time.monotonic() + LAZY
                self._bell.notify()

    def retained(self, outbox: DiskOutbox) -> frozenset[str]:
        """The topics that its broker keeps for us."""
        with self._lock:
            return self._books.retained(outbox)

    def retain(self, outbox: DiskOutbox, topic: str) -> None:
        """The broker is going to keep this topic for us."""
        with self._lock:
            self._books.retain(outbox, topic)

    def forget(self, outbox: DiskOutbox, topic: str) -> None:
        """The broker keeps it no more."""
        with self._lock:
            self._books.forget(outbox, topic)

    def use(self, options: OutboxOptions) -> None:
        """These options from now on."""
        with self._lock:
            self._books.use(options)

    def move(self, folder: Path) -> None:
        """The file lies in another folder from now on."""
        with self._lock:
            self._books.move(folder)

    def stop(self, timeout: float) -> None:
        """Write down what there is, and let go of the file."""
        with self._bell:
            self._stopping = True
            self._bell.notify()
        if self._thread.ident is not None:
            self._thread.join(timeout)

    # -- the thread

    def _run(self) -> None:
        going_on = True
        while going_on:
            letters, going_on = self._gathered()
            try:
                with self._lock:
                    self._turn(letters)
            except Exception:  # the top of this thread
                log.exception("outbox: a fault in the program")
            for letter in letters:
                letter.written.set()
        with self._lock:
            self._books.close()

    def _gathered(self) -> tuple[list[_Letter], bool]:
        """What has come, as soon as there is something to do; False when it is the last time."""
        with self._bell:
            while not self._letters and not self._stopping:
                due = self._tidy_at if self._flush_at is None else min(self._tidy_at, self._flush_at)
                if self._books.trouble:
                    due = max(self._books.retry_at, min(due, self._books.retry_at))
                left = due - time.monotonic()
                if left <= 0:
                    break
                self._bell.wait(left)
            letters, self._letters, self._flush_at = self._letters, [], None
            return letters, not self._stopping

    def _turn(self, letters: Sequence[_Letter]) -> None:
        arrivals: dict[DiskOutbox, list[Row]] = {}
        for letter in letters:
            self._sort(letter, arrivals)
        written = self._books.write(arrivals, self._next)
        for outbox, rows in arrivals.items():
            outbox.arrived([row.record for row in rows], written=written)
        for letter in letters:
            letter.written.set()
        tidy = time.monotonic() >= self._tidy_at
        if tidy:
            self._tidy_at = time.monotonic() + TIDY_EVERY
        self._books.make_room(tidy=tidy)

    def _sort(self, letter: _Letter, arrivals: dict[DiskOutbox, list[Row]]) -> None:
        try:
            text = payload_text(letter.payload)
            size = sized(text)
        except (TypeError, ValueError) as error:
            # Tried again it would stand in the way of all others for ever.
            log.error("%s: a record cannot be published and is left out: %s", letter.camera, error)
            for outbox in letter.outboxes:
                outbox.expect(-1)
            return
        self._books.note_open(letter.camera, letter.payload, text)
        for offset, outbox in enumerate(letter.outboxes):
            if self._books.outboxes.get(outbox.name) is not outbox:
                outbox.expect(-1)
                continue  # nobody is told there any more
            record = Record(letter.number + offset, letter.camera, dict(letter.payload), size=size)
            record.put_at = time.monotonic()
            arrivals.setdefault(outbox, []).append(Row(record, letter.put_at, text))


def _kind(outbox: DiskOutbox) -> str:
    return outbox.name.partition(" ")[0]
