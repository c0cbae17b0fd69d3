"""Inspection, measured on real boards: python -m tests.bench.inspection [--only ROW ...] [--list]

Settings are the defaults, nothing is chosen per product. Not a test: what is missed is said in the table, and the
exit status is 0.
"""

import argparse
import os
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the daemon does, before NumPy is imported

import cv2

from tests.bench import measure, table
from tests.bench.inspection.boards import FOLDER
from tests.bench.inspection.rows import ROWS, timed


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.inspection", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--only", action="append", choices=ROWS, metavar="ROW", help="measure this row (repeatable)"
    )
    parser.add_argument("--list", action="store_true", help="print the rows and what they measure")
    asked = parser.parse_args()
    if asked.list:
        print(*(f"{name:18}  {what}" for name, (what, _) in ROWS.items()), sep="\n")
        return 0
    if not (FOLDER / "deeppcb").is_dir():
        print(f"NEEDS MEASURING DATA: there is no deeppcb in {FOLDER} (set WATCHER_DATA)", file=sys.stderr)
        return 0
    cv2.setNumThreads(1)  # as the daemon does
    print(measure.machine())
    began = time.monotonic()
    figures: list[measure.Figure] = []
    for name in ROWS:
        if not asked.only or name in asked.only:
            found, seconds = timed(name)
            print(f"{name}: {seconds:.0f} s", file=sys.stderr, flush=True)
            figures += found
    print(*table.lines(figures), sep="\n")
    for note in dict.fromkeys(f"{figure.row}: {figure.note}" for figure in figures if figure.note):
        print(note)
    print(f"measured in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
