"""How fast a backlog goes out. Pure: times are passed in."""

import math

_BURST = 10.0
"""So many may go at once after a rest."""


class Pace:
    """`rate` a second; 0: as fast as it goes.

    What is fresh does not ask whether it may go, but is counted: the backlog slows down by as much.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._credit = _BURST
        self._at = -math.inf

    def wait(self, now: float) -> float:
        """Seconds until the next may go; 0: now."""
        if self._rate == 0:
            return 0.0
        self._credit = min(_BURST, self._credit + self._rate * max(0.0, now - self._at))
        self._at = now
        return max(0.0, (1 - self._credit) / self._rate)

    def count(self) -> None:
        """One has gone."""
        self._credit = max(-self._rate, self._credit - 1)
