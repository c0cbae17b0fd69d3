"""One line an update, for people."""

import io
import os
import pty
import threading

from tests.support.wait import until
from watcher.sinks.terminal import Terminal, line

STARTED = {
    "event_type": "started", "camera": "porch", "captured_at": "2026-11-22T10:18:03.250Z", "zones": ["door"],
    "started_at": "2026-11-22T10:18:02.850Z", "ended_at": None, "cause": "change", "end_reason": None,
    "changed_fraction": 0.034, "reason": "changed 3.4 % of zone door for 0.4 s (threshold 1.0 %)",
}  # fmt: skip
UPDATED = {**STARTED, "event_type": "updated", "zones": ["door", "step"]}
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
    assert second.endswith("│ going on in door, step, 3.40%")
    assert third.endswith("○ ended after 4.5 s: something stayed")
    assert "\x1b" not in first + second + third


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
    until(lambda: "output is closed" in caplog.text)
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
