"""Carries records from an outbox to one sink, one at a time and in order, again until each is taken."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from watcher.errors import SinkError
from watcher.events.payload import utc_text
from watcher.outbox import Outbox, Record
from watcher.quantities import counted

log = logging.getLogger(__name__)

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
"""Seconds between two tries: doubled each time, from the first to the last."""
_IDLE = 60.0
PATIENT_FOR = 5
"""Times that a record may be refused before the one after it is tried: half a minute."""

Deliver = Callable[[Record, Callable[[], bool]], str]
"""Takes one record to where it belongs. SinkError: not now, it is to be tried again. What is returned is said in
the log: that it was taken, but not well. The second argument tells whether there is no more time: then what has
been begun is given up with SinkError."""


class TryLater(SinkError):
    """It says itself when to try again: in `seconds`."""

    def __init__(self, sentence: str, seconds: float) -> None:
        super().__init__(sentence)
        self.seconds = seconds


class NotTaken(SinkError):
    """The other end is there, and answers that it has not taken the record."""


class Courier:
    """One thread, ``out:<name>``, that delivers what `outbox` has."""

    def __init__(self, name: str, outbox: Outbox, deliver: Deliver) -> None:
        self._name, self._outbox, self._deliver = name, outbox, deliver
        self._trouble = ""
        self._refused, self._times = -1, 0  # the record that was refused last, and how often
        self._bell = threading.Condition()
        self._rung = False
        self._stop_at: float | None = None
        self._thread = threading.Thread(target=self._run, name=f"out:{name}", daemon=True)
        outbox.call(self._ring)

    @property
    def idle(self) -> bool:
        """It has everything."""
        return self._outbox.waiting() == 0

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Deliver what goes at once; what takes longer waits for the next start."""
        if self._thread.ident is None:
            return
        with self._bell:
            self._stop_at = time.monotonic() + 0.7 * timeout
            self._bell.notify()
        self._thread.join(timeout)
        waiting = self._outbox.waiting()
        if waiting:
            after = "; they wait for the next start" if self._outbox.lasting else ""
            log.warning("%s: %s not delivered yet%s", self._name, counted(waiting, "record"), after)

    def _ring(self) -> None:
        with self._bell:
            self._rung = True
            self._bell.notify()

    def _late(self) -> bool:
        return self._stop_at is not None and time.monotonic() >= self._stop_at

    def _run(self) -> None:
        self._outbox.rewind()
        wait = 0.0
        while self._waited(wait):
            self._rung = False
            record = self._outbox.take(utc_text(datetime.now(UTC)))
            if record is not None:
                wait = self._delivered(record, wait)
            elif self._stop_at is not None:
                return
            else:
                wait = _IDLE

    def _waited(self, seconds: float) -> bool:
        """Wait, after trouble for so long, else until there is something; False where there is no more time."""
        until = time.monotonic() + seconds
        with self._bell:
            while self._stop_at is None and (left := until - time.monotonic()) > 0:
                if self._rung and not self._trouble:
                    break
                self._bell.wait(left)
        return not self._late() and not (self._trouble and self._stop_at is not None)

    def _delivered(self, record: Record, waited: float) -> float:
        """Seconds to wait before the next try; 0 after success."""
        try:
            told = self._tried(record)
        except SinkError as error:
            self._outbox.rewind()
            return self._failed(str(error), waited, error.seconds if isinstance(error, TryLater) else 0.0)
        except Exception:  # a fault of one sink must not end the thread that serves it
            log.exception("%s: a fault in the program", self._name)
            self._outbox.rewind()
            return self._failed("a fault in the program", waited, 0.0)
        if self._trouble:
            log.info("%s: it works again", self._name)
            self._trouble = ""
        if told:
            log.warning("%s: %s", self._name, told)
        self._outbox.acknowledge(record.number)
        return 0.0

    def _tried(self, record: Record) -> str:
        """What is to be said of a record that was taken, or is left out; SinkError where it was not taken.

        One that is refused again and again, also after the one after it was taken, stands in the way of all others
        for nothing. Where the one after it is refused too, something is wrong over there, and all of them wait.
        """
        try:
            return self._deliver(record, self._late)
        except NotTaken:
            self._times = self._times + 1 if self._refused == record.number else 1
            self._refused = record.number
            if self._times <= PATIENT_FOR or not self._next_is_taken():
                raise
        try:
            return self._deliver(record, self._late)  # all may be well since a moment ago
        except NotTaken as error:
            what = f"{record.payload.get('event_type', 'verdict')} of {record.event}"
            return f"{error}, {self._times} times, and what came after it was taken: {what} is left out"

    def _next_is_taken(self) -> bool:
        following = self._outbox.take(utc_text(datetime.now(UTC)))
        if following is None:
            return False
        try:
            told = self._deliver(following, self._late)
        except SinkError:
            return False
        self._outbox.acknowledge(following.number)
        if told:
            log.warning("%s: %s", self._name, told)
        return not told

    def _failed(self, why: str, waited: float, asked: float) -> float:
        if why != self._trouble and not self._late():
            log.warning("%s: %s; trying again until it works", self._name, why)
        wait = min(LONGEST_WAIT, max(FIRST_WAIT, 2 * waited if self._trouble else 0.0))
        self._trouble = why
        return max(wait, asked)
