"""``watcher replay`` on real recordings and sequences: what it tells keeps the contract, and is not nonsense.

The floors leave room below what was measured: they catch what breaks, not what drifts.
"""

import re
import subprocess
import sys
from json import loads
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from tests.end_to_end.contract import Payload, checked
from tests.support.data import shared
from watcher.cli import main
from watcher.events.payload import payload
from watcher.replaying import Replay, camera_options
from watcher.vision.frame import Frame

FIRST = 300
"""So many frames of a long recording are enough to see that it works."""


@pytest.fixture
def at(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told_in(path: Path) -> list[Payload]:
    return [loads(line) for line in path.read_text().splitlines()]


def frames_of(clip: Path) -> tuple[int, tuple[int, int]]:
    """How many pictures a recording holds, and their size, counted without decoding."""
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        return sum(packet.size > 0 for packet in container.demux(stream)), (stream.width, stream.height)


def replayed(words: list[str], capsys) -> tuple[list[Payload], int, str]:
    """Events, how many frames it says there were, and what it printed."""
    assert main(["replay", *words, "--events", "events.jsonl"]) == 0
    printed = capsys.readouterr()
    frames = re.search(r"^(\d+) frames", printed.err, re.M)
    assert frames, printed.err
    assert "could not be read" not in printed.err
    return told_in(Path("events.jsonl")), int(frames[1]), printed.out


# -- recordings -------------------------------------------------------------------------------------------

CLIPS = ["atv.mp4", "atv2.mp4", "atv3.mp4", "bottle-detection.mp4", "tree.avi"]
LONG_CLIPS = ["one-by-one-person-detection.mp4", "traffic_camera_vfr.mp4", "vtest.avi"]
FLOORS = {  # misses and false events, at most
    "atv": (0, 1), "atv2": (0, 1), "atv3": (0, 1), "bottle-detection": (1, 1),
    "one-by-one-person-detection": (0, 2),
}  # fmt: skip


@pytest.mark.parametrize("name", [*CLIPS, *(pytest.param(name, marks=pytest.mark.slow) for name in LONG_CLIPS)])
def test_a_recording(at, capsys, name):
    clip = shared(f"clips/{name}")
    count, size = frames_of(clip)
    truth = clip.parents[1] / "truth" / f"{clip.stem}.json"
    words = ["--truth", str(truth)] if clip.stem in FLOORS else []
    told, frames, out = replayed([str(clip), *words], capsys)
    assert frames == count, "nothing of a recording is lost"
    assert checked(told, size, live=False), "something happens in all of them"
    if words:
        misses, false = (int(re.search(rf"{word} (\d+)", out)[1]) for word in ("misses", "false"))
        assert misses <= FLOORS[clip.stem][0], out
        assert false <= FLOORS[clip.stem][1], out


@pytest.mark.parametrize("name", LONG_CLIPS)
def test_the_beginning_of_a_long_recording(name):
    clip = shared(f"clips/{name}")
    told, frames = begun(clip, FIRST)
    assert frames == FIRST
    events = checked(told, frames_of(clip)[1], live=False)
    assert events
    if name.startswith("one-by-one"):
        first = events[0][0]
        assert 5.8 <= first["media_time"] <= 7.0, "the first person enters the empty room at 6.0 s"


def begun(clip: Path, frames: int) -> tuple[list[Payload], int]:
    """The events of the first frames of a recording, and how many frames there were."""
    replay, told, count = Replay(camera_options(clip)), [], 0
    for seen, _, updates in replay.steps():
        told += [payload(one, profile="home", reference=replay.reference, snapshot_file=None) for one in updates]
        count += isinstance(seen, Frame)
        if count == frames:
            replay.stop()
    return told, count


def test_the_hand_before_the_waving_tree_is_in_an_event(at, capsys):
    told, _, _ = replayed([str(shared("clips/tree.avi"))], capsys)
    assert any(23.1 <= one["media_time"] <= 27 and one["changed_fraction"] > 0.1 for one in told)


def test_the_command_gives_the_same_bytes_as_ever(at, capsys):
    clip = shared("clips/tree.avi")
    once, again = (["replay", str(clip), "--events", f"{run}.jsonl", "--masks", run] for run in ("once", "again"))
    assert main(once) == 0
    done = subprocess.run(
        [sys.executable, "-m", "watcher", *again], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == capsys.readouterr().out != ""
    assert Path("once.jsonl").read_bytes() == Path("again.jsonl").read_bytes() != b""
    masks = [{path.name: path.read_bytes() for path in Path(run).iterdir()} for run in ("once", "again")]
    assert masks[0] == masks[1]
    assert sorted(masks[0]) == [f"{number:06d}.png" for number in range(frames_of(clip)[0])]


# -- sequences of pictures --------------------------------------------------------------------------------

SEQUENCES = [
    # where, which of the pictures, how many a second
    ("cdnet-highway", "in000[0-2]??.jpg", "25"),
    ("cdnet-office", "in000[5-8]??.jpg", "25"),
    ("sbi/HallAndMonitor", "*.png", "25"),
    ("sbi/HighwayI", "*.png", "25"),
    ("sbi/IBMtest2", "*.png", "25"),
    ("wallflower-wavingtrees", "b*", "10"),
    pytest.param("cdnet-highway", "*.jpg", "25", marks=pytest.mark.slow),
    pytest.param("cdnet-office", "*.jpg", "25", marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("sequence", "pattern", "fps"), SEQUENCES)
def test_a_sequence(at, capsys, sequence, pattern, fps):
    folder = shared(f"{sequence}/input")
    pictures = sorted(folder.glob(pattern))
    height, width = cv2.imread(str(pictures[0])).shape[:2]
    told, frames, _ = replayed([str(folder / pattern), "--fps", fps], capsys)
    assert frames == len(pictures)
    events = checked(told, (width, height), live=False)
    assert events, "something happens in all of them"
    if sequence == "cdnet-office":
        begin = int(re.search(r"\d+", pictures[0].stem)[0])
        numbers = [begin + float(fps) * event[0]["media_time"] for event in events]
        assert any(575 <= number <= 620 for number in numbers), "a person enters after picture 581"


def test_the_masks_of_a_sequence(at, capsys):
    folder = shared("wallflower-wavingtrees/input")
    pictures = sorted(folder.iterdir())
    assert main(["replay", str(folder), "--masks", "masks"]) == 0
    assert {path.stem for path in Path("masks").iterdir()} == {path.stem for path in pictures}
    height, width = cv2.imread(str(pictures[0])).shape[:2]
    seen = set()
    for path in Path("masks").iterdir():
        mask = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        assert (mask.shape, mask.dtype) == ((height, width), np.uint8)
        values = set(np.unique(mask).tolist())
        assert values <= {0, 128, 255}, path.name
        seen |= values
    assert seen == {0, 128, 255}, "learning, quiet and changed"
