"""Row threads: two cameras in two threads of one process against one camera.

What two threads lose may be lost to the interpreter, which one of them has at a time, or to the machine, whose
cores share caches, memory and often more. Decoding alone, which leaves the interpreter alone for milliseconds, says
what the machine gives; the CPU time that two take says how much slower the cores are when both are busy.
"""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench import clips, h264
from tests.bench.measure import Figure, in_turns, middle
from tests.bench.pipeline import watch_recording

_FRAMES = 250


def figures(folder: Path, rounds: int) -> list[Figure]:
    path = str(clips.drawn_h264(folder))
    cpu: dict[int, list[float]] = {1: [], 2: []}

    def watch(count: int) -> None:
        began = time.process_time()
        _run(lambda: watch_recording(path, _FRAMES), count)
        cpu[count].append(time.process_time() - began)

    taken = in_turns(
        {
            "one": lambda: watch(1),
            "two": lambda: watch(2),
            "decode one": lambda: _run(lambda: h264.decode(path), 1),
            "decode two": lambda: _run(lambda: h264.decode(path), 2),
        },
        rounds,
        time.perf_counter,
    )
    value, spread = _gained(taken["one"], taken["two"])
    alone, _ = _gained(taken["decode one"], taken["decode two"])
    more, _ = middle([two / one for one, two in zip(cpu[1], cpu[2], strict=True)])
    rates = [_FRAMES / min(taken["one"]), 2 * _FRAMES / min(taken["two"])]
    note = (
        f"wall time, so only as good as the cores are free (load now {os.getloadavg()[0]:.1f}); "
        f"at best {rates[0]:.0f} frames/s in one thread, {rates[1]:.0f} in two; decoding alone {alone:.2f}x; "
        f"the CPU time of two is {more:.2f} times that of one"
    )
    return [Figure("threads", "two cameras / one, frames a second", value, "x", 1.8, 1.95, True, spread, note)]


def _gained(one: list[float], two: list[float]) -> tuple[float, tuple[float, float]]:
    return middle([2 * alone / both for alone, both in zip(one, two, strict=True)])


def _run(work: Callable[[], object], count: int) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
