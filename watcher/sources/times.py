"""The times of what a source gives: of cameras now, of recordings as they were, at any pace."""

import threading
import time
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from watcher.sources.options import Pace

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Ticks = int | Fraction

Moment = tuple[float, datetime]
"""`at` and `utc` of an observation."""


def now() -> Moment:
    """This moment: monotonic seconds, and UTC."""
    return time.monotonic(), datetime.now(UTC)


def aware(moment: datetime) -> datetime:
    """The moment in UTC; one without a zone is taken as UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class Timeline:
    """Makes moments of media time.

    At pace ``fast``, `at` is the media time and utc counts from `start` (1970 where there is none). At pace
    ``real`` every moment is waited for and `at` is monotonic; utc counts from `start` where one is given and is
    the present otherwise, as a camera's would be.
    """

    def __init__(self, start: datetime | None, pace: Pace, closed: threading.Event) -> None:
        self._start, self._pace, self._closed = start, pace, closed
        self._origin: float | None = None

    def moment(self, media_time: float) -> Moment:
        """The moment of `media_time`, in seconds; at pace ``real`` returns when it has come, or on closing."""
        counted = (self._start or EPOCH) + timedelta(seconds=media_time)
        if self._pace == "fast":
            return media_time, counted
        if self._origin is None:
            self._origin = time.monotonic() - media_time
        ahead = self._origin + media_time - time.monotonic()
        if ahead > 0:
            self._closed.wait(ahead)
        at, utc = now()
        return at, counted if self._start is not None else utc


class MediaClock:
    """Seconds from the first frame of a recording, made of its timestamps; never steps back.

    A timestamp before the last one (broken files; joined ones that begin anew; the next round of a repeated
    recording) is taken to follow it after one frame's time, and so are all after it. Counted in whole ticks of the
    recording's time base, so that an hour of frames adds up exactly and no fraction is made for each of them.
    """

    def __init__(self, frame_time: Fraction, tick: Fraction = Fraction(1)) -> None:
        self._tick = tick
        self._frame_ticks = frame_time / tick
        self._offset: Ticks | None = None
        self._last: Ticks = -self._frame_ticks

    def seconds(self, timestamp: Ticks | None) -> float:
        """Media time of the next frame, its timestamp in ticks; None: one frame's time after the last."""
        if timestamp is None:
            self._last += self._frame_ticks
        else:
            if self._offset is None or timestamp + self._offset <= self._last:
                self._offset = self._whole(self._last + self._frame_ticks - timestamp)
            self._last = timestamp + self._offset
        if isinstance(self._last, int):
            return self._last * self._tick.numerator / self._tick.denominator
        return float(self._last * self._tick)

    @staticmethod
    def _whole(ticks: Ticks) -> Ticks:
        return int(ticks) if ticks == int(ticks) else ticks

    def restart(self) -> None:
        """The next timestamp begins a new round, one frame's time after the last."""
        self._offset = None
