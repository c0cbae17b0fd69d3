"""Telling systemd, over a real socket."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from watcher.notify import Systemd


@pytest.fixture(params=["path", "abstract"])
def ear(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    name = str(tmp_path / "notify") if request.param == "path" else f"@watcher-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(name.replace("@", "\0", 1) if request.param == "abstract" else name)
        listening.settimeout(2)
        yield listening, name


def test_lines_arrive_together(ear: tuple[socket.socket, str]) -> None:
    listening, name = ear
    assert Systemd({"NOTIFY_SOCKET": name}).tell("READY=1", "STATUS=1 of 1 cameras watch")
    assert listening.recv(1000) == b"READY=1\nSTATUS=1 of 1 cameras watch"


def test_without_systemd_nothing_happens(tmp_path: Path) -> None:
    assert not Systemd({}).tell("READY=1")
    assert not Systemd({"NOTIFY_SOCKET": str(tmp_path / "gone")}).tell("READY=1")


def test_the_watchdog_is_fed_three_times_in_its_time() -> None:
    assert Systemd({"WATCHDOG_USEC": "30000000"}).watchdog_every == pytest.approx(10)
    assert Systemd({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}).watchdog_every
    assert Systemd({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}).watchdog_every is None
    assert Systemd({"WATCHDOG_USEC": "never"}).watchdog_every is None
    assert Systemd({}).watchdog_every is None
