"""``watcher replay`` as a person types it."""

import json
import os
import re
import signal
import subprocess
import sys

import cv2
import pytest

from tests.support.data import shared
from tests.support.scenes import numbered, picture, visit, write_clip
from tests.support.wait import until
from watcher.cli import main


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return str(write_clip(tmp_path_factory.mktemp("clips") / "visit.mp4", visit(80, comes=30, goes=50)))


@pytest.fixture
def at(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_people_get_the_events_and_a_sum(at, clip, capsys):
    assert main(["replay", clip]) == 0
    told = capsys.readouterr()
    started, ended = told.out.splitlines()
    assert started.startswith("started 0:03.")
    assert ended.startswith("ended   0:04.")
    assert "passed (fell)" in ended
    assert told.err.startswith("80 frames, 7.9 s, 1 event; took ")
    assert "times real time" in told.err


def test_events_go_to_the_file_and_with_json_to_the_output(at, clip, capsys):
    assert main(["replay", clip, "--events", "events.jsonl", "--json", "--start", "2026-11-22T10:18:00Z"]) == 0
    out = capsys.readouterr().out
    assert out == (at / "events.jsonl").read_text()
    told = [json.loads(line) for line in out.splitlines()]
    assert [one["event_type"] for one in told if one["event_type"] != "updated"] == ["started", "ended"]
    first = told[0]
    assert first["id"].startswith("20261122T10180")
    assert (first["schema"], first["camera"], first["profile"]) == (1, "replay", "home")
    assert first["reference"] == "background"
    assert first["published_at"] is None
    assert [one["sequence"] for one in told] == list(range(len(told)))


def test_what_is_restless_is_shown_on_the_last_picture(at, clip, capsys):
    assert main(["replay", clip, "--restless", "map.png"]) == 0
    shown, last = cv2.imread("map.png"), picture(noise=0)
    assert shown.shape[:2] == last.shape[:2]
    assert shown.std() > 5


def test_the_same_input_gives_the_same_bytes(at, clip, capsys):
    for name in ("a", "b"):
        assert main(["replay", clip, "--events", f"{name}.jsonl", "--masks", name]) == 0
    capsys.readouterr()
    assert (at / "a.jsonl").read_bytes() == (at / "b.jsonl").read_bytes()
    files = [sorted((at / name).iterdir()) for name in ("a", "b")]
    assert [path.name for path in files[0]] == [f"{n:06d}.png" for n in range(80)]
    assert [path.read_bytes() for path in files[0]] == [path.read_bytes() for path in files[1]]


def test_the_masks_of_pictures_are_named_after_them_in_natural_order(at, capsys):
    (at / "in").mkdir()
    for number, drawn in enumerate(numbered(12)):
        cv2.imwrite(f"in/scene {number}.png", drawn)
    (at / "in/scene 3.png").write_bytes(b"broken")
    (at / "in/scene 0.png").write_bytes(b"")
    assert main(["replay", "in", "--masks", "masks", "--fps", "25"]) == 0
    assert {path.name for path in (at / "masks").iterdir()} == {f"scene {n}.png" for n in range(12)}
    for number in (0, 3):
        mask = cv2.imread(f"masks/scene {number}.png", cv2.IMREAD_UNCHANGED)
        assert mask.shape == (180, 320)
        assert (mask == 128).all()
    err = capsys.readouterr().err
    assert "10 frames" in err
    assert "2 could not be read, first: scene 0.png: the file is empty" in err


def test_where_nothing_can_be_read_that_is_one_line_and_status_two(at, capsys):
    (at / "in").mkdir()
    for name in ("broken.jpg", "in/1.jpg", "in/2.jpg"):
        (at / name).write_bytes(b"broken")
    assert main(["replay", "broken.jpg"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("broken.jpg: not a picture")
    assert told.err.count("\n") == 1
    assert main(["replay", "in", "--masks", "masks"]) == 2
    assert capsys.readouterr().err.startswith("in: none of 2 pictures could be read, first: 1.jpg: not a picture")
    assert len(list((at / "masks").iterdir())) == 2


def test_equal_stems_are_refused_before_anything_is_done(at, capsys):
    (at / "in").mkdir()
    for name in ("1.png", "1.jpg", "2.png"):
        cv2.imwrite(f"in/{name}", picture())
    assert main(["replay", "in", "--masks", "masks", "--events", "events"]) == 2
    assert "2 pictures are named 1" in capsys.readouterr().err
    assert not (at / "masks").exists()
    assert not (at / "events").exists()
    assert main(["replay", "in"]) == 0, "without masks they are no trouble"


def test_a_recording_that_breaks_off_gives_what_there_was_one_line_and_status_two(at, capsys):
    whole = write_clip(at / "whole.mkv", visit(80, comes=30, goes=50), options={"g": "10"})
    (at / "broken.mkv").write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    assert main(["replay", "broken.mkv", "--events", "events.jsonl", "--masks", "masks"]) == 2
    told = capsys.readouterr()
    first = told.err.splitlines()[0]
    assert "broken.mkv breaks off" in first
    frames = len(list((at / "masks").iterdir()))
    assert f"the results are of the first {frames} frames" in first
    assert json.loads((at / "events.jsonl").read_text().splitlines()[-1])["event_type"] == "ended"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nosuch.mp4"], "no recording nosuch.mp4"),
        (["rtsp://user:secret@127.0.0.1/x"], "only what has an end"),
        (["clip.mp4", "--fps", "5"], "times of its own"),
        (["clip.mp4", "--config", "nosuch.yaml"], "does not exist"),
        (["clip.mp4", "--truth", "nosuch.json"], "cannot be read"),
        (["clip.mp4", "--events", "nosuch/events"], "cannot be written"),
        (["demo", "--masks", "file"], "cannot be made"),
        (["in", "--fps", "0"], "fps must lie between"),
        (["clip.mp4", "--start", "soon"], "is not a time"),
        (["clip.mp4", "--config", "x", "--profile", "home"], "not allowed with"),
        (["clip.mp4", "--profile", "nosuch"], "invalid choice"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_status_two(at, capsys, words, sentence):
    (at / "file").write_text("")
    (at / "in").mkdir()
    cv2.imwrite("in/1.png", picture())
    write_clip(at / "clip.mp4", visit(3))
    assert main(["replay", *words]) == 2
    err = capsys.readouterr().err
    assert sentence in err
    assert "secret" not in err
    assert "Traceback" not in err


def test_truth(at, clip, capsys):
    truth = {"fps": 10, "events": [{"start_s": 3.0, "end_s": 4.9, "with_shadow_s": [3.0, 4.9], "kind": "a box"}]}
    (at / "truth.json").write_text(json.dumps(truth))
    assert main(["replay", clip, "--truth", "truth.json"]) == 0
    assert "hits 1, misses 0, excused 0, false 0" in capsys.readouterr().out
    (at / "truth.json").write_text("[]")
    assert main(["replay", clip, "--truth", "truth.json"]) == 2
    assert "not a truth file" in capsys.readouterr().err


def test_the_camera_of_a_configuration(at, clip, capsys):
    (at / "config.yaml").write_text("cameras: {yard: {source: demo, profile: wildlife}}")
    assert main(["replay", clip, "--config", "config.yaml", "--camera", "yard", "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[0])
    assert (told["camera"], told["profile"]) == ("yard", "wildlife")
    assert main(["replay", clip, "--config", "config.yaml", "--camera", "nosuch"]) == 2


def test_a_reference_of_another_shape_is_refused(at, clip, capsys):
    cv2.imwrite("square.png", cv2.resize(picture(), (100, 100)))
    (at / "config.yaml").write_text("cameras: {yard: {source: demo, reference: {kind: fixed, image: square.png}}}")
    assert main(["replay", clip, "--config", "config.yaml", "--events", "events.jsonl"]) == 2
    assert "the reference square is 100x100, the recording " in capsys.readouterr().err
    assert (at / "events.jsonl").read_text() == ""


def test_what_could_not_be_compared_is_counted(at, capsys):
    (at / "in").mkdir()
    for number in range(40):
        dark = 10 < number < 35
        cv2.imwrite(f"in/{number}.png", picture() // 255 if dark else picture())
    assert main(["replay", "in"]) == 0
    last = capsys.readouterr().err.splitlines()[-1]
    assert re.fullmatch(r"\d+ could not be compared, first 11\.png: the picture is black", last), last


def test_an_interruption_keeps_what_there_is(at):
    pictures = list(visit(60, comes=25, goes=60))
    write_clip(at / "long.mp4", pictures + 50 * pictures[25:], options={"preset": "ultrafast"})
    words = ["replay", "long.mp4", "--events", "events.jsonl", "--masks", "masks"]
    program = [sys.executable, "-m", "watcher", *words]
    child = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until(lambda: (at / "events.jsonl").exists() and (at / "events.jsonl").read_text(), 30, "an event has started")
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=20)
    assert child.returncode == 130
    frames = len(list((at / "masks").iterdir()))
    assert 20 < frames < 1800
    assert err.splitlines()[0] == f"interrupted; the results are of the first {frames} frames"
    told = [json.loads(line) for line in (at / "events.jsonl").read_text().splitlines()]
    assert (told[-1]["event_type"], told[-1]["end_reason"]) == ("ended", "stopped")


def test_on_a_screen_there_is_a_bar(at, clip):
    pty = pytest.importorskip("pty")
    leader, follower = pty.openpty()
    environment = {**os.environ, "COLUMNS": "120", "TERM": "xterm"}
    program = [sys.executable, "-m", "watcher", "replay", clip, "--json"]
    done = subprocess.run(
        program, stdout=subprocess.PIPE, stderr=follower, text=True, timeout=60, env=environment, check=False
    )
    os.close(follower)
    shown = os.read(leader, 65536).decode()
    os.close(leader)
    assert done.returncode == 0
    assert "replaying" in shown
    assert "80/80" in shown
    assert "81/80" not in shown
    assert all(json.loads(line)["camera"] == "replay" for line in done.stdout.splitlines()), "the pipe is clean"


CLIPS = ["tree.avi", "atv2.mp4"]


@pytest.mark.parametrize("name", CLIPS)
def test_real_recordings_with_their_truth(at, name, capsys):
    path = shared(f"clips/{name}")
    truth = shared(f"truth/{path.stem}.json")
    assert main(["replay", str(path), "--truth", str(truth), "--events", "events.jsonl"]) == 0
    told = capsys.readouterr()
    assert "hits " in told.out
    assert (at / "events.jsonl").read_text().count('"started"') >= 1


@pytest.mark.parametrize("start", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"])
def test_at_the_ends_of_time_nothing_can_start(at, clip, capsys, start):
    assert main(["replay", clip, "--start", start]) == 2
    told = capsys.readouterr().err
    assert "start must lie in the years 2 to 9998" in told
    assert len(told.splitlines()) == 1


def test_a_truth_that_is_no_small_file_is_not_read(at, clip, capsys):
    (at / "large.json").write_bytes(b" " * 1_000_001)
    for name, why in (("/dev/null", "only regular files are read"), ("large.json", "larger than 1 MB")):
        assert main(["replay", clip, "--truth", name]) == 2
        assert why in capsys.readouterr().err


@pytest.mark.parametrize("name", ["x" * 300, "x" * 300 + ".mp4", "x" * 300 + ".jpg", "x" * 300 + "/*.jpg"])
def test_a_name_that_is_too_long_is_a_sentence(at, capsys, name):
    assert main(["replay", name]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
