"""What the detector gets to see: arrivals made into observations, and silence into ticks and gaps."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from watcher.camera.latest import Ended, Latest, Lost, Opened
from watcher.camera.patience import Patience
from watcher.vision.frame import Frame, Gap, Observation, Tick

TICK_AFTER = 0.5
"""Seconds without a frame after which a `Tick` says that time has passed."""


class Feed:
    """Observations from what the capture thread hands over; belongs to the watch thread.

    Parameters
    ----------
    live : whether time is that of the world (a camera) or that of the recording, which only frames move.
    patience : when silence means that the camera is lost.
    clock : monotonic seconds.
    """

    def __init__(
        self,
        arrivals: Latest,
        live: bool,
        patience: Patience,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._arrivals, self._live, self._clock = arrivals, live, clock
        self._patience = patience
        self._heard: float | None = None
        self._allowed = patience.first_within
        self._ticked = clock()
        self._last: tuple[float, datetime, float] | None = None
        self.lost = ""
        """Why there are no frames; empty while there are, or none were expected yet."""
        self.ended = False
        self.seen = False
        """Whether frames come: False before the first one and while lost."""

    def take(self, timeout: float = TICK_AFTER) -> Observation | None:
        """The next observation; None when there is none yet but something else may be to do."""
        arrival = self._arrivals.take(timeout)
        now = self._clock()
        if isinstance(arrival, Frame):
            self._heard_at(now, self._patience.lost_after)
            self._last = (arrival.at, arrival.utc, now)
            self._ticked = now
            self.lost, self.seen = "", True
            return arrival
        if isinstance(arrival, Tick):
            return self._source_tick(arrival, now)
        if isinstance(arrival, Opened):
            self._heard_at(now, self._patience.first_within)
            return None
        if isinstance(arrival, Lost):
            self._heard = None
            return self._gap(arrival.reason)
        if isinstance(arrival, Ended):
            self.ended = True
            self.lost, self.seen = arrival.reason, False
            # As in replay: what a recording breaks off in was not seen to its end.
            return Gap(*self.now(), "lost" if arrival.broke else "stopped", arrival.reason)
        return self._silence(now)

    def now(self) -> tuple[float, datetime]:
        """The moment in the time of the frames, monotonic seconds and UTC, for gaps that are made here."""
        if self._last is None:
            return self._clock(), datetime.now(UTC)
        at, utc, heard = self._last
        # Counted on from the last frame: a tick is never later than the frame that was captured before it,
        # but arrived after it.
        return (at + self._clock() - heard, datetime.now(UTC)) if self._live else (at, utc)

    def _heard_at(self, now: float, allowed: float) -> None:
        self._heard, self._allowed = now, allowed

    def _source_tick(self, tick: Tick, now: float) -> Observation:
        self._ticked = now
        if not self._live:
            return tick
        if not tick.trouble and self._heard is not None:
            # The source says itself that all is well and only no new picture came; so it is not lost any more.
            self._heard = now
            self.lost, self.seen = "", self._last is not None
        elif self._overdue(now) and not self.lost:
            return self._gap(f"no picture could be read for {self._allowed:g} s: {tick.sentence}")
        return Tick(*self.now(), tick.index, tick.name, tick.trouble)

    def _silence(self, now: float) -> Observation | None:
        if not self._live:
            return None
        if self._overdue(now) and not self.lost:
            return self._gap(f"no picture for {self._allowed:g} s")
        if now - self._ticked < TICK_AFTER * 0.9:
            return None  # woken early, for a request
        self._ticked = now
        return Tick(*self.now())

    def _overdue(self, now: float) -> bool:
        return self._heard is not None and now - self._heard >= self._allowed

    def _gap(self, reason: str) -> Observation:
        """The gap, once; while it lasts, another reason only replaces the words."""
        known, self.lost, self.seen = self.lost, reason, False
        self._ticked = self._clock()
        return Tick(*self.now()) if known else Gap(*self.now(), "lost", reason)
