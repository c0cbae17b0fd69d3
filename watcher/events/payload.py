"""Events and near misses as JSON objects, as subscribers see them. Key order is part of the form."""

from datetime import UTC, datetime
from math import isfinite
from typing import Any

from watcher.events.event import EventUpdate
from watcher.events.near import NearMiss
from watcher.vision.detection import Region
from watcher.vision.geometry import Box

SCHEMA = 1

_DIGITS = 6
"""Decimals kept of every number: a single pixel of a 1-megapixel picture still counts, noise digits go."""


def payload(update: EventUpdate, *, profile: str, reference: str, snapshot_file: str | None) -> dict[str, Any]:
    """The event payload: `reference` is the label of the reference in use ("day@12"), `snapshot_file` the name of
    the stored picture, if there is one. ``published_at`` is None: whoever publishes fills it in."""
    event = update.event
    width, height = (int(side) for side in update.frame_size)
    snapshot = {"file": snapshot_file, "width": width, "height": height} if snapshot_file is not None else None
    return {
        "schema": SCHEMA,
        "event_type": update.phase,
        "id": event.id,
        "camera": event.camera,
        "sequence": update.sequence,
        "started_at": utc_text(event.started_at),
        "ended_at": None if event.ended_at is None else utc_text(event.ended_at),
        "captured_at": utc_text(update.captured_at),
        "published_at": None,
        "media_time": _number(update.media_time),
        "cause": event.cause,
        "end_reason": event.end_reason,
        "similarity": _number(update.similarity),
        "changed_fraction": _number(update.changed_fraction),
        "zones": list(update.zones),
        "regions": [_region(region) for region in update.regions],
        "frame_size": [width, height],
        "profile": profile,
        "reference": reference,
        "reason": update.reason,
        "media": {"snapshot": snapshot, "clip": None},
    }


def crashed(last: dict[str, Any]) -> dict[str, Any]:
    """The end of an event that was left open by a crash; `last` is the last payload that was told of it."""
    return {
        **last,
        "event_type": "ended",
        "sequence": int(last["sequence"]) + 1,
        "ended_at": last["captured_at"],
        "published_at": None,
        "cause": "passed",
        "end_reason": "crashed",
        "reason": "the daemon ended without a word; this was the last that it had seen",
    }


def decision(near: NearMiss, camera: str) -> dict[str, Any]:
    """A near miss, as the camera's topic ``decision`` tells it; `strength` is the change in thresholds."""
    return {
        "schema": SCHEMA,
        "camera": camera,
        "captured_at": utc_text(near.captured_at),
        "media_time": _number(near.media_time),
        "zone": near.zone,
        "changed_fraction": _number(near.changed_fraction),
        "threshold": _number(near.threshold),
        "strength": _number(near.strength),
        "regions": [_region(region) for region in near.regions],
        "frame_size": None if near.frame_size is None else list(near.frame_size),
        "reason": near.reason,
    }


def utc_text(moment: datetime) -> str:
    """``2026-11-22T10:18:03.250Z``: UTC, ISO 8601, milliseconds (cut, not rounded, so that order is kept).

    A time without a zone is refused with ValueError.
    """
    if moment.tzinfo is None:
        raise ValueError(f"expected a time with a zone, got {moment.isoformat()} without one")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _region(region: Region) -> dict[str, Any]:
    told: dict[str, Any] = {
        **_box(region.box),
        "area": int(region.area),
        "peak": _number(region.peak),
        "zone": region.zones[0] if region.zones else None,
    }
    if region.reference_box is not None:
        told["reference_box"] = _box(region.reference_box)
    return told


def _box(box: Box) -> dict[str, int]:
    return {"x": int(box.x0), "y": int(box.y0), "width": int(box.width), "height": int(box.height)}


def _number(value: float | None) -> float | None:
    """Rounded; None where there is no finite number (JSON knows no others)."""
    return round(float(value), _DIGITS) if value is not None and isfinite(value) else None
