"""The JSON that subscribers see, letter for letter."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from watcher.events.event import Event, EventUpdate
from watcher.events.near import NearMiss
from watcher.events.payload import decision, payload, utc_text
from watcher.vision.detection import Region
from watcher.vision.geometry import Box

START = datetime(2026, 11, 22, 10, 18, 3, 250_000, tzinfo=UTC)

UPDATE = EventUpdate(
    phase="started",
    event=Event("01ARYZ6S41", "porch", 5.0, START),
    sequence=0,
    captured=5.4,
    captured_at=START + timedelta(seconds=0.4),
    media_time=None,
    similarity=0.871,
    changed_fraction=0.034,
    zones=("door",),
    regions=(Region(Box(10, 20, 40, 60), 900, 0.93, 0.5, ("door", "path")),),
    frame_size=(1920, 1080),
    reason="changed 3.4 % of zone door for 0.4 s (threshold 1.0 %)",
)

STARTED = """{"schema": 1, "event_type": "started", "id": "01ARYZ6S41", "camera": "porch", "sequence": 0,
 "started_at": "2026-11-22T10:18:03.250Z", "ended_at": null, "captured_at": "2026-11-22T10:18:03.650Z",
 "published_at": null, "media_time": null, "cause": "change", "end_reason": null, "similarity": 0.871,
 "changed_fraction": 0.034, "zones": ["door"],
 "regions": [{"x": 10, "y": 20, "width": 30, "height": 40, "area": 900, "peak": 0.93, "zone": "door"}],
 "frame_size": [1920, 1080], "profile": "home", "reference": "day@12",
 "reason": "changed 3.4 % of zone door for 0.4 s (threshold 1.0 %)",
 "media": {"snapshot": {"file": "a.jpg", "width": 1920, "height": 1080}, "clip": null}}"""


def test_is_exactly_this() -> None:
    made = payload(UPDATE, profile="home", reference="day@12", snapshot_file="a.jpg")
    assert json.dumps(made) == STARTED.replace("\n", "")


def test_a_picture_that_was_drawn_back_onto_its_reference_says_where_the_region_lies_there() -> None:
    region = replace(UPDATE.regions[0], reference_box=Box(12, 19, 42, 59))
    made = payload(replace(UPDATE, regions=(region,)), profile="home", reference="day@12", snapshot_file=None)
    assert made["regions"][0]["reference_box"] == {"x": 12, "y": 19, "width": 30, "height": 40}


def test_ended_without_picture_and_zone() -> None:
    event = replace(
        UPDATE.event, ended=6.0, ended_at=START + timedelta(seconds=1), cause="removed", end_reason="settled"
    )
    region = replace(UPDATE.regions[0], zones=())
    update = replace(UPDATE, phase="ended", event=event, sequence=3, regions=(region,), zones=(), media_time=1.5)
    made = payload(update, profile="home", reference="background", snapshot_file=None)
    assert made["ended_at"] == "2026-11-22T10:18:04.250Z"
    assert (made["cause"], made["end_reason"], made["sequence"]) == ("removed", "settled", 3)
    assert made["regions"][0]["zone"] is None
    assert made["zones"] == []
    assert made["media_time"] == 1.5
    assert made["media"] == {"snapshot": None, "clip": None}


def test_numbers_that_are_none_are_null() -> None:
    region = replace(UPDATE.regions[0], peak=float("inf"))
    update = replace(UPDATE, similarity=float("nan"), changed_fraction=float("-inf"), regions=(region,))
    made = payload(update, profile="home", reference="", snapshot_file=None)
    assert made["similarity"] is made["changed_fraction"] is made["regions"][0]["peak"] is None
    json.dumps(made, allow_nan=False)


def test_numbers_of_arrays_are_plain_numbers() -> None:
    integer = np.int32(7)
    region = Region(Box(integer, integer, np.int32(9), np.int32(9)), np.int64(4), np.float32(0.1), 0.1)  # type: ignore[arg-type]
    update = replace(UPDATE, similarity=np.float32(0.5), regions=(region,), frame_size=(np.int64(8), np.int64(4)))  # type: ignore[arg-type]
    made = payload(update, profile="home", reference="", snapshot_file="a.jpg")
    assert json.loads(json.dumps(made))["regions"][0] == {
        "x": 7, "y": 7, "width": 2, "height": 2, "area": 4, "peak": 0.1, "zone": None,
    }  # fmt: skip


def test_utc_text() -> None:
    assert utc_text(START.astimezone(timezone(timedelta(hours=-7)))) == "2026-11-22T10:18:03.250Z"
    assert utc_text(datetime(1970, 1, 1, tzinfo=UTC)) == "1970-01-01T00:00:00.000Z"
    assert utc_text(datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == "2026-12-31T23:59:59.999Z"
    with pytest.raises(ValueError, match="with a zone"):
        utc_text(datetime(2026, 1, 1))  # noqa: DTZ001


def test_a_decision_says_why() -> None:
    near = NearMiss(
        5.0, START, None, "door", 0.034, 0.0, float("inf"), "changed 3.4 % of zone door in one frame only",
        (Region(Box(10, 20, 40, 60), 900, 0.93, 0.7, ("door",)),), (320, 180),
    )  # fmt: skip
    assert json.dumps(decision(near, "porch")) == (
        '{"schema": 1, "camera": "porch", "captured_at": "2026-11-22T10:18:03.250Z", "media_time": null,'
        ' "zone": "door", "changed_fraction": 0.034, "threshold": 0.0, "strength": null,'
        ' "regions": [{"x": 10, "y": 20, "width": 30, "height": 40, "area": 900, "peak": 0.93, "zone": "door"}],'
        ' "frame_size": [320, 180],'
        ' "reason": "changed 3.4 % of zone door in one frame only"}'
    )
