"""Near misses: change that was seen and made no event, and why."""

from dataclasses import dataclass
from datetime import datetime

from watcher.events.look import EPSILON, WHOLE, Extent, Look
from watcher.vision.detection import Region
from watcher.vision.geometry import Size

MOST = 5
"""So many regions are told, the largest: who reads them wants to know where it was."""

INTERVAL = 1.0
"""Seconds: at most one near miss is told in so long, the strongest."""


@dataclass(frozen=True, slots=True)
class NearMiss:
    """Change that made no event.

    `captured`, `captured_at` and `media_time` are those of the frame that told the most. `changed_fraction` and
    `threshold` are those of `zone`, or of everything watched where that is None (no zones, or no change).
    `strength` is their ratio: 1 and more would have counted; 0 where there was a reason (light, say) without
    any change. `regions`: the largest pieces of what was changed, in a frame of `frame_size` (width, height).
    """

    captured: float
    captured_at: datetime
    media_time: float | None
    zone: str | None
    changed_fraction: float
    threshold: float
    strength: float
    reason: str
    regions: tuple[Region, ...] = ()
    frame_size: Size | None = None


def near_miss(look: Look, extent: Extent, reason: str) -> NearMiss:
    """What a frame shows and why it is no event."""
    zone = extent.key if extent.key != WHOLE and extent.fraction > 0 else None
    return NearMiss(
        captured=look.at, captured_at=look.utc, media_time=look.media_time, zone=zone,
        changed_fraction=extent.fraction, threshold=extent.threshold, strength=extent.strength, reason=reason,
        regions=look.detection.regions[:MOST], frame_size=look.size,
    )  # fmt: skip


class NearMisses:
    """Collects near misses and tells the strongest, at most one in `INTERVAL` seconds."""

    def __init__(self) -> None:
        self._held: NearMiss | None = None
        self._due = float("inf")
        self._told = float("-inf")

    def note(self, now: float, near: NearMiss, wait: float) -> None:
        """Tell of `near`, or of a stronger one that comes, in `wait` seconds."""
        self._due = min(self._due, now + wait)
        if self._held is None or near.strength > self._held.strength:
            self._held = near

    def forget(self) -> None:
        """An event has begun: what led to it was no miss."""
        self._held, self._due = None, float("inf")

    def take(self, now: float) -> NearMiss | None:
        """What is to be told now, once; None mostly."""
        if self._held is None or now < max(self._due, self._told + INTERVAL) - EPSILON:
            return None
        told = self._held
        self._told = now
        self.forget()
        return told
