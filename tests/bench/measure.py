"""Measuring on a machine that is shared with others: both sides in turns, medians, and how far they spread."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the table, and what it must and should be.

    `value` None: it cannot be measured (yet), and `note` says why. `must` and `aim` None: a number beside others,
    of which nothing is demanded.
    """

    row: str
    what: str
    value: float | None
    unit: str
    must: float | None = None
    aim: float | None = None
    more_is_better: bool = False
    spread: tuple[float, float] | None = None
    """Lower and upper quartile of the rounds."""
    note: str = ""

    @property
    def holds(self) -> str:
        """``aim``, ``must`` or ``MISSED``: the best of the two bounds that the value keeps."""
        if self.value is None:
            return "not measured"
        bounds = [(bound, name) for bound, name in ((self.aim, "aim"), (self.must, "must")) if bound is not None]
        for bound, name in bounds:
            if self.value >= bound if self.more_is_better else self.value <= bound:
                return name
        return "MISSED" if bounds else ""


def in_turns(
    works: Mapping[str, Work], rounds: int, clock: Callable[[], float] = time.process_time
) -> dict[str, list[float]]:
    """Seconds that each work took in every round, one after the other: A B A B ...

    The clock is the process's CPU time (user and system, all threads) unless another is given. One round before
    the first is thrown away: caches, lazy imports, first allocations.
    """
    taken: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            began = clock()
            work()
            if number:
                taken[name].append(clock() - began)
    return taken


def ratio(taken: Mapping[str, list[float]], over: str, under: str) -> tuple[float, tuple[float, float]]:
    """Median and quartiles of the ratios of each round: what slows both sides of a round cancels out."""
    return middle([a / b for a, b in zip(taken[over], taken[under], strict=True)])


def middle(values: list[float]) -> tuple[float, tuple[float, float]]:
    """Median, and lower and upper quartile."""
    if len(values) < 2:
        return values[0], (values[0], values[0])
    quarters = statistics.quantiles(values, n=4, method="inclusive")
    return quarters[1], (quarters[0], quarters[2])


def machine() -> str:
    """What this was measured on, in one line."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as lines:
            model = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    cores = len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    return f"{model}, {cores} cores, load {load:.1f} at start; Python {platform.python_version()}"
