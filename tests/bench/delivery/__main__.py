"""What delivery withstands, measured here and now: python -m tests.bench.delivery [--only ROW ...] [--list]

Real brokers, and one that does what real ones will not. Not a test: what is missed is said in the table, and the
exit status is 0. The same rows, smaller, are tests (tests/mqtt/test_faults.py); whole with ``pytest -m slow``.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench import measure, table
from tests.bench.delivery import brokers, daemons
from tests.bench.measure import Figure

ROWS: dict[str, Callable[[Path], list[Figure]]] = {
    "restarts": brokers.restarts,
    "nats": brokers.nats,
    "cuts": brokers.cuts,
    "storm": brokers.storm,
    "kills": daemons.kills,
    "late": daemons.late,
    "hole": daemons.hole,
    "bound": brokers.bound,
    "draining": brokers.draining,
    "full": daemons.full,
    "second": daemons.second,
    "put": brokers.put,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.delivery", description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", choices=ROWS, metavar="ROW", help="this row (repeatable)")
    parser.add_argument("--list", action="store_true", help="print the rows and what they do")
    asked = parser.parse_args()
    if asked.list:
        for name, row in ROWS.items():
            print(f"{name:8}  {(row.__doc__ or '').splitlines()[0]}")
        return 0
    print(measure.machine())
    figures: list[Figure] = []
    for name in [name for name in ROWS if not asked.only or name in asked.only]:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="watcher-delivery-") as folder:
            figures += ROWS[name](Path(folder))
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    print(*table.lines(figures), sep="\n")
    for note in dict.fromkeys(f"{figure.row}: {figure.note}" for figure in figures if figure.note):
        print(note)
    return 0


if __name__ == "__main__":
    sys.exit(main())
