"""One line an update, for people."""

import contextlib
import io
import os
import pty
import threading
from datetime import datetime, timedelta

from tests.support.wait import until
from watcher.sinks.terminal import Terminal, line

STARTED = {
    "event_type": "started", "camera": "porch", "captured_at": "2026-11-22T10:18:03.250Z", "zones": ["door"],
    "started_at": "2026-11-22T10:18:02.850Z", "ended_at": None, "cause": "change", "end_reason": None,
    "changed_fraction": 0.034, "reason": "changed 3.4 % of zone door for 0.4 s (threshold 1.0 %)",
}  # fmt: skip
UPDATED = {**STARTED, "event_type": "updated", "zones": ["door", "step"], "changed_fraction": 0.0336}
ENDED = {
    **STARTED, "event_type": "ended", "cause": "appeared", "end_reason": "settled",
    "ended_at": "2026-11-22T10:18:07.350Z",
}  # fmt: skip


def printed(*payloads):
    output = io.StringIO()
    terminal = Terminal(output)
    terminal.start()
    for payload in payloads:
        terminal.record("porch", payload)
    terminal.stop(5)
    return output.getvalue()


def test_one_line_an_update_without_colours_where_it_is_no_terminal():
    first, second, third = printed(STARTED, UPDATED, ENDED).splitlines()
    assert "porch" in first
    assert first.endswith("● started in door: changed 3.4 % of zone door for 0.4 s (threshold 1.0 %)")
    assert second.endswith("│ going on in door, step, 3.4 %")
    assert third.endswith("○ ended after 4.5 s: something stayed")
    assert "\x1b" not in first + second + third


def test_what_goes_on_is_said_every_thirty_seconds_and_when_its_zones_change():
    told = [STARTED]
    for second in range(1, 96):
        moment = datetime.fromisoformat(STARTED["captured_at"]) + timedelta(seconds=second)
        zones = ["door", "step"] if second in (40, 41) else ["door"]
        told.append({**UPDATED, "captured_at": moment.isoformat(), "zones": zones})
    sentences = [one.partition("│ ")[2] for one in printed(*told, ENDED).splitlines()[1:-1]]
    assert sentences == [
        "going on in door, 3.4 %",  # 30 s
        "going on in door, step, 3.4 %",  # 40
        "going on in door, 3.4 %",  # 42
        "going on in door, 3.4 %",  # 72
    ]


def test_who_is_at_the_rim_of_a_zone_is_not_told_twice_a_second():
    told = [STARTED]
    for step in range(1, 20):
        moment = datetime.fromisoformat(STARTED["captured_at"]) + timedelta(seconds=step / 5)
        zones = [] if step % 2 else ["door"]
        told.append({**UPDATED, "captured_at": moment.isoformat(), "zones": zones})
    assert len(printed(*told, ENDED).splitlines()) == 2


def test_each_camera_and_each_event_is_told_by_itself():
    others = [{**STARTED, "camera": "yard"}, {**STARTED, "id": "next"}]
    updates = [{**one, "event_type": "updated"} for one in others]
    assert len(printed(STARTED, *others, *updates).splitlines()) == 3
    assert len(printed(STARTED, updates[1]).splitlines()) == 2


def test_times_of_another_day_have_their_date():
    then, now = datetime(2020, 2, 29, 10, 18, 3).astimezone(), datetime.now().astimezone()
    assert line({**STARTED, "captured_at": then.isoformat()})[0] == "2020-02-29 10:18:03"
    shown = line({**STARTED, "captured_at": now.isoformat()})[0]
    assert shown == now.strftime("%H:%M:%S") or now.date() != datetime.now().astimezone().date()


def test_an_end_of_another_kind_says_why():
    assert (
        line({**ENDED, "cause": "passed", "end_reason": "camera_lost"})[3]
        == "ended after 4.5 s: passed (camera lost)"
    )
    assert line({**ENDED, "cause": "passed", "end_reason": "fell"})[3] == "ended after 4.5 s: passed"


def test_anything_is_printed_somehow():
    assert len(printed({}, {"event_type": "gap", "lost": 3}, {"captured_at": 7}).splitlines()) == 3


def test_colours_in_a_terminal():
    leader, follower = pty.openpty()
    read = []
    with os.fdopen(follower, "w", encoding="utf-8") as output:
        terminal = Terminal(output)
        terminal.start()
        terminal.record("porch", STARTED)
        reader = threading.Thread(target=lambda: read.append(os.read(leader, 4096)), daemon=True)
        reader.start()
        until(lambda: read, 10, "something printed")
        terminal.stop(5)
    os.close(leader)
    assert b"\x1b[" in read[0]
    assert "●".encode() in read[0]


def test_a_closed_output_ends_the_printing_alone(caplog):
    output = io.StringIO()
    output.close()
    terminal = Terminal(output)
    terminal.start()
    terminal.record("porch", STARTED)
    until(lambda: "takes nothing any more: it is closed" in caplog.text)
    terminal.record("porch", STARTED)
    terminal.state("porch", "change", "ON")
    terminal.stop(1)


def test_a_terminal_that_is_held_holds_nobody():
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as output:
        terminal = Terminal(output)
        terminal.start()
        for _ in range(3000):
            terminal.record("porch", STARTED)  # nobody reads: the pipe is full after a few hundred
        terminal.stop(0.2)
        os.set_blocking(reading, False)
        while terminal._thread.is_alive():
            try:
                os.read(reading, 65536)
            except BlockingIOError:
                terminal.stop(0.05)
    os.close(reading)


def test_verdicts_are_a_line_each_but_not_ten_a_second_that_say_the_same():
    def verdict(tenths, word, part=None):
        at = datetime.fromisoformat("2026-11-22T10:18:03.000+00:00") + timedelta(seconds=tenths / 10)
        return {"verdict": word, "camera": "porch", "part": part, "captured_at": at.isoformat(), "reason": "why"}

    lines = printed(
        *(verdict(n, "PASS") for n in range(12)), verdict(12, "FAIL", "SN 7"), verdict(13, "FAIL", "SN 8")
    )
    assert [one.split("  ")[-1].strip() for one in lines.splitlines()] == [
        "✔ PASS: why", "✔ PASS: why", "✘ FAIL SN 7: why", "✘ FAIL SN 8: why"
    ]  # fmt: skip


def test_a_full_output_is_said_in_the_words_of_the_system(caplog):
    full = open("/dev/full", "w")  # noqa: SIM115 - closing it fails
    terminal = Terminal(full)
    terminal.start()
    terminal.record("porch", STARTED)
    until(lambda: "takes nothing any more: No space left on device" in caplog.text)
    terminal.stop(1)
    with contextlib.suppress(OSError):
        full.close()
