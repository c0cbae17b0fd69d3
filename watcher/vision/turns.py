"""Whose turn it is: what is done now and then is spread over frames, so that none takes the time of two of them.

Whatever comes due asks for its turn. A frame gives one; who asks later waits for the next frame, as long as that
one still comes within twice the time that lies between two turns. With few frames a second nobody waits.
"""

import math


class Turns:
    """The turns of one camera; every frame is announced with `frame`."""

    def __init__(self) -> None:
        self._at = -math.inf
        self._apart = math.inf
        self._taken = False

    def frame(self, at: float) -> None:
        """A frame of `at` seconds begins."""
        self._apart, self._at, self._taken = at - self._at, at, False

    def mine(self, passed: float, every: float) -> bool:
        """Whether to do now what is done `every` so many seconds, `passed` seconds after it was done last.

        Where time went backwards it is done at once.
        """
        if 0 <= passed < every:
            return False
        if self._taken and 0 <= passed <= 2 * every - self._apart:
            return False
        self._taken = True
        return True

    def take(self) -> None:
        """Something could not wait."""
        self._taken = True
