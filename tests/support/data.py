"""Real recordings and pictures, which are not part of the project: without them the tests that need them skip."""

import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("WATCHER_DATA", Path(__file__).parents[2] / ".." / "shared" / "data")).resolve()


def shared(name: str) -> Path:
    """A file or folder of the measuring data; skips the test with one loud line where there is none."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"NEEDS MEASURING DATA: {name} is not in {FOLDER} (set WATCHER_DATA)")
    return path
