"""Row table: the daemon's own table (`tests.bench`), with the detector of today.

Every row of it, in this process, with its own rounds; see ``python -m tests.bench --list``.
"""

import importlib
import tempfile
from pathlib import Path

from tests.bench.__main__ import ROWS
from tests.bench.accuracy.asked import Asked
from tests.bench.accuracy.rows import Measured

ROUNDS = 7


def measured(asked: Asked) -> Measured:
    with tempfile.TemporaryDirectory(prefix="watcher-bench-") as folder:
        return Measured(
            [
                figure
                for name in ROWS
                for figure in importlib.import_module(f"tests.bench.{name}").figures(Path(folder), ROUNDS)
            ]
        )
