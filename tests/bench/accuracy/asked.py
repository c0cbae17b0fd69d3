"""What was asked for on the command line, and work spread over processes."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import cv2

Item = TypeVar("Item")
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Asked:
    """`trials`, `frames`: how many of those rows that have so many; trials are counted from number `first` on.
    `trial`: that one alone. `save`: a folder for pictures of what failed."""

    jobs: int = 1
    trials: int = 1000
    frames: int = 36_000
    first: int = 0
    trial: int | None = None
    save: Path | None = None
    peers: bool = True

    def numbers(self) -> Sequence[int]:
        """The numbers of the trials to run."""
        return range(self.first, self.first + self.trials) if self.trial is None else [self.trial]


def spread(work: Callable[[Item], Found], items: Sequence[Item], jobs: int) -> Iterator[Found]:
    """What `work` gives for each item, in their order; in so many processes."""
    if jobs < 2 or len(items) < 2:
        yield from map(work, items)
        return
    with ProcessPoolExecutor(jobs, get_context("fork"), initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        yield from pool.map(work, items)
