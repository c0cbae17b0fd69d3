"""When to look: the gate decides of each frame whether it is inspected, and for whom.

Nothing is inspected twice and nothing passes without a verdict in silence: both are counted.
"""

from collections import deque
from dataclasses import dataclass
from typing import Literal

from watcher.inspection.when import LineOptions

ROOM = 1000
"""So many triggers wait for one frame; it answers all of them, so more are a fault of whoever sends them."""
GONE_FOR = 0.15
"""Seconds without a part, and at least two frames: one frame in which it is not seen is an error of seeing."""
_EPSILON = 1e-6  # frame times are sums of fractions that floats cannot hold


@dataclass(frozen=True, slots=True)
class Trigger:
    """Somebody wants a verdict. `arrived`: on the clock of the frames."""

    arrived: float
    correlation_id: str | None = None
    part: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """What the gate sees of a frame: whether nothing has moved since the last, and whether a part lies there."""

    still: bool
    present: bool


@dataclass(frozen=True, slots=True)
class Due:
    """A frame is to be inspected, for these triggers (none: because the gate says so).

    `again`: the part has had its verdict already; only a trigger can bring that about.
    """

    triggers: tuple[Trigger, ...] = ()
    again: bool = False


class Gate:
    """The gate of one camera.

    Attributes
    ----------
    skipped : parts that came and went, or frames that passed, without a verdict.
    refused : triggers for which there was no room.
    """

    def __init__(self, options: LineOptions) -> None:
        self._options = options
        self._triggers: deque[Trigger] = deque()
        self._state: Literal["empty", "coming", "done"] = "empty"
        self._still_since: float | None = None
        self._still_frames = 0
        self._gone_since: float | None = None
        self._last = float("-inf")
        self.skipped = 0
        self.refused = 0

    @property
    def armed(self) -> bool:
        """Whether the next part that comes, or the next trigger, gets a verdict."""
        return self._options.when != "still" or self._state != "done"

    @property
    def wants_place(self) -> bool:
        """Whether `step` has to be told what lies there."""
        return self._options.when == "still"

    @property
    def deadline(self) -> float | None:
        """When the oldest trigger has waited for too long."""
        return self._triggers[0].arrived + self._options.trigger_timeout if self._triggers else None

    def trigger(self, trigger: Trigger) -> bool:
        """The next frame captured at or after it is inspected; False where too many wait already."""
        if len(self._triggers) >= ROOM:
            self.refused += 1
            return False
        self._triggers.append(trigger)
        return True

    def overdue(self, now: float) -> tuple[Trigger, ...]:
        """Triggers for which no frame has come in time; they are gone from here on."""
        late = []
        while self._triggers and now >= self._triggers[0].arrived + self._options.trigger_timeout - _EPSILON:
            late.append(self._triggers.popleft())
        return tuple(late)

    def all_waiting(self) -> tuple[Trigger, ...]:
        """All triggers; nobody waits from here on, because there will be no frame."""
        waiting = tuple(self._triggers)
        self._triggers.clear()
        return waiting

    def missed(self, frames: int) -> None:
        """So many frames were not looked at, because the one before took too long."""
        if self._options.when == "continuous" and self._options.every == 0:
            self.skipped += frames

    def asked(self, at: float) -> Due | None:
        """Those who asked before the frame captured at `at` seconds, but were heard only after its `step`."""
        asked = self._asked(at)
        if not asked:
            return None
        again = self._state == "done" or self._options.when == "continuous"
        self._state = "done" if self._state == "coming" else self._state
        return Due(asked, again)

    def _asked(self, at: float) -> tuple[Trigger, ...]:
        asked = []
        while self._triggers and self._triggers[0].arrived <= at + _EPSILON:
            asked.append(self._triggers.popleft())
        return tuple(asked)

    def step(self, at: float, place: Place | None = None) -> Due | None:
        """A frame captured at `at` seconds; what it is to be inspected for, None: it is not."""
        asked = self._asked(at)
        own = self._own(at, place)
        if not own and not asked:
            return None
        again = self._state == "done" and not own
        if asked and self._state == "coming":
            self._state = "done"  # it has its verdict, before it lay still
        self._last = at
        return Due(asked, again)

    def _own(self, at: float, place: Place | None) -> bool:
        """Whether the frame is inspected without anybody asking."""
        if self._options.when == "continuous":
            return at - self._last >= self._options.every - _EPSILON
        if self._options.when == "trigger" or place is None:
            return False
        if not place.present:
            self._nothing_there(at)
            return False
        self._gone_since = None
        if self._state == "done":
            if not place.still and self._options.rearm == "moved":
                self._come()
            return False
        if self._state == "empty":
            self._come()
        return self._lies_still(at, place.still)

    def _come(self) -> None:
        self._state, self._still_since, self._still_frames = "coming", None, 0

    def _lies_still(self, at: float, still: bool) -> bool:
        if not still:
            self._still_since, self._still_frames = None, 0
            return False
        self._still_since = at if self._still_since is None else self._still_since
        self._still_frames += 1
        if at - self._still_since < self._options.still_for - _EPSILON or self._still_frames < 2:
            return False
        self._state = "done"
        return True

    def _nothing_there(self, at: float) -> None:
        if self._gone_since is None:
            self._gone_since = at
            return
        if at - self._gone_since < GONE_FOR - _EPSILON or self._state == "empty":
            return
        self.skipped += self._state == "coming"
        self._state = "empty"

    def unknown(self) -> None:
        """The camera was lost or paused: what lies there now may be another part."""
        self.skipped += self._state == "coming"
        self._state, self._gone_since = "empty", None
