"""What subscribers may rely on in events, checked on whatever was really told: in files and on topics."""

import re
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

Payload = dict[str, Any]

KEYS = (
    "schema", "event_type", "id", "camera", "sequence", "started_at", "ended_at", "captured_at", "published_at",
    "media_time", "cause", "end_reason", "similarity", "changed_fraction", "zones", "regions", "frame_size",
    "profile", "reference", "reason", "media",
)  # fmt: skip
REGION_KEYS = ("x", "y", "width", "height", "area", "peak", "zone")
PROFILES = ("home", "wildlife", "inspection", "plain")
CAUSES = ("passed", "appeared", "removed")
END_REASONS = (
    "fell", "settled", "max_length", "camera_lost", "paused", "reloaded", "stopped", "crashed",
)  # fmt: skip
UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def checked(told: Sequence[Payload], size: tuple[int, int], *, live: bool) -> list[list[Payload]]:
    """What one camera told, by events in the order of their beginnings; fails where anything breaks the contract.

    `size` is the width and height of the pictures; `live` whether they came from a camera or from a recording.
    """
    events: dict[str, list[Payload]] = {}
    for one in told:
        _check_form(one, size, live=live)
        events.setdefault(one["id"], []).append(one)
    for updates in events.values():
        _check_course(updates)
    assert list(events) == sorted(events), "ids sort as the events began"
    assert [one["id"] for one in told] == [one["id"] for each in events.values() for one in each], (
        "one event after the other"
    )
    for before, after in pairwise(events.values()):
        assert before[-1]["ended_at"] <= after[0]["started_at"]
    return list(events.values())


def moment(text: str) -> float:
    """A payload's time in seconds since 1970."""
    return datetime.fromisoformat(text).timestamp()


def _check_form(one: Payload, size: tuple[int, int], *, live: bool) -> None:
    assert tuple(one) == KEYS
    assert one["schema"] == 1
    assert one["event_type"] in ("started", "updated", "ended")
    assert one["profile"] in PROFILES
    assert one["reference"]
    assert one["reason"]
    assert "\n" not in one["reason"]
    for key in (
        "started_at",
        "captured_at",
        *(["published_at"] if live else []),
        *(["ended_at"] if one["ended_at"] else []),
    ):
        assert UTC.fullmatch(one[key]), (key, one[key])
    assert (one["published_at"] is None) is not live
    assert (one["media_time"] is None) is live
    assert one["similarity"] is None or -1 <= one["similarity"] <= 1
    assert 0 <= one["changed_fraction"] <= 1
    assert one["frame_size"] == list(size)
    assert one["media"].keys() == {"snapshot", "clip"}
    if one["media"]["snapshot"] is not None:
        assert one["media"]["snapshot"] == {
            "file": one["media"]["snapshot"]["file"], "width": size[0], "height": size[1],
        }  # fmt: skip
    for region in one["regions"]:
        _check_region(region, one)


def _check_region(region: Payload, one: Payload) -> None:
    assert tuple(key for key in region if key != "reference_box") == REGION_KEYS
    width, height = one["frame_size"]
    assert 0 <= region["x"] < region["x"] + region["width"] <= width
    assert 0 <= region["y"] < region["y"] + region["height"] <= height
    assert 0 < region["area"] <= region["width"] * region["height"]
    assert 0 < region["peak"] <= 1
    assert region["zone"] is None or region["zone"] in one["zones"]


def _check_course(updates: Sequence[Payload]) -> None:
    """One event from its beginning to its end."""
    first, *middle, last = updates
    assert [one["sequence"] for one in updates] == list(range(len(updates)))
    assert first["event_type"] == "started"
    assert {one["event_type"] for one in middle} <= {"updated"}
    assert last["event_type"] == "ended"
    assert {one["started_at"] for one in updates} == {first["started_at"]}
    for one in (first, *middle):
        assert (one["cause"], one["end_reason"], one["ended_at"]) == ("change", None, None)
        assert one["regions"], "an event that is open shows where"
    assert last["cause"] in CAUSES
    assert last["end_reason"] in END_REASONS
    assert last["started_at"] <= last["ended_at"] <= last["captured_at"]
    for before, after in pairwise(updates):
        assert before["captured_at"] <= after["captured_at"]
    assert first["started_at"] <= first["captured_at"]
