"""How much may be said of what happens too often: so much in a while, and then how much more there was."""


class Ration:
    """`most` in each `span` seconds; what goes beyond is counted.

    Times are seconds on any clock that does not go back. A span begins with the first that is asked for after the
    last one was over.
    """

    def __init__(self, most: int = 10, span: float = 60.0) -> None:
        self._most, self._span = most, span
        self._began = float("-inf")
        self._given = 0
        self._withheld = 0

    def allows(self, at: float) -> bool:
        """Whether one more may be said at `at`; where not, it is counted as withheld."""
        if at - self._began >= self._span:
            self._began, self._given = at, 0
        if self._given < self._most:
            self._given += 1
            return True
        self._withheld += 1
        return False

    def withheld(self, at: float) -> int:
        """How many were withheld, once the span is over: said once and forgotten; else 0."""
        if at - self._began < self._span:
            return 0
        withheld, self._withheld = self._withheld, 0
        return withheld
