"""Records on disk: found again after any end of the daemon, in order, within bounds, and whatever the disk does."""

import fcntl
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.outbox.records import all_of, event, filled, put, taken, update
from tests.support.wait import until
from watcher.outbox import disk, file, wal
from watcher.outbox.options import OutboxOptions
from watcher.outbox.store import Store

ROOT = Path(__file__).parents[2]
HOME, AWAY = "mqtt home:1883/watcher", "mqtt away:1883/watcher"


@pytest.fixture
def begun(tmp_path):
    """Begin a store; each one ends with the test."""
    stores = []

    def begin(folder=tmp_path, **options):
        store = Store(Path(folder), OutboxOptions(**options))
        stores.append(store)
        store.begin()
        return store

    yield begin
    for store in stores:
        store.stop(5)


def one(store, name=HOME):
    return store.assign([name])[name]


def flushed(store):
    """Wait until everything is written down."""
    store.stop(5)
    assert not store.trouble


def rows(folder, what="number"):
    with sqlite3.connect(folder / file.NAME) as sql:
        found = [value for (value,) in sql.execute(f"SELECT {what} FROM records ORDER BY number")]
    sql.close()
    return found


def test_what_was_put_is_there_after_a_restart(begun):
    store = begun()
    filled(one(store), *event("a"), *event("b"))
    flushed(store)
    outbox = one(begun())
    assert outbox.waiting() == 6
    assert taken(outbox) == [("a", 0), ("a", 1), ("a", 2), ("b", 0), ("b", 1), ("b", 2)]
    filled(outbox, update("c", 0, "started"))
    assert taken(outbox) == [("c", 0)]


def test_what_was_acknowledged_is_not(begun):
    store = begun()
    outbox = one(store)
    filled(outbox, *event("a"))
    records = all_of(outbox, "first")
    outbox.acknowledge(records[0].number)
    outbox.acknowledge(records[2].number)
    outbox.acknowledge(999)
    flushed(store)
    outbox = one(begun())
    assert outbox.waiting() == 1
    record = outbox.take("second")
    assert (record.payload["sequence"], record.payload["published_at"]) == (1, "first"), "the time of the first try"
    assert record.offered


def test_what_was_not_acknowledged_is_handed_out_again(begun):
    outbox = one(begun())
    filled(outbox, *event("a", updates=2))
    records = all_of(outbox)
    outbox.acknowledge(records[1].number)
    assert taken(outbox) == []
    outbox.rewind()
    assert taken(outbox) == [("a", 0), ("a", 2), ("a", 3)]


def test_a_backlog_of_any_length_is_read_in_order_and_little_of_it_is_in_memory(begun):
    store = begun()
    outbox = one(store)
    for number in range(3 * disk.IN_MEMORY):
        filled(outbox, update(f"e{number}", 0), camera="pq"[number % 2])
    assert sum(len(lane.waiting) for lane in outbox._lanes.values()) == 2 * disk.IN_MEMORY
    outbox.rewind()
    numbers = [record.number for record in all_of(outbox)]
    assert numbers == list(range(3 * disk.IN_MEMORY))


def test_a_camera_with_nothing_old_does_not_wait_for_the_backlog_of_another(begun):
    store = begun()
    filled(one(store), *event("a", updates=3 * disk.IN_MEMORY))
    flushed(store)
    outbox = one(begun())
    assert outbox.take("now", fresh=True) is None
    filled(outbox, update("b", 0), camera="yard")
    filled(outbox, update("c", 0), camera="porch")
    assert outbox.take("now", fresh=True).payload["id"] == "b"
    assert outbox.take("now", fresh=True) is None, "c comes after a, which is of the same camera"
    assert taken(outbox)[-1] == ("c", 0)


def test_each_of_several_has_a_position_of_its_own(begun):
    store = begun()
    outboxes = store.assign([HOME, AWAY])
    for payload in event("a"):
        store.put("porch", payload, list(outboxes.values()))
    for record in all_of(outboxes[HOME]):
        outboxes[HOME].acknowledge(record.number)
    outboxes[AWAY].acknowledge(outboxes[AWAY].take("now").number)
    flushed(store)
    again = begun().assign([AWAY, HOME])
    assert taken(again[HOME]) == []
    assert taken(again[AWAY]) == [("a", 1), ("a", 2)]


def test_who_is_new_gets_what_waits_for_who_is_gone_of_the_same_kind(begun, caplog):
    store = begun()
    outboxes = store.assign([AWAY, "webhook phone"])
    for payload in event("a"):
        store.put("porch", payload, list(outboxes.values()))
    flushed(store)
    store = begun()
    outboxes = store.assign([HOME])
    assert len(taken(outboxes[HOME])) == 3
    assert "3 records for webhook phone are dropped" in caplog.text
    outboxes[HOME].rewind()
    moved = store.assign([AWAY])
    assert moved[AWAY] is outboxes[HOME]
    filled(moved[AWAY], *event("b"))
    assert len(taken(moved[AWAY])) == 6
    flushed(store)
    assert one(begun(), AWAY).waiting() == 6


def test_events_that_a_crash_left_open_are_known_at_the_next_start(begun):
    store = begun()
    outbox = one(store)
    filled(outbox, *event("a"), update("b", 0, "started"), update("b", 1))
    for record in all_of(outbox):
        outbox.acknowledge(record.number)
    flushed(store)
    store = begun()
    assert [(camera, payload["id"], payload["sequence"]) for camera, payload in store.left_open] == [
        ("porch", "b", 1)
    ]
    filled(one(store), update("b", 2, "ended"))
    flushed(store)
    assert begun().left_open == []


def test_at_the_bound_the_oldest_closed_event_goes_whole(begun, tmp_path, caplog):
    store = begun(max_bytes=100_000)
    outbox = one(store)
    for number in range(250):
        filled(outbox, *event(f"e{number:03}"), camera="porch")
    assert outbox.size <= 100_000
    assert outbox.lost > 100
    assert "records are lost so far" in caplog.text
    gap, *others = [record.payload for record in all_of(outbox)]
    assert gap["event_type"] == "gap"
    assert gap["lost"] == 250 - len(others) / 3
    assert (gap["from"], gap["to"]) == ("e000 begins", f"e{gap['lost'] - 1:03} ends")
    whole = [each for number in range(gap["lost"], 250) for each in [(f"e{number:03}", part) for part in range(3)]]
    assert [(each["id"], each["sequence"]) for each in others] == whole
    assert outbox.size > 80_000


def test_the_gap_is_found_again_and_grows(begun):
    store = begun(max_bytes=100_000)
    outbox = one(store)
    for number in range(200):
        filled(outbox, *event(f"e{number:03}"))
    flushed(store)
    outbox = one(begun(max_bytes=100_000))
    for number in range(200, 400):
        filled(outbox, *event(f"e{number:03}"))
    payloads = [record.payload for record in all_of(outbox)]
    gaps = [payload for payload in payloads if payload["event_type"] == "gap"]
    assert [gap["lost"] for gap in gaps] == [400 - (len(payloads) - 1) / 3]


def test_an_event_whose_beginning_is_known_to_subscribers_is_not_dropped_whole(begun):
    store = begun(max_bytes=100_000)
    outbox = one(store)
    filled(outbox, *event("known"))
    outbox.acknowledge(outbox.take("now").number)
    outbox.rewind()
    for number in range(250):
        filled(outbox, *event(f"e{number:03}"))
    assert taken(outbox)[:2] == [("known", 1), ("known", 2)]


def test_of_an_endless_event_the_oldest_updates_go(begun):
    store = begun(max_bytes=100_000)
    outbox = one(store)
    filled(outbox, update("a", 0, "started"), *[update("a", 1 + number) for number in range(600)])
    numbers = [sequence for _, sequence in taken(outbox)]
    assert numbers[0] == 0
    assert numbers[1:] == list(range(601 - len(numbers) + 1, 601))


def test_what_is_too_old_goes(begun, tmp_path):
    store = begun()
    filled(one(store), *event("a"), *event("b"))
    flushed(store)
    with sqlite3.connect(tmp_path / file.NAME) as sql:
        sql.execute("UPDATE records SET put_at = put_at - 100000 WHERE event='a'")
    sql.close()
    outbox = one(begun(max_age=86400))
    until(lambda: outbox.lost)
    gap, *others = all_of(outbox)
    assert (gap.payload["event_type"], gap.payload["lost"]) == ("gap", 1)
    assert {record.payload["id"] for record in others} == {"b"}


def test_the_log_beside_the_file_is_bounded_in_a_storm_too(begun, tmp_path, monkeypatch):
    monkeypatch.setattr(wal, "_AT", 50_000)
    monkeypatch.setattr(wal, "_AT_ONCE", 200_000)
    store = begun()
    outbox = one(store)
    largest = 0
    for number in range(300):
        put(outbox, *event(f"e{number}"))
        largest = max(largest, (tmp_path / f"{file.NAME}-wal").stat().st_size)
    assert 50_000 < largest < 300_000


def test_a_clock_that_had_not_been_set_makes_nothing_old(begun, tmp_path):
    store = begun()
    filled(one(store), *event("a"))
    flushed(store)
    with sqlite3.connect(tmp_path / file.NAME) as sql:
        sql.execute("UPDATE records SET put_at = 1000")
    sql.close()
    store = begun(max_age=60)
    outbox = one(store)
    flushed(store)
    assert outbox.lost == 0


CHILD = """
import sys, os
from pathlib import Path
from watcher.outbox.options import OutboxOptions
from watcher.outbox.store import Store
store = Store(Path(sys.argv[1]), OutboxOptions())
store.begin()
outbox = store.assign(["mqtt home:1883/watcher"])["mqtt home:1883/watcher"]
for number in range(10**9):
    outbox.put("porch", {"id": f"e{number}", "sequence": 0, "event_type": "started"})
    os.write(1, b"%d\\n" % number)
"""


@pytest.mark.parametrize("at", [1, 50, 333])
def test_what_was_put_survives_a_kill(begun, tmp_path, at):
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT)
    told = [next(child.stdout) for _ in range(at)]
    os.kill(child.pid, signal.SIGKILL)
    told += child.stdout.readlines()
    child.wait()
    child.stdout.close()
    outbox = one(begun())
    kept = [record.payload["id"] for record in all_of(outbox)]
    assert kept[: len(told)] == [f"e{number}" for number in range(len(told))]
    assert len(kept) <= len(told) + 1


def test_a_second_daemon_leaves_the_file_alone_and_works_from_memory(begun, tmp_path, caplog):
    first, second = begun(), begun()
    assert "another daemon uses this folder" in second.trouble
    filled(one(first), *event("a"))
    outbox = one(second)
    filled(outbox, *event("b"))
    assert taken(outbox) == [("b", 0), ("b", 1), ("b", 2)]
    flushed(first)
    until(lambda: not second.trouble, 5)
    outbox.rewind()
    assert taken(outbox) == [("a", 0), ("a", 1), ("a", 2), ("b", 0), ("b", 1), ("b", 2)]
    assert "written to the disk again" in caplog.text or second.trouble == ""


def test_a_folder_that_cannot_be_made_is_said_and_the_file_comes_when_it_can(begun, tmp_path, caplog):
    place = tmp_path / "store"
    place.write_text("in the way")
    store = begun(place)
    outbox = one(store)
    filled(outbox, *event("a"), *event("b"))
    first = outbox.take("now")
    outbox.acknowledge(first.number)
    assert store.trouble
    assert caplog.text.count("records wait in memory") == 1
    place.unlink()
    until(lambda: not store.trouble, 5)
    filled(outbox, *event("c"))
    assert taken(outbox) == [("a", 1), ("a", 2)] + [(name, number) for name in "bc" for number in range(3)]
    flushed(store)
    assert one(begun(place)).waiting() == 8


def test_a_full_disk_is_said_and_records_wait_in_memory_until_there_is_room(begun, tmp_path, caplog, monkeypatch):
    store = begun()
    outbox = one(store)
    filled(outbox, *event("a"))
    monkeypatch.setattr(file.File, "commit", _full)
    filled(outbox, *event("b"))
    until(lambda: store.trouble)
    assert "disk is full" in caplog.text
    assert taken(outbox) == [(name, number) for name in "ab" for number in range(3)]
    outbox.acknowledge(0)
    outbox.rewind()
    filled(outbox, *event("c"))
    monkeypatch.undo()
    until(lambda: not store.trouble, 5)
    assert len(rows(tmp_path)) == 8
    assert taken(outbox) == [("a", 1), ("a", 2)] + [(name, number) for name in "bc" for number in range(3)]


def _full(self):
    raise sqlite3.OperationalError("database or disk is full")


def test_in_memory_it_is_bounded_too(begun, monkeypatch):
    store = begun()
    outbox = one(store)
    monkeypatch.setattr(file.File, "commit", _full)
    for number in range(600):
        filled(outbox, *event(f"e{number:03}", updates=0))
    until(lambda: outbox.waiting() <= 1001)
    gap, *others = [record.payload for record in all_of(outbox)]
    assert gap["event_type"] == "gap"
    assert gap["lost"] == 600 - len(others) / 2


def test_a_broken_file_is_put_aside(begun, tmp_path, caplog):
    (tmp_path / file.NAME).write_bytes(b"this is no database" * 1000)
    store = begun()
    filled(one(store), *event("a"))
    assert taken(one(store)) == [("a", 0), ("a", 1), ("a", 2)]
    assert (tmp_path / f"{file.NAME}.broken").exists()
    assert "it is put aside" in caplog.text


def test_a_file_that_breaks_while_it_is_used_costs_only_what_was_on_disk_alone(begun, tmp_path, monkeypatch):
    store = begun()
    outbox = one(store)
    filled(outbox, *event("a"))
    first = outbox.take("now")

    def broken(self):
        monkeypatch.undo()
        raise sqlite3.DatabaseError("database disk image is malformed")

    monkeypatch.setattr(file.File, "commit", broken)
    filled(outbox, *event("b"))
    until(lambda: not store.trouble, 5)
    assert taken(outbox) == [("a", 1), ("a", 2), ("b", 0), ("b", 1), ("b", 2)]
    outbox.acknowledge(first.number)
    flushed(store)
    assert one(begun()).waiting() == 5


def test_a_file_of_a_newer_version_is_left_alone(begun, tmp_path):
    with sqlite3.connect(tmp_path / file.NAME) as sql:
        sql.execute("PRAGMA user_version=99")
    sql.close()
    store = begun()
    assert "newer version" in store.trouble
    filled(one(store), *event("a"))
    assert len(taken(one(store))) == 3


def test_a_record_that_has_no_json_is_left_out(begun, caplog):
    outbox = one(begun())
    filled(outbox, {"id": "a", "bad": object()}, {"id": "b", "bad": "\ud800"}, update("c", 0))
    assert taken(outbox) == [("c", 0)]
    assert caplog.text.count("a record cannot be published") == 2


def test_topics_that_the_broker_keeps_are_remembered(begun):
    store = begun()
    outbox = one(store)
    for topic in ("watcher/a", "watcher/b"):
        store.retain(outbox, topic)
    store.forget(outbox, "watcher/a")
    flushed(store)
    store = begun()
    assert store.retained(one(store)) == {"watcher/b"}


def test_durable_waits_for_the_disk_itself(begun, tmp_path):
    store = begun(durable=True)
    assert store._books._file._sql.execute("PRAGMA synchronous").fetchone() == (2,)
    store.use(OutboxOptions())
    assert store._books._file._sql.execute("PRAGMA synchronous").fetchone() == (1,)


def test_the_lock_goes_with_the_process(begun, tmp_path):
    flushed(begun())
    lock = os.open(tmp_path / f"{file.NAME}.lock", os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(lock)


def test_a_disk_that_hangs_does_not_hold_a_camera(begun, monkeypatch):
    store = begun()
    outbox = one(store)
    go_on = threading.Event()
    commit = file.File.commit

    def slow(self):
        go_on.wait(5)
        commit(self)

    monkeypatch.setattr(file.File, "commit", slow)
    put(outbox, *event("a"))
    assert outbox.take("now") is None, "not before it is written"
    assert outbox.waiting() == 3
    go_on.set()
    numbers = []
    until(lambda: numbers.extend(taken(outbox)) or len(numbers) == 3)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.sampled_from(["put", "put", "put", "take", "acknowledge", "rewind", "restart"]), max_size=80)
)
def test_whatever_happens_at_the_bound_the_books_are_right(steps, tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    store = Store(folder, OutboxOptions(max_bytes=100_000))
    store.begin()
    outbox = one(store)
    feeds = {camera: iter([each for n in range(60) for each in event(f"{camera}{n:02}")]) for camera in "pq"}
    out, heard = [], defaultdict(list)
    for index, step in enumerate(steps):
        if step == "put":
            camera = "pq"[index % 2]
            filled(outbox, {**next(feeds[camera]), "reason": "x" * 9000}, camera=camera)
        elif step == "take" and (record := outbox.take("now")) is not None:
            out.append(record)
        elif step == "acknowledge" and out:
            record = out.pop(0)
            outbox.acknowledge(record.number)
            heard[record.camera].append(record)
        elif step == "rewind":
            outbox.rewind()
            out.clear()
        elif step == "restart":
            store.stop(5)
            store = Store(folder, OutboxOptions(max_bytes=100_000))
            store.begin()
            outbox = one(store)
            out.clear()
    store.stop(5)
    assert outbox.waiting() == len(rows(folder))
    assert outbox.size == sum(rows(folder, "size"))
    assert outbox.size <= 100_000 + 10_000 * (len(out) + 1)
    store = Store(folder, OutboxOptions(max_bytes=100_000))
    store.begin()
    for record in all_of(one(store)):
        heard[record.camera].append(record)
    store.stop(5)
    for records in heard.values():
        parts = [(each.event, each.payload["sequence"]) for each in records if not each.gap]
        assert parts == sorted(set(parts)), "in order, and none twice"


STEPS = st.lists(st.sampled_from(["put", "put", "take", "acknowledge", "rewind", "restart"]), max_size=60)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_happens_each_record_arrives_in_order(steps, tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    store = Store(folder, OutboxOptions())
    store.begin()
    outbox = one(store)
    feeds = {camera: iter([each for n in range(60) for each in event(f"{camera}{n:02}")]) for camera in "pq"}
    told, done = defaultdict(list), defaultdict(list)
    out = []

    def take():
        record = outbox.take("now")
        if record is not None:
            out.append(record)

    for index, step in enumerate(steps):
        if step == "put":
            camera = "pq"[index % 2]
            payload = next(feeds[camera])
            told[camera].append((payload["id"], payload["sequence"]))
            filled(outbox, payload, camera=camera)
        elif step == "take":
            take()
        elif step == "acknowledge" and out:
            record = out.pop(0)
            outbox.acknowledge(record.number)
            done[record.camera].append((record.payload["id"], record.payload["sequence"]))
        elif step == "rewind":
            outbox.rewind()
            out.clear()
        elif step == "restart":
            store.stop(5)
            store = Store(folder, OutboxOptions())
            store.begin()
            outbox = one(store)
            out.clear()
        assert outbox.waiting() == sum(map(len, told.values())) - sum(map(len, done.values()))
    outbox.rewind()
    for record in all_of(outbox):
        done[record.camera].append((record.payload["id"], record.payload["sequence"]))
    store.stop(5)
    assert done == told
