"""How memory goes back to the system: what a thread has freed does not stay with the process."""

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import os, sys, threading
sys.path[:] = {path!r}
if {lean}:
    from watcher.cli.heap import keep_small
    keep_small()
import numpy as np

def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

def draw():
    for size in (6, 12, 18, 24, 18, 12):  # freeing one teaches the C library to keep such pieces
        kept = np.ones(size << 19, np.uint8), np.ones(100_000, np.uint8)
        del kept

before = resident()
threads = [threading.Thread(target=lambda: (draw(), drawn.wait(), done.wait())) for _ in range(4)]
drawn, done = threading.Barrier(5), threading.Event()
for thread in threads:
    thread.start()
drawn.wait()
print((resident() - before) / 1e6)
done.set()
"""


def left_over(lean: bool) -> float:
    """Megabytes that stay when four threads have let go of pictures but have not ended."""
    program = PROGRAM.format(path=sys.path, lean=lean)
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    return float(result.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_pictures_go_back_to_the_system_when_they_are_let_go_of() -> None:
    assert left_over(lean=True) < 6


SETTLED = """
import os, sys
sys.path[:] = {path!r}
from watcher.cli.heap import Leftovers, keep_small
keep_small()
import cv2, numpy as np

def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

picture = np.random.default_rng(1).integers(0, 255, (90, 160), np.uint8)
blurred = cv2.GaussianBlur(picture, (5, 5), 0)
before = resident()
Leftovers()()
print((before - resident()) / 1e6)
import sqlite3, ssl, av  # what was let go of still works, and more can be loaded
assert (cv2.GaussianBlur(picture, (5, 5), 0) == blurred).all()
Leftovers()()
assert (cv2.GaussianBlur(picture, (5, 5), 0) == blurred).all()
assert sqlite3.connect(":memory:").execute("SELECT 1").fetchone() == (1,)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_what_only_loading_needed_goes_back_to_the_system_and_nothing_is_missed() -> None:
    program = SETTLED.format(path=sys.path)
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert float(result.stdout) > 8
