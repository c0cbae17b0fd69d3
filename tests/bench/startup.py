"""Row startup: what a person waits for when asking or checking, in processes of their own."""

import subprocess
import sys
import time
from pathlib import Path

from tests.bench.measure import Figure, in_turns, middle

_ROOT = Path(__file__).parents[2]


def figures(folder: Path, rounds: int) -> list[Figure]:
    asked = {
        "watcher check": ["check", "--config", str(_ROOT / "config.yaml")],
        "watcher --help": ["--help"],
    }
    works = {name: lambda arguments=arguments: _run(arguments) for name, arguments in asked.items()}
    works["python alone"] = lambda: subprocess.run([sys.executable, "-c", ""], check=True)
    taken = in_turns(works, max(rounds, 11), time.perf_counter)
    bare = middle(taken.pop("python alone"))[0]
    return [
        Figure("startup", name, *_placed(seconds), note=f"Python alone starts in {bare:.3f} s")
        for name, seconds in taken.items()
    ]


def _placed(seconds: list[float]) -> tuple[float, str, float, float, bool, tuple[float, float]]:
    value, spread = middle(seconds)
    return value, "s", 0.5, 0.25, False, spread


def _run(arguments: list[str]) -> None:
    subprocess.run(
        [sys.executable, "-m", "watcher", *arguments], check=True, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, cwd=_ROOT,
    )  # fmt: skip
