"""The history on disk: what is in it after crashes, beside readers, at its bounds."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.wait import until
from watcher import history
from watcher.errors import RequestRefused, SinkError
from watcher.history import FILE, MIGRATIONS, History, Past, migrate

ROOT = Path(__file__).parents[1]


def utc(days=0.0):
    moment = datetime.now(UTC) - timedelta(days=days)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def event(number, kind="started", sequence=0, days=0.0):
    return {"id": f"e{number}", "event_type": kind, "sequence": sequence, "started_at": utc(days), "ended_at": None,
            "cause": "change", "end_reason": None}  # fmt: skip


def verdict(number, word="PASS", days=0.0, **more):
    return {"id": f"v{number:06d}", "verdict": word, "captured_at": utc(days), "recipe": "a", "reference": "a@1",
            "part": None, "correlation_id": None, **more}  # fmt: skip


@pytest.fixture
def begin(tmp_path):
    running = []

    def start(**bounds):
        one = History(tmp_path, **bounds)
        running.append(one)
        one.start()
        return one

    yield start
    for one in running:
        one.stop(2)


def test_events_and_inspections_are_found_again(begin, tmp_path):
    one = begin()
    for sequence, kind in enumerate(("started", "updated", "ended")):
        one.record("porch", event(1, kind, sequence))
    one.record("porch", {"event_type": "gap", "id": "gap-1", "lost": 3})
    one.verdict("bench", verdict(1, part="SN 7"), 0.0)
    one.verdict("bench", verdict(2, "FAIL"), 0.0)
    one.state("bench", "counters", {"passed": 1})
    one.state("bench", "ready", "ON")
    one.stop(5)
    past = Past(tmp_path)
    assert [told["event_type"] for told in past.events("porch")] == ["ended"]
    assert [found.id for found in past.inspections("bench")] == ["v000002", "v000001"]
    assert [found.id for found in past.inspections("bench", verdict="FAIL")] == ["v000002"]
    assert past.inspection("v000001").payload["part"] == "SN 7"
    assert past.inspection("v9") is None
    assert past.counters("bench") == {"passed": 1}
    assert past.counters("porch") is None


def test_what_comes_late_or_twice_changes_nothing(begin, tmp_path):
    one = begin()
    one.record("porch", event(1, "ended", 2))
    one.record("porch", event(1, "updated", 1))
    one.verdict("bench", verdict(1), 0.0)
    one.verdict("bench", verdict(1, "FAIL"), 0.0)
    one.stop(5)
    assert Past(tmp_path).events("porch")[0]["event_type"] == "ended"
    assert Past(tmp_path).inspection("v000001").verdict == "PASS"


def test_without_a_file_the_past_is_empty(tmp_path):
    assert Past(tmp_path).inspections("bench") == []
    assert not (tmp_path / FILE).exists(), "reading makes none"


def test_the_truth_about_an_inspection_is_noted(begin, tmp_path):
    one = begin()
    one.verdict("bench", verdict(1, "FAIL"), 0.0)
    until(lambda: one.past.inspection("v000001"))
    Past(tmp_path).tell_truth("v000001", "good")
    assert one.past.inspection("v000001").truth == "good"
    with pytest.raises(RequestRefused, match="no inspection v9"):
        one.past.tell_truth("v9", "bad")


def test_who_gives_it_something_never_waits_for_the_disk(begin, tmp_path, monkeypatch):
    one = begin()
    one.verdict("bench", verdict(0), 0.0)
    until(lambda: one.past.inspection("v000000"))
    holds = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    holds.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(history, "ROOM", 50)
    began = time.monotonic()
    for number in range(1, 101):
        one.verdict("bench", verdict(number), 0.0)
    assert time.monotonic() - began < 0.5
    holds.execute("ROLLBACK")
    holds.close()
    until(lambda: one.past.inspection("v000100"))
    assert one._lost >= 1, "beyond its room the oldest go, counted"


def test_a_killed_process_leaves_whole_records(tmp_path):
    program = f"""
import itertools, sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from tests.test_history import verdict
from watcher.history import History
one = History(Path({str(tmp_path)!r}))
one.start()
for number in itertools.count():
    one.verdict("bench", verdict(number), 0.0)
    one.state("bench", "counters", {{"passed": number + 1}})
    if number == 300:
        print("busy", flush=True)
    while len(one._rows) > 200:
        pass
"""
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=ROOT)
    assert child.stdout.readline() == b"busy\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    with sqlite3.connect(tmp_path / FILE) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    found = Past(tmp_path).inspections("bench", most=10**6)
    assert len(found) > 50
    assert [one.id for one in reversed(found)] == [f"v{number:06d}" for number in range(len(found))], "no gap"
    assert abs(Past(tmp_path).counters("bench")["passed"] - len(found)) <= 1


def test_what_is_too_old_goes(begin, tmp_path):
    one = begin(keep_days=30)
    one.record("porch", event(1, days=31))
    one.record("porch", event(2, days=29))
    one.verdict("bench", verdict(1, days=40), 0.0)
    one.verdict("bench", verdict(2), 0.0)
    for days in (50, 40):
        one.state("bench", "counters", {"since": utc(days)})
    one.stop(5)
    again = begin(keep_days=30)
    again.verdict("bench", verdict(3), 0.0)
    until(lambda: len(again.past.inspections("bench")) == 2)
    until(lambda: len(again.past.events("porch")) == 1)
    until(lambda: len(again.past.shifts("bench")) == 1)


def test_the_oldest_go_where_there_is_too_much(begin, tmp_path):
    one = begin()
    for number in range(2000):
        one.verdict("bench", verdict(number, days=(2000 - number) / 1000, reason="x" * 400), 0.0)
    one.record("porch", event(1, days=0))
    one.stop(10)
    size = (tmp_path / FILE).stat().st_size
    again = begin(most_bytes=size // 2)
    again.verdict("bench", verdict(2000), 0.0)
    until(lambda: 500 < len(again.past.inspections("bench", most=10**6)) < 1300)
    kept = {found.id for found in again.past.inspections("bench", most=10**6)}
    assert "v000000" not in kept
    assert {"v001999", "v002000"} <= kept
    assert again.past.events("porch")


def test_a_broken_file_is_set_aside_and_a_new_one_begun(begin, tmp_path, caplog):
    (tmp_path / FILE).write_bytes(b"this was a database once" * 1000)
    one = begin()
    one.verdict("bench", verdict(1), 0.0)
    until(lambda: list(tmp_path.glob(f"{FILE}.broken-*")))

    def found():
        try:
            return one.past.inspection("v000001")
        except SinkError:
            return None  # the broken file is still there

    until(found)
    assert "is broken" in caplog.text


def test_one_of_a_newer_program_is_left_alone(begin, tmp_path, caplog):
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("PRAGMA user_version = 99")
    one = begin()
    one.verdict("bench", verdict(1), 0.0)
    until(lambda: "written by a newer watcher" in caplog.text)
    with sqlite3.connect(tmp_path / FILE) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (99,)


def test_an_older_file_is_brought_up_step_by_step(tmp_path):
    connection = sqlite3.connect(tmp_path / FILE)
    migrate(connection)
    connection.execute("INSERT INTO shifts VALUES (7, 'bench', 'then', '{}')")
    connection.commit()
    steps = (*MIGRATIONS, "ALTER TABLE shifts ADD COLUMN batch TEXT;")
    migrate(connection, steps)
    migrate(connection, steps)
    assert connection.execute("SELECT * FROM shifts").fetchall() == [(7, "bench", "then", "{}", None)]
    broken = (*steps, "ALTER TABLE shifts ADD COLUMN more TEXT; ALTER TABLE nothing ADD COLUMN x TEXT;")
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, broken)
    connection.rollback()
    assert len(connection.execute("SELECT * FROM shifts").fetchone()) == 5, "a step is taken whole or not at all"
    assert connection.execute("PRAGMA user_version").fetchone()[0] == len(steps)
    connection.close()


def test_the_first_version_is_brought_up(tmp_path):
    connection = sqlite3.connect(tmp_path / FILE)
    migrate(connection, MIGRATIONS[:1])
    connection.execute("""INSERT INTO counters VALUES ('bench', '{"since": "then", "passed": 3}')""")
    connection.commit()
    migrate(connection)
    connection.close()
    assert Past(tmp_path).counters("bench") == {"since": "then", "passed": 3}


def test_every_shift_is_kept(begin, tmp_path):
    one, early, late = begin(), utc(0.5), utc(0.1)
    for since, passed in ((early, 1), (early, 2), (late, 0), (late, 1)):
        one.state("bench", "counters", {"since": since, "passed": passed})
    one.state("other", "counters", {"since": utc(0.3), "passed": 9})
    one.stop(5)
    assert Past(tmp_path).shifts("bench") == [{"since": late, "passed": 1}, {"since": early, "passed": 2}]
    assert Past(tmp_path).counters("bench") == {"since": late, "passed": 1}


def test_many_may_read_while_it_writes(begin, tmp_path):
    one = begin()
    one.verdict("bench", verdict(0), 0.0)
    until(lambda: one.past.inspection("v000000"))
    troubles, over = [], threading.Event()

    def read():
        while not over.is_set():
            try:
                Past(tmp_path).inspections("bench", most=10)
            except SinkError as error:
                troubles.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(1, 500):
        one.verdict("bench", verdict(number), 0.0)
    until(lambda: one.past.inspection("v000499"))
    over.set()
    for reader in readers:
        reader.join()
    assert troubles == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_said_once(begin, tmp_path, caplog):
    tmp_path.chmod(0o500)
    try:
        one = begin()
        one.verdict("bench", verdict(1), 0.0)
        until(lambda: "history:" in caplog.text)
    finally:
        tmp_path.chmod(0o700)
    until(lambda: one.past.inspection("v000001"), 10)


def test_what_the_system_says_is_said_in_its_words(tmp_path, caplog):
    (tmp_path / "file").touch()
    one = History(tmp_path / "file" / "data", 30, None)
    one.start()
    one.verdict("bench", verdict(1), 0.0)
    until(lambda: "waiting: 1 record" in caplog.text or "history: Not a directory" in caplog.text)
    one.stop(1)
    assert "Errno" not in caplog.text
    assert "history: 1 record not written" in caplog.text
