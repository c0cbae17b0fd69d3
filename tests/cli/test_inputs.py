"""No command writes over what it reads."""

import json
import os
import subprocess
import sys

import cv2
import pytest

from tests.support.scenes import picture, visit, write_clip
from watcher.cli import main


@pytest.fixture
def at(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_clip(tmp_path / "clip.mp4", visit(12))
    os.symlink("clip.mp4", "link.mp4")
    os.link("clip.mp4", "twin.mp4")
    (tmp_path / "truth.json").write_text(json.dumps({"fps": 10, "events": []}))
    (tmp_path / "config.yaml").write_text("cameras: {yard: {source: demo}}")
    (tmp_path / "in").mkdir()
    cv2.imwrite("in/1.png", picture())
    cv2.imwrite("in/000_1_annotated.png", picture())
    return tmp_path


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("words", [
    ["replay", "clip.mp4", "--events", "clip.mp4"],
    ["replay", "clip.mp4", "--events", "link.mp4"],
    ["replay", "link.mp4", "--events", "twin.mp4"],
    ["replay", "clip.mp4", "--truth", "truth.json", "--events", "./truth.json"],
    ["replay", "clip.mp4", "--config", "config.yaml", "--events", "config.yaml"],
    ["replay", "in", "--events", "in/1.png"],
    ["replay", "in", "--masks", "in"],
    ["replay", "in/*.png", "--masks", "in/../in"],
    ["compare", "in/1.png", "in/1.png", "in/000_1_annotated.png", "--output", "in"],
    ["compare", "in", "in/1.png", "--output", "in"],
], ids=" ".join)  # fmt: skip
def test_what_is_read_is_not_written_over(at, capsys, words):
    before = contents(at)
    assert main(words) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "would overwrite" in said
    assert contents(at) == before


def test_beside_what_is_read_one_may_write(at):
    assert main(["replay", "clip.mp4", "--events", "events.jsonl", "--masks", "in"]) == 0
    assert main(["compare", "in/1.png", "in/1.png", "--output", "out"]) == 0
    assert len(list((at / "in").iterdir())) == 2 + 12


def test_what_was_written_before_stays_where_there_is_nothing_to_read(at):
    (at / "events.jsonl").write_text("of yesterday\n")
    (at / "torn.mp4").write_bytes(b"no recording")
    assert main(["replay", "torn.mp4", "--events", "events.jsonl"]) == 2
    assert (at / "events.jsonl").read_text() == "of yesterday\n"


COMMANDS = [
    ["compare", "in/1.png", "in/1.png"],
    ["compare", "in/1.png", "in/1.png", "--json"],
    ["replay", "clip.mp4", "--json", "--config", "quick.yaml"],
    ["check", "--config", "config.yaml"],
    ["schema"],
]


def ended(at, words, redirected):
    (at / "quick.yaml").write_text("cameras: {yard: {source: demo, reference: start, events: {rise: 0 s}}}")
    command = f'exec "$0" -m watcher "$@" {redirected}'
    program = ["sh", "-c", command, sys.executable, *words]
    return subprocess.run(program, cwd=at, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a device that is always full")
@pytest.mark.parametrize("words", [words for words in COMMANDS if words[0] != "replay"], ids=" ".join)
def test_an_output_that_is_full_is_one_sentence_and_status_2(at, words):
    done = ended(at, words, ">/dev/full")
    assert (done.returncode, done.stderr.splitlines()[-1:]) == (
        2, ["the output cannot be written (No space left on device)"],
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_closed_output_is_one_sentence_and_status_2(at, words):
    done = ended(at, words, ">&-")
    sentence = "there is no standard output to write to; give one, if only /dev/null\n"
    assert (done.returncode, done.stderr) == (2, sentence)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a device that is always full")
def test_where_not_even_the_trouble_can_be_said_the_status_says_it(at):
    assert ended(at, ["compare", "in/1.png", "in/1.png"], ">/dev/full 2>/dev/full").returncode == 2
    assert ended(at, ["compare", "in/1.png", "nosuch.png"], "2>/dev/full").returncode == 2


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a device that is always full")
def test_events_that_cannot_be_written_are_one_sentence_and_status_2(at):
    write_clip(at / "event.mp4", visit(80, comes=30, goes=50))
    for redirected in ("--events /dev/full >/dev/null", ">/dev/full"):
        done = ended(at, ["replay", "event.mp4"], redirected)
        assert done.returncode == 2
        assert "No space left on device" in done.stderr.splitlines()[0]
        assert "Traceback" not in done.stderr
