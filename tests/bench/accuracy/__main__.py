"""How right the detector is, measured here and now: python -m tests.bench.accuracy [--only ROW ...] [--list]

Everything runs through the engine that users get, with the defaults of the profile and nothing set for a sequence.
Not a test: what is missed is said in the table, and the exit status is 0.
"""

import argparse
import importlib
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the daemon does, before NumPy is imported

import cv2

from tests.bench import measure, table
from tests.bench.accuracy.asked import Asked
from tests.bench.accuracy.material import Missing
from tests.bench.accuracy.rows import ROWS, Measured


def main() -> int:
    parser = _parser()
    asked = parser.parse_args()
    if asked.list:
        for name, what in ROWS.items():
            print(f"{name:11}  {what}")
        return 0
    only = [name for names in asked.only or [] for name in names]
    if unknown := [name for name in only if name not in ROWS]:
        parser.error(f"{unknown[0]} is no row; the rows are {', '.join(ROWS)}")
    part = 10 if asked.quick else 1
    peers = not (asked.no_peers or asked.quick)
    wishes = Asked(
        jobs=asked.jobs, trials=asked.trials // part, frames=asked.frames // part,
        first=asked.first, trial=asked.trial, save=asked.save, peers=peers,
    )  # fmt: skip
    _measure([name for name in ROWS if not only or name in only], wishes)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.accuracy", description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", nargs="+", metavar="ROW", help="measure only these rows")
    parser.add_argument("--list", action="store_true", help="print the rows and what they measure")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes to share the work (default: 1)")
    parser.add_argument("--trials", type=int, default=1000, metavar="N", help="how many trials (default: 1000)")
    parser.add_argument("--from", type=int, default=0, metavar="N", dest="first", help="from this trial on")
    parser.add_argument("--trial", type=int, metavar="N", help="this trial alone (rows light and arrival)")
    parser.add_argument("--frames", type=int, default=36_000, metavar="N", help="frames of row noise, each sigma")
    parser.add_argument(
        "--save",
        type=Path,
        metavar="DIR",
        help="write pictures there: what failed, events as they begin, pixels right and wrong",
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the trials and frames, and no peers")
    parser.add_argument("--no-peers", action="store_true", help="measure this program alone")
    return parser


def _measure(rows: list[str], asked: Asked) -> None:
    cv2.setNumThreads(1)  # as the daemon does
    print(measure.machine(), flush=True)
    began = time.monotonic()
    found: list[Measured] = []
    for name in rows:
        started = time.monotonic()
        one = _measured(name, asked)
        found.append(one)
        print(*one.details, sep="\n", end="\n" if one.details else "")
        print(f"row {name} took {time.monotonic() - started:.0f} s", flush=True)
    figures = [figure for one in found for figure in one.figures]
    print(*table.lines(figures), sep="\n")
    for note in dict.fromkeys(f"{figure.row}: {figure.note}" for figure in figures if figure.note):
        print(note)
    for one in found:
        for line in (*table.beside(one.figures, one.peers), *table.lost(one.figures, one.peers)):
            print(line)
    print(f"measured in {time.monotonic() - began:.0f} s")


def _measured(name: str, asked: Asked) -> Measured:
    row = importlib.import_module(f"tests.bench.accuracy.{name}")
    try:
        return row.measured(asked)
    except Missing as missing:
        return Measured([measure.Figure(name, ROWS[name], None, "", note=str(missing))])


if __name__ == "__main__":
    sys.exit(main())
