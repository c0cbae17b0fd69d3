"""When change is an event: rise, fall, settle, merge, cooldown, maximum length, gaps.

Change counts where a zone's changed fraction reaches its threshold (without zones: that of everything
watched). A camera has at most one open event. Its rules:

* It starts when change has counted for `rise`, and in two frames or more: one frame alone is a glitch.
* It ends as fell when none has been seen for `fall` (or `merge`, if that is longer), counted from the first frame
  without it, so that a silent camera is never taken for a quiet one.
* It ends as settled when nothing that counts has moved for `settle`; what stayed is the detector's to remember.
* It ends as max_length when it lasts too long. What goes on may begin another.
* A gap ends it at the last frame that was compared, with the gap's reason, and drops a change that is rising.
* Frames that cannot be compared (blind, learning) say nothing either way; after `UNSEEN_LIMIT` seconds of
  them the event ends at the last frame that was: camera_lost when blind, reloaded when learning.
* Where `travel` is asked for, only what has gone so far counts: see `watcher.events.travel`. What is smaller or
  larger than asked for does not: see `watcher.events.sizes`.
* No event begins within `cooldown` after the moment at which one ended. Change that outlasts it begins to
  rise with the first frame after it, and that frame is its start.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from watcher.events import words
from watcher.events.event import Cause, EndReason, Event, EventUpdate, Phase
from watcher.events.look import (
    EPSILON,
    WHOLE,
    Extent,
    Look,
    all_still,
    changed_zones,
    showing,
    strongest,
    what_stayed,
)
from watcher.events.near import INTERVAL, NearMiss, NearMisses, near_miss
from watcher.events.options import EventsOptions
from watcher.events.sizes import Fitting, fitting, limits, thresholds
from watcher.events.steady import SteadyTime
from watcher.events.travel import Sifted, Travel
from watcher.vision.detection import Detection
from watcher.vision.frame import Frame, Gap, Observation
from watcher.vision.options import ZoneOptions

UPDATE_INTERVAL = 1.0
"""Seconds between two updates of one event while its zones stay the same."""

UNSEEN_LIMIT = 5.0
"""Seconds of frames that cannot be compared after which an open event is no longer known to go on. An exposure
swing or a burst of broken frames is over in less; a person who was there has often left after more."""

_END_REASONS: Mapping[str, EndReason] = {
    "lost": "camera_lost", "frozen": "camera_lost", "obscured": "camera_lost",
    "paused": "paused", "reloaded": "reloaded", "stopped": "stopped", "crashed": "crashed",
}  # fmt: skip


@dataclass(slots=True, eq=False)
class _Rising:
    """Change that counts but has not lasted long enough."""

    first: Look
    last: Look
    moved: Look
    peak: Extent
    frames: int = 0


@dataclass(slots=True, eq=False)
class _Open:
    """An event that goes on."""

    event: Event
    zones: tuple[str, ...]
    changed: Look
    """The last frame with change that counts."""
    moved: Look
    """The last frame in which something that counts moved."""
    sequence: int = 0
    told: float = 0.0
    gone_since: float | None = None
    traces: bool = False


class Tracker:
    """Makes events of detections: pure, fed by observations, which are its only clock.

    Parameters
    ----------
    camera : the camera's key, written into events.
    options : when change begins, ends and counts.
    zones : the zones in the order of the configuration; {}: the whole picture.
    new_id : makes an event's id of the capture time of its first frame (`watcher.events.ids`).
    """

    def __init__(
        self,
        camera: str,
        options: EventsOptions,
        zones: Mapping[str, ZoneOptions],
        new_id: Callable[[datetime], str],
    ) -> None:
        self._camera = camera
        self._new_id = new_id
        self._time = SteadyTime()
        self._now = 0.0
        self._rising: _Rising | None = None
        self._open: _Open | None = None
        self._compared: Look | None = None
        self._unseen_since: float | None = None
        self._rests_until = float("-inf")
        self._travel = Travel()
        self._nears = NearMisses()
        self._near_miss: NearMiss | None = None
        self._best: float | None = None
        self._is_best = False
        self.adjust(options, zones)

    def adjust(self, options: EventsOptions, zones: Mapping[str, ZoneOptions]) -> None:
        """Go on with other settings; an open event stays open and is judged by the new ones."""
        self._options = options
        self._thresholds, self._sizes = thresholds(options, zones), limits(options, zones)

    @property
    def open(self) -> Event | None:
        """The event that goes on, if any."""
        return self._open.event if self._open else None

    @property
    def rising(self) -> bool:
        """Whether change counts that has not lasted long enough to be an event."""
        return self._rising is not None

    @property
    def near_miss(self) -> NearMiss | None:
        """What the last step has to tell about change that made no event; at most one a second."""
        return self._near_miss

    @property
    def best(self) -> float | None:
        """Changed area (full-frame pixels) x peak of the frame that shows the open, rising or last event best."""
        return self._best

    @property
    def is_best(self) -> bool:
        """Whether the last step's frame is the best so far of the open or rising event: the picture to keep."""
        return self._is_best

    def step(self, seen: Observation, detection: Detection) -> tuple[EventUpdate, ...]:
        """What an observation and its detection mean for events."""
        self._now = self._time.at(seen.at)
        self._is_best = False
        if isinstance(seen, Frame):
            updates = self._frame(self._look(seen, detection))
        elif isinstance(seen, Gap):
            updates = self._gap(seen)
        else:
            updates = self._cut() if self._open else ()
        self._near_miss = None if self._rising else self._nears.take(self._now)
        return updates

    def _look(self, seen: Frame, found: Detection) -> Look:
        return Look(self._now, seen.utc, seen.media_time, seen.size, found, found.changed_fraction)

    def _frame(self, look: Look) -> tuple[EventUpdate, ...]:
        if look.detection.outcome in ("blind", "learning"):
            return self._unseen(look)
        self._unseen_since = None
        sized = fitting(look, self._sizes)
        sifted = self._travel.sift(sized.look, self._options.travel)
        self._compared = sifted.look
        return self._go_on(self._open, sifted.look) if self._open else self._rise(look, sized, sifted)

    def _rise(self, seen: Look, sized: Fitting, sifted: Sifted) -> tuple[EventUpdate, ...]:
        """No event is open: does one begin? `seen` holds what does not count, too."""
        look = sifted.look
        zones = changed_zones(look.detection, self._thresholds)
        extent = strongest(look.detection, self._thresholds)
        if not zones:
            self._drop("")
            self._note_left_out(seen, sized, sifted)
            return ()
        if look.at < self._rests_until - EPSILON:
            reason = words.too_soon(extent, self._options.cooldown)
            self._nears.note(self._now, near_miss(look, extent, reason), INTERVAL)
            return ()
        if self._rising is None:
            # What had to go some way first has been there since it was seen first, but not since before a cooldown.
            self._rising = _Rising(self._since(sifted.first, look), look, look, extent)
            self._best = None
        rising = self._rising
        rising.last = look
        rising.frames += 1 if rising.first is look else 2
        rising.peak = max(rising.peak, extent, key=lambda one: one.strength)
        if not all_still(look.detection, self._thresholds, 0.0):
            rising.moved = look
        self._rate(look)
        if rising.frames < 2 or look.at - rising.first.at < self._options.rise - EPSILON:
            return ()
        return (self._start(rising, look, zones),)

    def _since(self, first: Look, look: Look) -> Look:
        return first if first.at >= self._rests_until - EPSILON else look

    def _start(self, rising: _Rising, look: Look, zones: tuple[str, ...]) -> EventUpdate:
        first = rising.first
        event = Event(self._new_id(first.utc), self._camera, started=first.at, started_at=first.utc)
        self._rising = None
        self._nears.forget()
        self._open = _Open(event, zones, changed=look, moved=rising.moved)
        return self._update(self._open, "started", look, self._going_on(self._open, look))

    def _go_on(self, going: _Open, look: Look) -> tuple[EventUpdate, ...]:
        """An event is open: does it end, and is there something to tell?"""
        before = going.zones
        going.zones = changed_zones(look.detection, self._thresholds, before)
        if going.zones:
            self._note_change(going, look)
        elif going.gone_since is None:
            going.gone_since, going.traces = look.at, False
        if going.gone_since is not None:
            going.traces |= look.detection.outcome == "changed"
            if look.at - going.gone_since >= max(self._options.fall, self._options.merge) - EPSILON:
                reason = words.gone(look.at - going.gone_since, going.traces)
                return self._end(going, look, going.changed, "fell", reason)
        elif all_still(look.detection, self._thresholds, self._options.settle):
            cause = what_stayed(look.detection)
            reason = words.settled(cause, self._options.settle)
            return self._end(going, look, going.moved, "settled", reason, cause)
        if ended := self._cut():
            return ended
        # While the end is waited for there is nothing to tell, but that the zones are quiet.
        due = going.gone_since is None and look.at - going.told >= UPDATE_INTERVAL - EPSILON
        if due or _named(going.zones) != _named(before):
            return (self._update(going, "updated", look, self._going_on(going, look)),)
        return ()

    def _note_change(self, going: _Open, look: Look) -> None:
        going.gone_since = None
        going.changed = look
        if not all_still(look.detection, self._thresholds, 0.0):
            going.moved = look
        self._rate(look)

    def _cut(self) -> tuple[EventUpdate, ...]:
        """End the open event if it has lasted too long; by a tick too, with what the last frame showed."""
        limit = self._options.max_length
        if self._open is None or self._compared is None or limit is None:
            return ()
        if self._now - self._open.event.started < limit - EPSILON:
            return ()
        reason = words.too_long(limit)
        return self._end(self._open, self._compared, self._open.changed, "max_length", reason)

    def _gap(self, missing: Gap) -> tuple[EventUpdate, ...]:
        self._unseen_since = None
        self._travel.forget()
        reason = words.gap(missing)
        self._drop(reason)
        if self._open is None or self._compared is None:
            return ()
        end_reason = _END_REASONS.get(missing.reason, "camera_lost")
        return self._end(self._open, self._compared, self._compared, end_reason, reason)

    def _unseen(self, look: Look) -> tuple[EventUpdate, ...]:
        if self._unseen_since is None:
            self._unseen_since = look.at
        duration = look.at - self._unseen_since
        if duration >= UNSEEN_LIMIT - EPSILON:
            reason = words.unseen(look.detection.outcome, duration, look.detection.reason)
            self._drop(reason)
            if self._open and self._compared:
                learning = look.detection.outcome == "learning"
                end_reason: EndReason = "reloaded" if learning else "camera_lost"
                return self._end(self._open, look, self._compared, end_reason, reason)
        return self._cut()

    def _end(
        self, going: _Open, look: Look, last: Look, end_reason: EndReason, reason: str, cause: Cause = "passed"
    ) -> tuple[EventUpdate, ...]:
        """End the event: `look` is the frame that decided, `last` the last one in which something went on."""
        going.event = replace(going.event, ended=last.at, ended_at=last.utc, cause=cause, end_reason=end_reason)
        self._open = None
        self._rests_until = self._now + self._options.cooldown
        return (self._update(going, "ended", look, reason),)

    def _update(self, going: _Open, phase: Phase, look: Look, reason: str) -> EventUpdate:
        update = EventUpdate(
            phase=phase,
            event=going.event,
            sequence=going.sequence,
            captured=look.at,
            captured_at=look.utc,
            media_time=look.media_time,
            similarity=look.detection.similarity,
            changed_fraction=look.changed_fraction,
            zones=_named(going.zones),
            regions=look.detection.regions,
            frame_size=look.size,
            reason=reason,
        )
        going.sequence += 1
        going.told = self._now
        return update

    def _going_on(self, going: _Open, look: Look) -> str:
        if going.gone_since is not None:
            return words.gone(look.at - going.gone_since, going.traces)
        held = {key: self._thresholds[key] for key in going.zones}
        return words.going_on(strongest(look.detection, held), look.at - going.event.started)

    def _rate(self, look: Look) -> None:
        score = showing(look.detection)
        if self._best is None or score > self._best:
            self._best, self._is_best = score, True

    def _drop(self, cause: str) -> None:
        """A rising change is gone, or nothing more is known of it (`cause` says why): a near miss."""
        rising, self._rising = self._rising, None
        if rising is None:
            return
        lasted = rising.last.at - rising.first.at
        reason = words.too_short(rising.peak, lasted, rising.frames, self._options.rise)
        self._nears.note(self._now, near_miss(rising.last, rising.peak, words.joined(reason, cause)), 0.0)

    def _note_left_out(self, seen: Look, sized: Fitting, sifted: Sifted) -> None:
        """Change that does not count by its size or by its way, or is too little."""
        odd, farthest = sized.odd, sifted.farthest
        if farthest is not None and changed_zones(sized.look.detection, self._thresholds):
            extent = strongest(sized.look.detection, self._thresholds)
            reason = words.stayed_put(extent, farthest, self._options.travel)
        elif odd is not None and changed_zones(seen.detection, self._thresholds):
            extent = strongest(seen.detection, self._thresholds)
            reason = words.wrong_size(extent, odd[0], odd[1].smallest, odd[1].largest)
        else:
            self._note_faint(seen, strongest(seen.detection, self._thresholds))
            return
        self._nears.note(self._now, near_miss(seen, extent, reason), INTERVAL)

    def _note_faint(self, look: Look, extent: Extent) -> None:
        """Change that is too little to count, or none but a reason of the detector's (light, say)."""
        detection = look.detection
        counted = detection.outcome == "changed" and extent.fraction > 0
        too_little = words.too_little(extent) if counted else ""
        if reason := words.joined(too_little, detection.reason):
            self._nears.note(self._now, near_miss(look, extent, reason), INTERVAL)


def _named(keys: tuple[str, ...]) -> tuple[str, ...]:
    """The zones among the keys: the whole picture is none."""
    return tuple(key for key in keys if key != WHOLE)
