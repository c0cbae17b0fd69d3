"""An outbox in memory: for who needs no more, and for tests."""

import threading
import time
from collections.abc import Callable
from typing import Any

from watcher.outbox import victims
from watcher.outbox.record import Record

BOUND = 1000
FRESH_FOR = 2.0
"""Seconds that a record counts as fresh: what waits for longer is part of a backlog."""


class MemoryOutbox:
    """The newest `bound` records, in memory.

    At the bound the oldest event goes whole that is closed and of which no subscriber knows anything; in its place
    stands one ``gap`` record that counts what was lost. Where there is none (one endless event), the oldest
    ``updated`` goes, and then the oldest record that is not under way. `said` is told how many records are lost
    by now, at the first and then whenever their number has doubled.
    """

    def __init__(self, bound: int = BOUND, said: Callable[[int], None] = lambda lost: None) -> None:
        if bound < 2:
            raise ValueError(f"bound must be at least 2, not {bound}")
        self._bound = bound
        self._said = said
        self._ready: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        self._records: dict[int, Record] = {}
        # Numbers below this are acknowledged, dropped or handed out, so `take` need not look at them again.
        self._next = 0
        self._count = 0
        self._fresh_from = 0
        self._lost = 0
        self._say_at = 1

    @property
    def lasting(self) -> bool:
        return False

    def put(self, camera: str, payload: dict[str, Any]) -> None:
        with self._lock:
            self._records[self._count] = Record(self._count, camera, dict(payload), put_at=time.monotonic())
            self._count += 1
            lost = self._shrunk() if len(self._records) > self._bound else None
        if lost is not None:
            self._said(lost)
        self._ready()

    def take(self, at: str, *, fresh: bool = False) -> Record | None:
        with self._lock:
            record = self._chosen(fresh=fresh)
            if record is not None:
                record.out = record.offered = True
                if record.payload.get("published_at") is None:
                    record.payload["published_at"] = at
            return record

    def acknowledge(self, number: int) -> None:
        with self._lock:
            self._records.pop(number, None)

    def rewind(self) -> None:
        with self._lock:
            for record in self._records.values():
                record.out = False
            self._next = min(self._records, default=self._count)
            self._fresh_from = self._count

    def waiting(self) -> int:
        with self._lock:
            return len(self._records)

    def call(self, ready: Callable[[], None]) -> None:
        self._ready = ready

    def lost(self) -> int:
        """How many records have been dropped at the bound."""
        with self._lock:
            return self._lost

    def _chosen(self, *, fresh: bool) -> Record | None:
        first: Record | None = None
        cameras: set[str] = set()
        since = time.monotonic() - FRESH_FOR
        for number in range(self._next, self._count):
            record = self._records.get(number)
            if record is None or record.out:
                if first is None and not cameras:
                    self._next = number + 1
                continue
            if record.camera not in cameras:
                if record.number >= self._fresh_from and record.put_at >= since:
                    return record
                first = first or record
                cameras.add(record.camera)
        return None if fresh else first

    def _shrunk(self) -> int | None:
        """Drops one event or record; how many are lost by now, where that is to be said."""
        lost = victims.oldest(self._records, self._count - 1)
        if not lost:
            return None
        for record in lost:
            del self._records[record.number]
        self._lost += len(lost)
        if victims.tells_of(lost):
            self._note_gap(lost)
        if self._lost < self._say_at:
            return None
        self._say_at = self._lost * 2
        return self._lost

    def _note_gap(self, lost: list[Record]) -> None:
        """Count a lost event in the camera's gap record, which takes the place of the first that was lost."""
        known = (one for one in self._records.values() if one.gap and one.camera == lost[0].camera)
        before = next((one for one in known if not one.offered), None)
        if before is not None:
            before.payload = victims.gap(lost, before.payload)
            return
        number = lost[0].number
        self._records[number] = Record(number, lost[0].camera, victims.gap(lost, None))
        self._next = min(self._next, number)
        self._records = dict(sorted(self._records.items()))
