"""Standard error is ours: what the libraries of pictures say beside it is left out, and nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
SAYS = """
import os, subprocess, sys
from watcher.cli.chatter import without_chatter
with without_chatter():
    os.write(2, b"Corrupt JPEG data: premature end of data segment\\nterminate called, ")
    os.write(2, b"by somebody\\nlibpng error: Read Error\\n[ WARN:0@0.1] global cap.cpp:212 open\\n")
    subprocess.run(["sh", "-c", "echo of a child >&2"])
    print("ours", file=sys.stderr)
    os.write(2, b"without an end")
print("after", file=sys.stderr)
os.write(2, b"Corrupt JPEG data: not ours to hide\\n")
"""


def said(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return done.stderr


def test_only_the_chatter_is_left_out():
    lines = said("-c", SAYS).splitlines()
    assert lines[-1] == "Corrupt JPEG data: not ours to hide"
    assert sorted(lines[:-1]) == ["of a child", "ours", "terminate called, by somebody", "without an endafter"]


def test_without_a_standard_error_nothing_is_passed_on():
    program = f"import sys; sys.stderr = None\n{SAYS.partition('    os.write')[0]}    print(1)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, timeout=30, check=True)
    assert done.stdout == b"1\n"


@pytest.mark.parametrize("command", ["compare", "replay"])
def test_a_damaged_jpeg_is_said_in_our_words_alone(tmp_path, command):
    picture = np.random.default_rng(1).integers(0, 255, (120, 160, 3), np.uint8)
    good = cv2.imencode(".jpg", picture)[1].tobytes()
    middle = len(good) // 2
    for number, data in enumerate((good, good[:middle] + b"\xff\xc4" * 20 + good[middle + 40 :], good[:middle])):
        (tmp_path / f"{number}.jpg").write_bytes(data)
    names = [str(tmp_path / "0.jpg"), *map(str, sorted(tmp_path.glob("*.jpg")))]
    told = said("-m", "watcher", command, *(names if command == "compare" else [str(tmp_path)]))
    assert "Corrupt JPEG" not in told
    assert "Premature" not in told
