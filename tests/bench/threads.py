"""Row threads: two cameras in two threads of one process against one camera."""

import os
import threading
import time
from pathlib import Path

from tests.bench import clips
from tests.bench.measure import Figure, in_turns, middle
from tests.bench.pipeline import watch_recording

_FRAMES = 250


def figures(folder: Path, rounds: int) -> list[Figure]:
    path = str(clips.drawn_h264(folder))
    taken = in_turns({"one": lambda: _run(path, 1), "two": lambda: _run(path, 2)}, rounds, time.perf_counter)
    value, spread = middle([2 * one / two for one, two in zip(taken["one"], taken["two"], strict=True)])
    rates = [_FRAMES / min(taken["one"]), 2 * _FRAMES / min(taken["two"])]
    note = (
        f"wall time, so only as good as the cores are free (load now {os.getloadavg()[0]:.1f}); "
        f"at best {rates[0]:.0f} frames/s in one thread, {rates[1]:.0f} in two"
    )
    return [Figure("threads", "two cameras / one, frames a second", value, "x", 1.8, 1.95, True, spread, note)]


def _run(path: str, count: int) -> None:
    threads = [threading.Thread(target=watch_recording, args=(path, _FRAMES)) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
