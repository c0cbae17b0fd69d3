"""Records that have not been delivered yet: in order, bounded, handed out once a connection.

`Outbox` is what a deliverer needs; `MemoryOutbox` keeps it in memory. One deliverer has one outbox, and it alone
decides what is sent again: after a broken connection `rewind`, and everything not acknowledged is handed out anew.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

BOUND = 1000


@dataclass(slots=True, eq=False)
class Record:
    """One payload on its way. `number` counts over the outbox in the order of arrival.

    `offered`: it has been handed out at least once, so a subscriber may know it; `out`: it is handed out now.
    """

    number: int
    camera: str
    payload: dict[str, Any]
    offered: bool = False
    out: bool = False

    @property
    def event(self) -> str | None:
        """The id of the event that it belongs to."""
        return self.payload.get("id")

    @property
    def closes(self) -> bool:
        """Nothing of the same event follows; a verdict stands alone."""
        return self.payload.get("event_type") == "ended" or "verdict" in self.payload

    @property
    def gap(self) -> bool:
        """It stands for events that were lost."""
        return self.payload.get("event_type") == "gap"


class Outbox(Protocol):
    """Where records wait. Safe to use from several threads; `put` returns at once and never raises."""

    def put(self, camera: str, payload: dict[str, Any]) -> None:
        """Keep a record until it is acknowledged."""
        ...

    def take(self, at: str) -> Record | None:
        """The oldest record that is not handed out; its `published_at` becomes `at` if it had none."""
        ...

    def acknowledge(self, number: int) -> None:
        """The record has arrived for good; an unknown number is fine."""
        ...

    def rewind(self) -> None:
        """What was handed out and not acknowledged is handed out again, in the old order."""
        ...

    def waiting(self) -> int:
        """How many are not acknowledged."""
        ...


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
        self._lock = threading.Lock()
        self._records: dict[int, Record] = {}
        # Numbers below this are acknowledged, dropped or handed out, so `take` need not look at them again.
        self._next = 0
        self._count = 0
        self._lost = 0
        self._say_at = 1

    def put(self, camera: str, payload: dict[str, Any]) -> None:
        with self._lock:
            self._records[self._count] = Record(self._count, camera, dict(payload))
            self._count += 1
            lost = self._shrunk() if len(self._records) > self._bound else None
        if lost is not None:
            self._said(lost)

    def take(self, at: str) -> Record | None:
        with self._lock:
            for number in range(self._next, self._count):
                record = self._records.get(number)
                if record is None or record.out:
                    continue
                self._next = number + 1
                record.out = record.offered = True
                if record.payload.get("published_at") is None:
                    record.payload["published_at"] = at
                return record
            self._next = self._count
            return None

    def acknowledge(self, number: int) -> None:
        with self._lock:
            self._records.pop(number, None)

    def rewind(self) -> None:
        with self._lock:
            for record in self._records.values():
                record.out = False
            self._next = min(self._records, default=self._count)

    def waiting(self) -> int:
        with self._lock:
            return len(self._records)

    def lost(self) -> int:
        """How many records have been dropped at the bound."""
        with self._lock:
            return self._lost

    def _shrunk(self) -> int | None:
        """Drops one event or record; how many are lost by now, where that is to be said."""
        victims = self._oldest_closed() or self._oldest_single()
        if not victims:
            return None
        whole = len(victims) > 1
        for record in victims:
            del self._records[record.number]
        self._lost += len(victims)
        if whole:
            self._note_gap(victims)
        if self._lost < self._say_at:
            return None
        self._say_at = self._lost * 2
        return self._lost

    def _oldest_closed(self) -> list[Record]:
        """The records of the oldest event that is here from its beginning to its end and was never offered."""
        events: dict[tuple[str, str | None], list[Record]] = {}
        for record in self._records.values():
            if record.gap:
                continue
            events.setdefault((record.camera, record.event), []).append(record)
        for records in events.values():
            if records[-1].number == self._count - 1:
                continue  # it has only just ended
            complete = records[0].payload.get("sequence", 0) == 0 and records[-1].closes
            if complete and not any(record.offered for record in records):
                return records
        return []

    def _oldest_single(self) -> list[Record]:
        newest = self._count - 1
        idle = [each for each in self._records.values() if not each.out and not each.gap and each.number != newest]
        updates = [
            record for record in idle if record.payload.get("event_type") == "updated" and not record.offered
        ]
        return (updates or idle)[:1]

    def _note_gap(self, lost: list[Record]) -> None:
        """Count a lost event in the camera's gap record, which takes the place of the first that was lost."""
        first, last = lost[0].payload, lost[-1].payload
        begins, ends = (
            first.get("started_at", first.get("captured_at")),
            last.get("ended_at", last.get("captured_at")),
        )
        gap = self._gap(lost[0].camera)
        if gap is not None:
            gap.payload["lost"] += 1
            gap.payload["to"] = ends
            return
        payload = {"schema": 1, "event_type": "gap", "id": f"gap-{lost[0].event}", "camera": lost[0].camera,
                   "sequence": 0, "lost": 1, "from": begins, "to": ends, "published_at": None}  # fmt: skip
        self._records[lost[0].number] = Record(lost[0].number, lost[0].camera, payload)
        self._records = dict(sorted(self._records.items()))

    def _gap(self, camera: str) -> Record | None:
        for record in self._records.values():
            if record.gap and record.camera == camera and not record.offered:
                return record
        return None
