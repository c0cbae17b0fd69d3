"""Ids sort, do not repeat, and are safe where they are used."""

import os
import re
from datetime import UTC, datetime, timedelta, timezone

from watcher.events.ids import live_ids, replay_ids

START = datetime(2026, 11, 22, 10, 18, 3, 250_000, tzinfo=UTC)


def test_live_ids_sort_by_time() -> None:
    new_id = live_ids(os.urandom)
    moments = [START + timedelta(milliseconds=step) for step in (0, 1, 2, 1000, 10**6, 10**11)]
    ids = [new_id(moment) for moment in moments]
    assert ids == sorted(ids)


def test_live_ids_are_unique_within_a_millisecond() -> None:
    new_id = live_ids(os.urandom)
    assert len({new_id(START) for _ in range(1000)}) == 1000


def test_live_ids_hold_time_and_randomness() -> None:
    assert live_ids(bytes)(datetime(1970, 1, 1, tzinfo=UTC)) == "0" * 26
    # 1469918176385 ms is the example of the ULID specification: 01ARYZ6S41.
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=1469918176385)
    assert live_ids(bytes)(moment) == "01ARYZ6S41" + "0" * 16
    assert live_ids(lambda count: b"\xff" * count)(moment) == "01ARYZ6S41" + "Z" * 16
    assert live_ids(bytes)(datetime(1950, 1, 1, tzinfo=UTC)) == "0" * 26


def test_replay_ids_come_from_camera_start_and_count_alone() -> None:
    one, other = replay_ids("porch"), replay_ids("porch")
    ids = [one(START), one(START), one(START + timedelta(seconds=1))]
    assert ids == [
        "20261122T101803250Z-porch-0001",
        "20261122T101803250Z-porch-0002",
        "20261122T101804250Z-porch-0003",
    ]
    assert ids == sorted(ids)
    assert other(START.astimezone(timezone(timedelta(hours=5)))) == ids[0]
    assert replay_ids("yard")(START) != ids[0]


def test_ids_are_safe_in_file_names_and_topics() -> None:
    for new_id in (live_ids(os.urandom), replay_ids("back-yard_2")):
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", new_id(START))
