"""One deliverer's part of the outbox on disk: what it may take next, with little of it in memory."""

import json
import threading
import time
from bisect import insort
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from watcher.outbox import victims
from watcher.outbox.file import File, Row
from watcher.outbox.memory import FRESH_FOR
from watcher.outbox.record import Record

CHUNK = 100
"""Records of a camera that are read at a time."""
IN_MEMORY = 2 * CHUNK
"""Records of a camera that wait in memory as well; what comes then waits on disk alone."""
_OVERHEAD = 150
"""Bytes that a record costs in the file beside its payload."""


class Keeper(Protocol):
    """Who keeps the records: the store."""

    @property
    def trouble(self) -> str: ...

    def put(self, camera: str, payload: dict[str, Any], outboxes: Sequence["DiskOutbox"]) -> None: ...

    def read(self, outbox: "DiskOutbox", camera: str, after: int, most: int) -> list[Record]: ...

    def flush_soon(self) -> None: ...


@dataclass(slots=True)
class _Lane:
    """What waits of one camera. Numbers up to `upto` are in memory or done with; up to `last` there are more."""

    waiting: deque[Record] = field(default_factory=deque)
    upto: int = -1
    last: int = -1

    @property
    def behind(self) -> bool:
        return self.upto < self.last


@dataclass(slots=True)
class Notes:
    """What is still to be written down: when records went out, and which have arrived for good."""

    marks: dict[int, str] = field(default_factory=dict)
    done: set[int] = field(default_factory=set)


class DiskOutbox:
    """An `Outbox` whose records are on disk before they are handed out; made by the store.

    `name` is whom they are for, and what they are found by after a restart.
    """

    def __init__(self, name: str, keeper: Keeper) -> None:
        self.name = name
        self.id = 0
        self._keeper = keeper
        self._ready: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        self._emptied = threading.Condition(self._lock)
        self._lanes: dict[str, _Lane] = {}
        self._out: dict[int, Record] = {}
        self._notes = Notes()
        self._count = self._bytes = 0
        self._coming = 0
        self._coming_lock = threading.Lock()  # of its own, for whoever puts a record must not wait for the other
        self._fresh_from = self._newest = 0
        self._evictions = 0
        self.lost = 0
        """Records that were dropped since the start."""

    # -- the deliverer

    @property
    def lasting(self) -> bool:
        return not self._keeper.trouble

    def put(self, camera: str, payload: dict[str, Any]) -> None:
        self._keeper.put(camera, payload, (self,))

    def take(self, at: str, *, fresh: bool = False) -> Record | None:
        while True:
            with self._lock:
                camera = self._next(fresh=fresh)
                if camera is None:
                    return None
                lane = self._lanes[camera]
                if lane.waiting:
                    return self._handed_out(lane, at)
                after, last, evictions = lane.upto, lane.last, self._evictions
            records = self._keeper.read(self, camera, after, CHUNK)
            with self._lock:
                if evictions == self._evictions and after == lane.upto:
                    done = self._out.keys() | self._notes.done
                    lane.waiting.extend(record for record in records if record.number not in done)
                    lane.upto = records[-1].number if len(records) == CHUNK else max(last, after)

    def acknowledge(self, number: int) -> None:
        with self._lock:
            record = self._out.pop(number, None)
            if record is None:
                return
            self._count -= 1
            self._bytes -= record.size
            self._notes.marks.pop(number, None)
            self._notes.done.add(number)
            if self._count == 0:
                self._emptied.notify_all()
        self._keeper.flush_soon()

    def rewind(self) -> None:
        with self._lock:
            for record in sorted(self._out.values(), key=_number, reverse=True):
                record.out = False
                lane = self._lanes[record.camera]
                if record.number <= lane.upto:  # else it is read again when its turn has come
                    lane.waiting.appendleft(record)
            self._out.clear()
            self._fresh_from = self._newest + 1

    def waiting(self) -> int:
        with self._lock, self._coming_lock:
            return self._count + self._coming

    def wait_until_empty(self, until: float) -> None:
        """Until all that was put here is acknowledged, or it is `until` (monotonic seconds)."""
        with self._lock:
            while self._count + self._coming > 0 and (left := until - time.monotonic()) > 0:
                self._emptied.wait(left)

    def call(self, ready: Callable[[], None]) -> None:
        self._ready = ready

    # -- the store

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return self._bytes

    def load(self, lanes: Iterable[tuple[str, int, int, int]], newest: int) -> None:
        """What the file has from before, which comes first; nothing of it is read yet."""
        with self._lock:
            for lane in self._lanes.values():
                # What waits in memory is read again, when its turn has come.
                lane.upto = min((one.number for one in lane.waiting), default=lane.last + 1) - 1
                lane.waiting.clear()
            for camera, count, size, first in lanes:
                lane = self._lanes.setdefault(camera, _Lane())
                lane.upto = first - 1
                lane.last = max(lane.last, newest)
                self._count += count
                self._bytes += size
            self._newest = max(self._newest, newest)
            self._fresh_from = self._newest + 1

    def expect(self, records: int) -> None:
        """So many are on their way here, or (below zero) will not come after all."""
        with self._coming_lock:
            self._coming += records

    def arrived(self, records: Sequence[Record], *, written: bool) -> None:
        """These wait from now on; `written`: they are in the file."""
        with self._lock:
            self.expect(-len(records))
            for record in records:
                lane = self._lanes.setdefault(record.camera, _Lane())
                self._count += 1
                self._bytes += record.size
                if not lane.behind and (not written or len(lane.waiting) < IN_MEMORY):
                    lane.waiting.append(record)
                    lane.upto = record.number
                lane.last = self._newest = record.number
        self._ready()

    def notes(self) -> Notes:
        """What is to be written down now; the caller has to give it back where that fails."""
        with self._lock:
            notes, self._notes = self._notes, Notes()
            return notes

    def give_back(self, notes: Notes) -> None:
        with self._lock:
            self._notes.done |= notes.done
            marks = {**notes.marks, **self._notes.marks}
            self._notes.marks = {number: at for number, at in marks.items() if number not in self._notes.done}

    def shrink(self, file: File, most: int, oldest: float, put_at: float) -> int:
        """Drop from the file what is beyond `most` bytes, or ended before `oldest`; how many records went.

        `put_at`: the present time, for a record of the gap. Within a transaction of the file, which the caller
        commits.
        """
        dropped = 0
        with self._lock:
            file.mark(self._notes.marks)
            while True:
                lost = self._too_old(file, oldest) or (self._too_many(file) if self._bytes > most else [])
                if not lost:
                    break
                self._drop(lost)
                file.delete(record.number for record in lost)
                if victims.tells_of(lost):
                    gap = self._gap(lost, file.gap(self.id, lost[0].camera))
                    file.insert(self.id, [Row(gap, put_at, payload_text(gap.payload))])
                dropped += len(lost)
            self.lost += dropped
            return dropped

    def forgo(self, unwritten: dict[int, Row], bound: int) -> None:
        """Drop from what is in memory alone what has arrived meanwhile, and whole events beyond `bound` records."""
        with self._lock:
            for number in self._notes.done & unwritten.keys():
                del unwritten[number]
            while len(unwritten) > bound:
                rows = sorted(unwritten.items())
                lost = victims.oldest({number: row.record for number, row in rows}, self._newest)
                if not lost:
                    return
                put_at = unwritten[lost[0].number].put_at
                self._drop(lost)
                for record in lost:
                    del unwritten[record.number]
                if victims.tells_of(lost):
                    gaps = [row.record for _, row in rows if row.record.gap and row.record.camera == lost[0].camera]
                    gap = self._gap(lost, next((one for one in gaps if not one.offered), None))
                    unwritten[gap.number] = Row(gap, put_at, payload_text(gap.payload))
                self.lost += len(lost)

    def held(self) -> list[Record]:
        """All that is in memory, and so all that there is, because the file is no more."""
        with self._lock:
            records = [*self._out.values(), *(one for lane in self._lanes.values() for one in lane.waiting)]
            self._notes = Notes()
            self._count, self._bytes = len(records), sum(record.size for record in records)
            return records

    # -- inside, with the lock held

    def _next(self, *, fresh: bool) -> str | None:
        """The camera whose turn it is."""
        best: tuple[bool, int, str] | None = None
        since = time.monotonic() - FRESH_FOR
        for camera, lane in self._lanes.items():
            if lane.waiting:
                head = lane.waiting[0]
                old = head.number < self._fresh_from or head.put_at < since
                found = old, head.number, camera
            elif lane.behind:
                found = True, lane.upto + 1, camera
            else:
                continue
            best = found if best is None else min(best, found)
        return None if best is None or (fresh and best[0]) else best[2]

    def _handed_out(self, lane: _Lane, at: str) -> Record:
        record = lane.waiting.popleft()
        record.out = record.offered = True
        if record.payload.get("published_at") is None:
            record.payload["published_at"] = at
            self._notes.marks[record.number] = at
        self._out[record.number] = record
        return record

    def _too_many(self, file: File) -> list[Record]:
        return file.oldest_closed(self.id, self._newest) or file.oldest_single(
            self.id, self._newest, tuple(self._out)
        )

    def _too_old(self, file: File, oldest: float) -> list[Record]:
        lost = file.ended_before(self.id, oldest) if oldest else []
        return [] if any(record.number in self._out for record in lost) else lost

    def _drop(self, lost: Sequence[Record]) -> None:
        numbers = {record.number for record in lost}
        for lane in (self._lanes[camera] for camera in {record.camera for record in lost} & self._lanes.keys()):
            lane.waiting = deque(record for record in lane.waiting if record.number not in numbers)
        self._count -= len(lost)
        self._bytes -= sum(record.size for record in lost)
        self._evictions += 1

    def _gap(self, lost: list[Record], before: Record | None) -> Record:
        """The record of the gap, made or counted up, where it belongs."""
        payload = victims.gap(lost, None if before is None else before.payload)
        number = lost[0].number if before is None else before.number
        gap = Record(number, lost[0].camera, payload)
        gap.size = sized(payload_text(payload))
        lane = self._lanes.setdefault(gap.camera, _Lane())
        if before is not None:
            self._count -= 1
            self._bytes -= before.size
            lane.waiting = deque(record for record in lane.waiting if record.number != number)
        if number <= lane.upto:
            inside = list(lane.waiting)
            insort(inside, gap, key=_number)
            lane.waiting = deque(inside)
        self._count += 1
        self._bytes += gap.size
        return gap


def _number(record: Record) -> int:
    return record.number


def payload_text(payload: dict[str, Any]) -> str:
    """As it is written; TypeError or ValueError where it has no JSON."""
    return json.dumps(payload, separators=(",", ":"), allow_nan=False, ensure_ascii=False)


def sized(text: str) -> int:
    """What a payload of this text costs in the file; ValueError where it has half a character."""
    return len(text.encode()) + _OVERHEAD
