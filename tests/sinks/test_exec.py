"""Commands that are run for records: what they get, how long they may take, and that nothing of them gets out."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.support.wait import until
from watcher.secret import Secret
from watcher.sinks.options import ExecOptions


def record(number=0, **more):
    return {
        "schema": 1, "event_type": "started", "id": f"e{number}", "camera": "porch", "sequence": 0,
        "started_at": "2026-11-22T10:18:03.250Z", "ended_at": None, "published_at": None, "cause": "change",
        "zones": ["door", "step"], "reason": "größer $(touch /tmp/never) `id` ; rm -rf /",
        "media": {"snapshot": {"file": "/data/x.jpg"}, "clip": None}, **more,
    }  # fmt: skip


def script(folder, text):
    path = folder / "command"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_it_gets_the_event_on_its_input_and_in_its_environment(tmp_path, sink):
    command = script(
        tmp_path, f"cat > {tmp_path}/in.part; env > {tmp_path}/env; mv {tmp_path}/in.part {tmp_path}/in"
    )
    courier = sink(ExecOptions(command=(command,), environment={"TOPIC": Secret("mine")}))
    courier.outbox.put("porch", record())
    until(lambda: courier.idle)
    told = json.loads((tmp_path / "in").read_text())
    assert told["published_at"].endswith("Z")
    assert {**told, "published_at": None} == record()
    environment = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines())
    assert json.loads(environment["WATCHER_EVENT"]) == told
    assert environment["WATCHER_TYPE"] == "started"
    assert environment["WATCHER_ZONES"] == "door,step"
    assert environment["WATCHER_SNAPSHOT"] == "/data/x.jpg"
    assert environment["WATCHER_REASON"] == record()["reason"]
    assert environment["TOPIC"] == "mine"


KILLED = """
import sys, time
sys.path[:] = {path!r}
from watcher.outbox import Record
from watcher.sinks.exec import Exec
from watcher.sinks.options import ExecOptions
Exec(ExecOptions(command=({command!r},)))(Record(0, "porch", {{"id": "e0"}}), lambda: False)
"""


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="no setpriv (util-linux) here")
def test_it_does_not_outlive_a_daemon_that_is_killed(tmp_path):
    command = script(tmp_path, f"echo $$ > {tmp_path}/part; mv {tmp_path}/part {tmp_path}/pid; exec sleep 60")
    daemon = subprocess.Popen([sys.executable, "-c", KILLED.format(path=sys.path, command=command)])
    try:
        until((tmp_path / "pid").exists)
    finally:
        daemon.kill()
        daemon.wait()
    child = int((tmp_path / "pid").read_text())
    until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)


def test_it_is_run_without_a_shell_and_its_arguments_stay_what_they_are(tmp_path, sink):
    command = script(tmp_path, f'printf "%s\\n" "$@" > {tmp_path}/said')
    courier = sink(ExecOptions(command=(command, "a b", "$HOME", "; touch x", "*")))
    courier.outbox.put("porch", record())
    until(lambda: courier.idle)
    assert (tmp_path / "said").read_text().splitlines() == ["a b", "$HOME", "; touch x", "*"]


def test_our_own_environment_is_not_its_business(tmp_path, sink, monkeypatch):
    monkeypatch.setenv("MQTT_PASSWORD", "correct horse battery")
    courier = sink(ExecOptions(command=(script(tmp_path, f"env > {tmp_path}/env"),)))
    courier.outbox.put("porch", record())
    until(lambda: courier.idle)
    assert "PATH=" in (tmp_path / "env").read_text()
    assert "battery" not in (tmp_path / "env").read_text()


def test_each_is_run_once_and_in_order(tmp_path, sink):
    courier = sink(ExecOptions(command=(script(tmp_path, f"echo $WATCHER_ID >> {tmp_path}/said"),)))
    for number in range(20):
        courier.outbox.put("porch", record(number))
    until(lambda: courier.idle, 20)
    assert (tmp_path / "said").read_text().split() == [f"e{number}" for number in range(20)]


def test_what_takes_too_long_is_killed_with_its_children(tmp_path, sink, caplog):
    command = script(
        tmp_path, f"sleep 61 & echo $! > {tmp_path}/child; echo $$ > {tmp_path}/pid; trap '' TERM; sleep 62"
    )
    courier = sink(ExecOptions(command=(command,), timeout=0.5))
    courier.outbox.put("porch", record())
    until(lambda: courier.idle, 10)
    for name in ("pid", "child"):
        pid = int((tmp_path / name).read_text())
        until(lambda pid=pid: not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie", 5)
    assert "command took longer than 0.5 s and was killed" in caplog.text


def test_what_it_leaves_running_ends_with_it(tmp_path, sink):
    courier = sink(ExecOptions(command=(script(tmp_path, f"sleep 63 & echo $! > {tmp_path}/child"),)))
    courier.outbox.put("porch", record())
    until(lambda: courier.idle)
    pid = int((tmp_path / "child").read_text())
    until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie", 5)


def test_a_failure_is_said_and_not_repeated_and_its_output_is_nowhere(tmp_path, sink, caplog, capfd):
    command = script(tmp_path, f"echo x >> {tmp_path}/runs; echo hunter2; echo hunter2 >&2; exit 3")
    courier = sink(ExecOptions(command=(command,)))
    courier.outbox.put("porch", record())
    until(lambda: courier.idle)
    assert (tmp_path / "runs").read_text() == "x\n"
    assert "command has failed (exit status 3)" in caplog.text
    assert "hunter2" not in caplog.text + "".join(capfd.readouterr())


def test_one_that_cannot_be_started_is_tried_until_it_can(tmp_path, sink, caplog):
    command = tmp_path / "later"
    courier = sink(ExecOptions(command=(str(command),)))
    courier.outbox.put("porch", record())
    until(lambda: "later cannot be started (No such file or directory); trying again" in caplog.text)
    assert not courier.idle
    os.rename(script(tmp_path, f"touch {tmp_path}/done"), command)
    until(lambda: courier.idle, 10)
    assert (tmp_path / "done").exists()


def test_a_stop_does_not_wait_for_it_and_it_is_run_again_at_the_next_start(tmp_path, sink):
    courier = sink(ExecOptions(command=(script(tmp_path, f"echo $$ > {tmp_path}/pid; sleep 64"),), timeout=100))
    courier.outbox.put("porch", record())
    pid = int(until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text()))
    begun = time.monotonic()
    courier.stop(1)
    assert time.monotonic() - begun < 1.5
    assert not psutil.pid_exists(pid)
    assert courier.outbox.waiting() == 1


def test_a_record_too_long_for_a_variable_is_on_the_input(tmp_path, sink):
    courier = sink(ExecOptions(command=(script(tmp_path, f"wc -c > {tmp_path}/size; env > {tmp_path}/env"),)))
    courier.outbox.put("porch", record(reason="x" * 50, regions=[{"n": "y" * 1000}] * 200))
    until(lambda: courier.idle)
    assert int((tmp_path / "size").read_text()) > 200_000
    assert "WATCHER_EVENT" not in (tmp_path / "env").read_text()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"command": ()}, "command is empty"),
        ({"command": ("a\0",)}, "NUL"),
        ({"command": ("a",), "events": ()}, "events is empty"),
        ({"command": ("a",), "timeout": 0}, "timeout must lie"),
        ({"command": ("a",), "environment": {"A=B": Secret("x")}}, "name of a variable"),
    ],
)
def test_settings_that_make_no_sense(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        ExecOptions(**settings)


def test_the_shell_of_these_tests_is_there():
    assert shutil.which("sh")
    assert not Path("/tmp/never").exists()
