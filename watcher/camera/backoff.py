"""How long to wait before trying again: the one place that says so."""

import random
from collections.abc import Iterator

FIRST = 0.5
LONGEST = 30.0
_JITTER = 0.2


def delays(chance: random.Random, first: float = FIRST, longest: float = LONGEST) -> Iterator[float]:
    """Seconds to wait before each further attempt: `first`, doubling up to `longest`, without end.

    Each is off by up to a fifth, so that cameras that were lost together do not come back all at once.
    """
    delay = first
    while True:
        yield delay * chance.uniform(1 - _JITTER, 1 + _JITTER)
        delay = min(longest, delay * 2)
