"""An event: watched change with a beginning and an end. Values only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from watcher.vision.detection import Region

Phase = Literal["started", "updated", "ended"]
Cause = Literal["change", "passed", "appeared", "removed"]
"""``change`` while open; from then on whether it passed, or something appeared or was removed."""
EndReason = Literal["fell", "settled", "max_length", "camera_lost", "paused", "reloaded", "stopped", "crashed"]


@dataclass(frozen=True, slots=True)
class Event:
    """What stays the same over an event's life, and how it ended.

    `started` and `started_at` are those of the first frame of the change, also where confirming it took longer;
    `ended` and `ended_at` of the last frame in which something was going on.
    """

    id: str
    camera: str
    started: float
    started_at: datetime
    ended: float | None = None
    ended_at: datetime | None = None
    cause: Cause = "change"
    end_reason: EndReason | None = None


@dataclass(frozen=True, slots=True)
class EventUpdate:
    """One step in an event's life, as subscribers see it.

    `sequence` counts from 0 within the event. `captured` and `captured_at` are those of the frame that decided.
    `media_time` is that of the frame for recordings. `zones` are those at or over their threshold now; once an
    event is open a zone stays one of them until less than half of its threshold is changed. `frame_size` is
    (width, height).
    """

    phase: Phase
    event: Event
    sequence: int
    captured: float
    captured_at: datetime
    media_time: float | None
    similarity: float | None
    changed_fraction: float
    zones: tuple[str, ...]
    regions: tuple[Region, ...]
    frame_size: tuple[int, int]
    reason: str
