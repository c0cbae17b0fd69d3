"""The project's figures, measured here and now: python -m tests.bench [--only ROW ...] [--rounds N] [--list]

Ratios come from interleaved runs on this machine; trust them more than the milliseconds. Not a test: what is
missed is said in the table, and the exit status is 0.
"""

import argparse
import gc
import importlib
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the daemon does, before NumPy is imported

import cv2

from tests.bench import measure, table

ROWS = {
    "h264": "1080p25 H.264 recording: whole pipeline / decoding alone (PyAV, one thread), CPU time",
    "mjpeg": "1080p MJPEG: whole pipeline / cv2.imdecode to colour of the same bytes, CPU time",
    "ssim": "SSIM map at 320x180: times faster than scikit-image's gaussian one; largest difference",
    "latency": "frame available -> event received by a subscriber, local broker",
    "memory": "resident memory of the daemon with one 1080p camera; of each further one",
    "threads": "two cameras in two threads against one: frames in the same time",
    "startup": "`watcher check` and `watcher --help`: wall time",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--only", action="append", choices=ROWS, metavar="ROW", help="measure this row (repeatable)"
    )
    parser.add_argument("--rounds", type=int, default=7, help="rounds of each interleaved run (default: 7)")
    parser.add_argument("--list", action="store_true", help="print the rows and what they measure")
    asked = parser.parse_args()
    if asked.list:
        for name, what in ROWS.items():
            print(f"{name:8}  {what}")
        return 0
    _measure([name for name in ROWS if not asked.only or name in asked.only], asked.rounds)
    return 0


def _measure(rows: list[str], rounds: int) -> None:
    cv2.setNumThreads(1)  # both as the daemon does
    gc.freeze()
    print(measure.machine())
    began = time.monotonic()
    figures: list[measure.Figure] = []
    with tempfile.TemporaryDirectory(prefix="watcher-bench-") as folder:
        for name in rows:
            started = time.monotonic()
            found = importlib.import_module(f"tests.bench.{name}").figures(Path(folder), rounds)
            print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
            figures += found
    print(*table.lines(figures), sep="\n")
    for note in dict.fromkeys(f"{figure.row}: {figure.note}" for figure in figures if figure.note):
        print(note)
    print(f"measured in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
