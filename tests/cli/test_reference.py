"""``watcher reference`` as a person types it."""

import json
import re
import threading

import cv2
import numpy as np
import pytest

from tests.support.scenes import picture, visit, write_clip
from watcher.cli import main
from watcher.references import Store
from watcher.sources.demo import Demo
from watcher.sources.folder import Folder

CONFIG = """
storage: {{folder: data}}
mqtt: {{host: 127.0.0.1, port: {port}}}
cameras:
  yard: {{source: clip.mkv}}
  bench: {{source: demo, reference: {{kind: fixed}}, detector: {{color: true}}}}
  fixed: {{source: demo, reference: {{kind: fixed, image: golden.png}}}}
"""


@pytest.fixture
def at(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(CONFIG.format(port=1))
    write_clip(tmp_path / "clip.mkv", visit(40))
    cv2.imwrite("golden.png", picture(noise=0))
    return tmp_path


def store(at):
    return Store(at / "data" / "references")


def test_a_picture_is_taken_listed_shown_and_whole(at, capsys):
    assert main(["reference", "take", "bench", "day", "--from", "golden.png"]) == 0
    assert main(["reference", "take", "bench", "day", "--from", "golden.png"]) == 0
    assert "stored bench day@2, 320x180, made 20" in capsys.readouterr().out
    assert main(["reference", "list"]) == 0
    assert [line.split(",")[0] for line in capsys.readouterr().out.splitlines()] == ["bench day@1", "bench day@2"]
    assert main(["reference", "show", "bench", "day@1", "--output", "shown.png"]) == 0
    assert capsys.readouterr().out.startswith("bench day@1")
    assert np.abs(cv2.imread("shown.png").astype(int) - picture(noise=0)).mean() < 4
    assert main(["reference", "check"]) == 0
    assert capsys.readouterr().out == "2 stored references, all whole\n"


def test_the_camera_is_asked_for_a_second(at, capsys):
    assert main(["reference", "take", "yard", "empty"]) == 0
    assert main(["reference", "show", "yard", "empty", "--output", "shown.png"]) == 0
    shown = cv2.imread("shown.png", cv2.IMREAD_GRAYSCALE).astype(int)
    clean = cv2.cvtColor(picture(noise=0), cv2.COLOR_BGR2GRAY).astype(int)
    assert np.abs(shown - clean).mean() < 4


def test_several_good_pictures_are_averaged_and_that_is_said(at, capsys):
    (at / "good").mkdir()
    for number in range(5):
        cv2.imwrite(f"good/{number}.png", picture(number, noise=10))
    assert main(["reference", "teach", "bench", "day", "good"]) == 0
    assert "the mean of 5 pictures (what may vary between them is not learnt)" in capsys.readouterr().out
    main(["reference", "show", "bench", "day", "--output", "shown.png"])
    shown = cv2.cvtColor(cv2.imread("shown.png"), cv2.COLOR_BGR2GRAY).astype(int)
    clean = cv2.cvtColor(picture(noise=0), cv2.COLOR_BGR2GRAY).astype(int)
    assert np.abs(shown - clean).mean() < 4


def test_a_damaged_one_is_found_and_refused(at, capsys):
    for _ in range(2):
        main(["reference", "take", "bench", "day", "--from", "golden.png"])
    store(at).newest("bench", "day").path.write_bytes(b"damaged")
    capsys.readouterr()
    assert main(["reference", "check", "bench"]) == 2
    assert "day@2 of bench is damaged" in capsys.readouterr().err
    assert main(["reference", "use", "bench", "day"]) == 2
    assert "the older day@1 is still there" in capsys.readouterr().err
    assert main(["reference", "use", "bench", "day@1"]) == 0


def test_without_a_daemon_it_is_used_from_the_next_start(at, capsys):
    main(["reference", "take", "bench", "day", "--from", "golden.png"])
    assert main(["reference", "use", "bench", "day"]) == 0
    assert "no running daemon answers; bench compares with day@1 from its next start" in capsys.readouterr().out
    from watcher.camera.memory import Memory
    from watcher.camera.private import Veil
    from watcher.config import read
    from watcher.vision.detector import Detector

    options = read(at / "config.yaml").options.cameras["bench"]
    detector = Detector(options.detector, options.watched, options.reference, None)
    assert Memory(options, store(at), Veil([])).restore(detector, (320, 180)) == "day@1"
    assert np.abs(detector.expected().astype(int) - picture(noise=0)).mean() < 4


def test_the_list_says_which_is_in_use(at, capsys):
    for _ in range(2):
        main(["reference", "take", "bench", "day", "--from", "golden.png"])
    main(["reference", "use", "bench", "day@1"])
    capsys.readouterr()
    assert main(["reference", "list", "bench"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines] == ["bench day@1", "bench day@2", "bench taken@1"]
    assert [line.endswith(", in use") for line in lines] == [True, False, False]
    assert lines[2].endswith(", day@1 again")


def test_show_says_of_what_it_was_made(at, capsys):
    (at / "good").mkdir()
    for number in range(3):
        cv2.imwrite(f"good/{number}.png", picture(number))
    main(["reference", "take", "bench", "day", "--from", "golden.png"])
    main(["reference", "teach", "bench", "mean", "good"])
    main(["reference", "take", "yard", "empty"])
    capsys.readouterr()
    for camera, name, origin in (
        ("bench", "day", "made of 1 picture: golden.png"),
        ("bench", "mean", "made of 3 pictures: good"),
        ("yard", "empty", r"made of \d+ pictures: the camera"),
    ):
        assert main(["reference", "show", camera, name]) == 0
        first, second = capsys.readouterr().out.splitlines()
        assert re.fullmatch(rf"{camera} {name}@1, 320x180, made 20.* UTC", first)
        assert re.fullmatch(f"  {origin}", second)


WATCHED = "cameras: {bench: {source: {kind: folder, path: in, watch: true}}}\nstorage: {folder: data}\n"


def test_a_watched_folder_to_which_nothing_comes_is_given_up_in_words(at, capsys, monkeypatch):
    monkeypatch.setattr("watcher.cli.reference.WATCHED_WITHIN", 0.3)
    (at / "config.yaml").write_text(WATCHED)
    (at / "in").mkdir()
    cv2.imwrite("in/before.png", picture())
    assert main(["reference", "take", "bench", "day"]) == 2
    err = capsys.readouterr().err
    assert re.match("no new picture came into .*in within 0.3 s", err)
    assert "--from FILE" in err
    assert err.count("\n") == 1
    assert not (at / "data").exists()


def test_the_one_picture_that_comes_into_a_watched_folder_is_taken(at, capsys, monkeypatch):
    (at / "config.yaml").write_text(WATCHED)
    (at / "in").mkdir()
    opened = Folder.open

    def open_and_put(source):
        opened(source)
        cv2.imwrite("in/new.png", picture(noise=0))

    monkeypatch.setattr(Folder, "open", open_and_put)
    assert main(["reference", "take", "bench", "day"]) == 0
    main(["reference", "show", "bench", "day"])
    assert "made of 1 picture: the camera" in capsys.readouterr().out


def test_a_camera_that_hangs_is_given_up_in_words(at, capsys, monkeypatch):
    monkeypatch.setattr("watcher.cli.reference._limit", lambda camera: 0.3)
    monkeypatch.setattr(Demo, "frames", lambda source: iter(source._closed.wait, True))
    assert main(["reference", "take", "bench", "day"]) == 2
    assert capsys.readouterr().err.startswith("bench gave no picture within 0.3 s")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["take", "nosuch", "day"], "there is no camera nosuch"),
        (["take", "bench", "background", "--from", "golden.png"], "the camera's own"),
        (["take", "bench", "day@3", "--from", "golden.png"], "without a version"),
        (["take", "bench", "../day", "--from", "golden.png"], "cannot name a reference"),
        (["take", "bench", "day", "--from", "nosuch.png"], "no such file"),
        (["teach", "bench", "day", "nosuch"], "no file or folder"),
        (["teach", "bench", "day", "."], "one size"),
        (["show", "bench", "day"], "there is no reference day of bench"),
        (["show", "bench", "day@x"], "write NAME or NAME@VERSION"),
        (["use", "bench", "day"], "there is no reference day of bench"),
        (["list", "nosuch"], "there is no camera nosuch"),
        (["list", "--config", "nosuch.yaml"], "does not exist"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_status_two(at, capsys, words, sentence):
    cv2.imwrite("small.png", picture(size=(160, 90)))
    assert main(["reference", *words]) == 2
    err = capsys.readouterr().err
    assert sentence in err
    assert err.count("\n") == 1
    assert not (at / "data").exists()


def test_a_camera_whose_reference_is_a_picture_uses_no_other(at, capsys):
    main(["reference", "take", "fixed", "day", "--from", "golden.png"])
    assert main(["reference", "use", "fixed", "day"]) == 2
    assert "comes first at every start" in capsys.readouterr().err


def test_a_reference_of_other_settings_does_not_fit(at, capsys):
    main(["reference", "take", "bench", "day", "--from", "golden.png"])
    (at / "config.yaml").write_text(CONFIG.format(port=1).replace("color: true", "size: 160"))
    capsys.readouterr()
    assert main(["reference", "use", "bench", "day"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


# -- with a daemon (all that it needs to be, for this, is a status and an answer) -------------------------


class Daemon:
    """A client that is online, remembers what it was told, and refuses what it is told to refuse."""

    def __init__(self, port, refuses=""):
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        self.heard, self.came = [], threading.Event()
        self.refuses = refuses
        self.client = Client(CallbackAPIVersion.VERSION2)
        self.client.on_message = self._hear
        self.client.connect("127.0.0.1", port)
        self.client.subscribe("watcher/bench/reference/set", 1)
        self.client.loop_start()
        self.client.publish("watcher/status", "online", qos=1, retain=True).wait_for_publish(5)

    def _hear(self, client, userdata, message):
        self.heard.append(message.payload.decode())
        if self.refuses:
            client.publish("watcher/bench/error", json.dumps({"reason": self.refuses}), qos=1)

    def stop(self):
        self.client.disconnect()
        self.client.loop_stop()


@pytest.mark.parametrize("refuses", ["", "it was made of pictures of another size"])
def test_a_running_daemon_is_told(at, capsys, tmp_path, refuses):
    from tests.support.broker import Mosquitto

    broker = Mosquitto(tmp_path / "broker").start()
    try:
        (at / "config.yaml").write_text(CONFIG.format(port=broker.port))
        daemon = Daemon(broker.port, refuses)
        main(["reference", "take", "bench", "day", "--from", "golden.png"])
        capsys.readouterr()
        status = main(["reference", "use", "bench", "day@1"])
        told = capsys.readouterr()
        assert daemon.heard == ["day@1"]
        if refuses:
            assert (status, told.err) == (2, f"bench refuses: {refuses}\n")
        else:
            assert (status, told.out) == (0, "bench compares with day@1 now\n")
        daemon.stop()
    finally:
        broker.stop()


def test_a_store_that_cannot_be_entered_is_a_sentence(at, capsys):
    (at / "config.yaml").write_text(f"storage: {{folder: {'x' * 300}}}\ncameras: {{yard: {{source: demo}}}}\n")
    for words in (["list"], ["check"], ["show", "yard", "day"]):
        assert main(["reference", *words]) == 2
        assert "cannot be looked at (File name too long)" in capsys.readouterr().err
