"""What goes where there is no more room: the oldest closed event, whole, and a record of the gap in its place."""

from collections.abc import Mapping
from typing import Any

from watcher.outbox.record import Record


def oldest(records: Mapping[int, Record], newest: int) -> list[Record]:
    """What to drop of `records` (by number, in order): one event, or one record where no event can go whole.

    An event can go that is here from its beginning to its end, and of which no subscriber knows anything. Where
    there is none (one endless event) the oldest ``updated`` goes, and then the oldest record not under way.
    `newest` is the number that has only just come, which stays.
    """
    return _closed(records, newest) or _single(records, newest)


def _closed(records: Mapping[int, Record], newest: int) -> list[Record]:
    events: dict[tuple[str, str | None], list[Record]] = {}
    for record in records.values():
        if not record.gap:
            events.setdefault((record.camera, record.event), []).append(record)
    for parts in events.values():
        if parts[-1].number >= newest:
            continue  # it has only just ended
        if parts[0].opens and parts[-1].closes and not any(part.offered for part in parts):
            return parts
    return []


def _single(records: Mapping[int, Record], newest: int) -> list[Record]:
    idle = [each for each in records.values() if not each.out and not each.gap and each.number < newest]
    updates = [each for each in idle if not each.opens and not each.closes and not each.offered]
    return (updates or idle)[:1]


def tells_of(lost: list[Record]) -> bool:
    """Whether the loss has to be announced: an update that is missing is known by its number alone."""
    return any(record.opens or record.closes for record in lost)


def gap(lost: list[Record], before: dict[str, Any] | None) -> dict[str, Any]:
    """The record that stands for one lost event, or `before` with one more in it."""
    first, last = lost[0].payload, lost[-1].payload
    ends = last.get("ended_at") or last.get("captured_at")
    if before is not None:
        return {**before, "lost": before["lost"] + 1, "to": ends}
    return {"schema": 1, "event_type": "gap", "id": f"gap-{lost[0].event}", "camera": lost[0].camera,
            "sequence": 0, "lost": 1, "from": first.get("started_at") or first.get("captured_at"), "to": ends,
            "published_at": None}  # fmt: skip
