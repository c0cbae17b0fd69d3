"""Odd and broken pictures through the whole engine, in processes that get little memory.

That ``compare`` and the source by itself stand them is shown in tests/cli/test_compare.py and
tests/sources/test_folder.py.
"""

import os
import re
import resource
import shutil
import subprocess
import sys
from json import loads
from pathlib import Path

import pytest

from tests.end_to_end.contract import checked
from tests.end_to_end.daemon import ROOT
from tests.support.broker import Mosquitto
from tests.support.data import shared
from tests.support.scenes import jpegs, picture, visit

MEMORY = 2 * 10**9
"""Address space, of which a fresh process with its libraries has taken more than a third."""


def bounded(words: list[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    """``watcher`` with these words; it must neither crash nor hang."""
    return subprocess.run(
        [sys.executable, "-m", "watcher", *words], capture_output=True, text=True, timeout=90, cwd=folder,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )  # fmt: skip


@pytest.fixture
def mixed(tmp_path: Path) -> tuple[Path, int]:
    """All that is odd, between two halves of a scene that is not; and how many pictures that are."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    odd = sorted(path for path in shared("robustness").rglob("*") if path.is_file())
    good = jpegs([picture(number) for number in range(30)])
    good += jpegs(visit(60, comes=20, goes=40))
    for number, data in enumerate(good[:30]):
        (folder / f"{number}.jpg").write_bytes(data)
    for number, path in enumerate(odd, 30):
        shutil.copyfile(path, folder / f"{number}.jpg")
    for number, data in enumerate(good[30:], 30 + len(odd)):
        (folder / f"{number}.jpg").write_bytes(data)
    return folder, len(good) + len(odd)


def test_replay_goes_through_all_of_it_and_sees_what_comes_after(tmp_path: Path, mixed: tuple[Path, int]) -> None:
    folder, count = mixed
    done = bounded(["replay", str(folder), "--events", "events.jsonl", "--masks", "masks"], tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    frames, unreadable = (
        int(re.search(rf"^(\d+) {words}", done.stderr, re.M)[1]) for words in ("frames", "could not be read")
    )
    assert frames + unreadable == count
    assert unreadable > 50
    assert len(list((tmp_path / "masks").iterdir())) == count, "a mask each, whatever it is"
    told = [loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    events = checked([one for one in told if one["frame_size"] == [320, 180]], (320, 180), live=False)
    came = (count - 60 + 20) / 10
    assert any(event[0]["media_time"] == pytest.approx(came, abs=1.0) for event in events)


def test_the_daemon_goes_through_all_of_it_and_says_each_thing_once(
    tmp_path: Path, mixed: tuple[Path, int]
) -> None:
    broker = Mosquitto(tmp_path / "broker").start()
    (tmp_path / "config.yaml").write_text(
        f"mqtt: {{host: 127.0.0.1, port: {broker.port}}}\nstorage: {{folder: data, keep_free: 1 MB}}\n"
        f"cameras: {{odd: {{source: {mixed[0]}/}}}}\n"
    )
    try:
        done = bounded(["run", "--config", "config.yaml"], tmp_path)
    finally:
        broker.stop()
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    assert "started" in done.stdout
    assert "every recording has ended" in done.stderr
    lines = [re.sub(r"^\d\d:\d\d:\d\d ", "", line) for line in done.stderr.splitlines()]
    said = [line for line in lines if "odd: a picture cannot be read" in line]
    assert 3 < len(said) == len(set(said)) < 100
