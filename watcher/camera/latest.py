"""How frames get from the capture thread to the watch thread: newest wins, or none is lost.

Besides frames and ticks, what happens to the source itself travels here, in order with the frames and never
dropped: `Opened`, `Lost`, `Ended`.
"""

import threading
import time
from collections import deque
from dataclasses import dataclass

from watcher.vision.frame import Frame, Tick


@dataclass(frozen=True, slots=True)
class Opened:
    """The source has been opened; frames will follow."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The source could not be opened, or stopped giving frames; it is being tried again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The recording is over, or `broke` off before its end; nothing follows."""

    reason: str
    broke: bool = False


Arrival = Frame | Tick | Opened | Lost | Ended


class Latest:
    """For cameras: of frames only the newest waits, the ones that it replaced are counted in `dropped`."""

    def __init__(self) -> None:
        self.dropped = 0
        self._waiting: deque[Arrival] = deque()
        self._bell = threading.Condition()
        self._rung = False
        self._closed = False

    def put(self, arrival: Arrival) -> None:
        """Hand over; never blocks."""
        with self._bell:
            if self._closed:
                return
            newest = self._waiting[-1] if self._waiting else None
            if isinstance(newest, (Frame, Tick)) and isinstance(arrival, (Frame, Tick)):
                if isinstance(newest, Frame) and isinstance(arrival, Tick):
                    return  # a picture that waits says more than a tick after it
                self.dropped += isinstance(newest, Frame)
                self._waiting.pop()
            self._waiting.append(arrival)
            self._bell.notify_all()

    def take(self, timeout: float) -> Arrival | None:
        """The next arrival; None after `timeout` seconds without one, or as soon as somebody rang."""
        deadline = time.monotonic() + timeout
        with self._bell:
            while not self._waiting and not self._rung:
                left = deadline - time.monotonic()
                if left <= 0 or not self._bell.wait(left):
                    break
            self._rung = False
            if not self._waiting:
                return None
            arrival = self._waiting.popleft()
            self._bell.notify_all()
            return arrival

    def ring(self) -> None:
        """Make a `take` that waits return now: there is something else to do."""
        with self._bell:
            self._rung = True
            self._bell.notify_all()

    def close(self) -> None:
        """Nobody takes any more: what is put from now on is thrown away, and nothing blocks."""
        with self._bell:
            self._closed = True
            self._waiting.clear()
            self._bell.notify_all()


class InOrder(Latest):
    """For recordings: everything arrives, in order; whoever puts waits while `room` arrivals wait."""

    def __init__(self, room: int = 4) -> None:
        super().__init__()
        self._room = room

    def put(self, arrival: Arrival) -> None:
        """Hand over; blocks while there is no room."""
        with self._bell:
            while len(self._waiting) >= self._room and not self._closed:
                self._bell.wait()
            if not self._closed:
                self._waiting.append(arrival)
                self._bell.notify_all()
