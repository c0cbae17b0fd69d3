"""The time of observations, whatever their source makes of it."""

from math import isfinite


class SteadyTime:
    """The observations' time, kept from running backwards: it stands still where a bad source steps back.

    A good source's times come out as they went in, to the last bit.
    """

    def __init__(self) -> None:
        self._now: float | None = None
        self._offset = 0.0

    def at(self, at: float) -> float:
        """The steady time of an observation made at `at`; a time that is no number stands still."""
        now = at + self._offset
        if self._now is None:
            self._now = now if isfinite(now) else 0.0
        elif now >= self._now and isfinite(now):
            self._now = now
        elif isfinite(now):
            self._offset += self._now - now
        return self._now
