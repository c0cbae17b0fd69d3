"""Verdicts that are worth something now: each goes out in time, or to the records of what came too late."""

import threading
from collections import deque
from dataclasses import dataclass
from typing import Any

ROOM = 1000
"""So many wait at most; a line that makes more in a second does not read them either."""


@dataclass(frozen=True, slots=True, eq=False)
class Live:
    """A verdict on its way. `until`: monotonic seconds up to which it may be told as live."""

    camera: str
    payload: dict[str, Any]
    until: float


class Lives:
    """Verdicts that wait for the network, oldest first. Safe in several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Live] = deque()

    def put(self, live: Live) -> Live | None:
        """Keep it; where there is no room, the oldest comes back and is late."""
        with self._lock:
            self._waiting.append(live)
            return self._waiting.popleft() if len(self._waiting) > ROOM else None

    def take(self, now: float) -> Live | None:
        """The next that is still in time; None where there is none."""
        with self._lock:
            if self._waiting and now < self._waiting[0].until:
                return self._waiting.popleft()
            return None

    def take_late(self, now: float) -> list[Live]:
        """Those whose time is over: they stand before all others, for verdicts are told in order."""
        late = []
        with self._lock:
            while self._waiting and now >= self._waiting[0].until:
                late.append(self._waiting.popleft())
        return late
