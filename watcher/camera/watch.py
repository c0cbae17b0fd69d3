"""The watch thread's work: observations into the detector and the tracker, and what comes of it to the teller."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from watcher.camera.album import Seeing
from watcher.camera.capture import Capture
from watcher.camera.feed import Feed
from watcher.camera.force import InForce, Renewal, asks_for
from watcher.camera.inbox import Inbox, Letter, UseReference, UseSettings
from watcher.camera.latest import Latest
from watcher.camera.memory import Memory, Remembers
from watcher.camera.options import CameraOptions
from watcher.camera.private import Veil
from watcher.camera.sizes import Sizes
from watcher.camera.teller import Circumstances, Teller, Tracking
from watcher.errors import ReferenceUnusable
from watcher.events.event import Event
from watcher.events.options import EventsOptions
from watcher.loop import Detects, Tracks, Updates, watch
from watcher.requests import ForgetLearnt, Republish, SetReference, TakeSnapshot
from watcher.vision.detection import Detection
from watcher.vision.frame import Frame, Gap, Observation, encode_jpeg
from watcher.vision.geometry import Size
from watcher.vision.jpeg import JpegPixels
from watcher.vision.options import ZoneOptions
from watcher.vision.reference.options import BackgroundOptions

log = logging.getLogger(__name__)

SAVE_EVERY = 300.0
"""Seconds between two savings of a reference that learns."""
RETRY_REFERENCE = 30.0
"""Seconds after which an unusable reference is looked at again: somebody may have put it right."""


class DetectorPart(Detects, Remembers, Seeing, Protocol):
    """What the camera needs of a detector."""

    def take_reference(self) -> None: ...


class TrackerPart(Tracks, Tracking, Protocol):
    """What the camera needs of a tracker."""

    def adjust(self, options: EventsOptions, zones: Mapping[str, ZoneOptions]) -> None: ...


@dataclass(frozen=True, slots=True)
class Parts:
    """How detectors and tracker are made, and what makes an event's id."""

    detector: Callable[[CameraOptions], DetectorPart]
    tracker: Callable[[CameraOptions], TrackerPart]
    new_id: Callable[[Any], str]


class Watch:
    """One life of a camera's detector and tracker; another one is made after a crash.

    Parameters
    ----------
    feed, capture, arrivals, inbox : where observations and requests come from.
    teller : where everything goes.
    """

    def __init__(
        self,
        parts: Parts,
        in_force: InForce,
        *,
        feed: Feed,
        capture: Capture,
        arrivals: Latest,
        inbox: Inbox,
        memory: Memory,
        teller: Teller,
        veil: Veil,
        live: bool,
    ) -> None:
        self._parts, self._in_force = parts, in_force
        self._feed, self._capture, self._arrivals, self._inbox = feed, capture, arrivals, inbox
        self._memory, self._teller, self._veil, self._live = memory, teller, veil, live
        self._key = in_force.options.key
        self._detector = parts.detector(in_force.options)
        self._tracker = parts.tracker(in_force.options)
        self._size: Size | None = None
        self._sizes = Sizes(self._key)
        self._pending: Frame | None = None
        self._detection: Detection | None = None
        self._reference = ""
        self._trouble = ""
        self._retry_at = float("inf")
        self._saved_at = time.monotonic()
        self._unsaved = False
        self._show_taken = False
        self._snapshot_wanted = False
        self._renewal: Renewal | None = None
        self._forgotten = False
        self._paused = False
        self._over = False
        self.turned = time.monotonic()
        self.stop_reason = ""
        self.stop_detail = ""

    @property
    def size(self) -> Size | None:
        """(width, height) of the frames; None before the first."""
        return self._size

    def run(self) -> None:
        """Until the recording ends or a stop is asked for."""
        self._teller.begin()
        self._in_force.begin(self._feed.now()[0], live=self._live)
        self._tell_settings()
        self._tell_states()
        while not self._over:
            for seen, detection, updates in watch(self._observations(), self._detector, self._tracker, self._tell):
                now = self._circumstances()
                self._teller.step(seen, detection, updates, self._detector, self._tracker, now)
                self._after(seen, detection)
                del seen  # as in `_observations`
            if self._pending is not None or self._renewal is not None:
                self._renew()

    def save(self) -> None:
        """Put the reference away for the next start."""
        if self._unsaved and self._size is not None:
            self._memory.save(self._detector, self._size)
        self._memory.settle()

    def _tell(self, updates: Updates) -> None:
        self._teller.tell(updates, self._reference or self._memory.name)

    def _observations(self) -> Iterator[Observation]:
        """What the detector gets to see; requests are applied between."""
        yield from self._pauses()
        if self._pending is not None:
            frame, self._pending = self._pending, None
            self._prepare(frame)
            yield frame
        while not self._over:
            self.turned = time.monotonic()
            self._capture.look_after()
            if self.stop_reason:
                self._over = True
                yield Gap(*self._feed.now(), self.stop_reason, self.stop_detail)
                return
            yield from self._letters()
            if self._renewal is not None:
                yield Gap(*self._feed.now(), "reloaded", "other settings, by request")
                return
            seen = self._feed.take()
            if isinstance(seen, Frame):
                seen = self._veil.over(seen)
                stray = self._sizes.stray(seen, self._size)
                if stray is None and seen.size != self._size and self._size is not None:
                    yield self._other_size(seen)
                    return
                if stray is None:
                    self._prepare(seen)
                else:
                    seen = stray
            if seen is not None and not (self._in_force.paused and not isinstance(seen, Gap)):
                yield seen
            else:
                self._tell_states()
            del seen  # held while waiting for the next one, it would cost the decoder another buffer
            if self._feed.ended:
                self._over = True

    def _prepare(self, frame: Frame) -> None:
        """Before a frame is compared: give a new detector the reference that it should go on with."""
        due = self._size is None or (self._trouble and time.monotonic() >= self._retry_at)
        self._size = frame.size
        if due:
            self._restore(frame)
        if self._snapshot_wanted and self._in_force.paused:
            self._take_snapshot(frame)

    def _restore(self, frame: Frame) -> None:
        try:
            label = self._memory.restore(self._detector, frame.size, anew=self._forgotten)
        except ReferenceUnusable as error:
            if str(error) != self._trouble:
                log.error("%s: %s; nothing is watched until it is put right", self._key, error)
            self._trouble, self._retry_at = str(error), time.monotonic() + RETRY_REFERENCE
            self._reference = ""
            return
        if self._trouble:
            log.info("%s: the reference is usable now", self._key)
        self._trouble = ""
        self._forgotten = False
        self._reference = label or self._memory.name
        self._unsaved = not label
        if (picture := self._memory.picture) is not None:
            shown = JpegPixels(encode_jpeg(picture))
            self._teller.use_picture(replace(frame, pixels=shown))

    def _other_size(self, frame: Frame) -> Gap:
        """The camera has been set to another size: a new detector begins with this frame."""
        known, size = self._size, frame.size
        words = f"the picture is {size[0]}x{size[1]} now" + (f", it was {known[0]}x{known[1]}" if known else "")
        self._sizes.changed(words)
        self.save()
        self._size, self._detection = None, None
        self._pending = frame
        return Gap(frame.at, frame.utc, "reloaded", words)

    def _after(self, seen: Observation, detection: Detection) -> None:
        """What can wait until everything has been told."""
        if not isinstance(seen, Frame):
            return
        self._detection = detection
        if self._show_taken:
            self._show_taken = False
            self._teller.use_picture(seen)
        if self._snapshot_wanted:
            self._take_snapshot(seen)
        learns = isinstance(self._in_force.options.reference, BackgroundOptions)
        known = detection.outcome in ("clear", "changed")
        self._unsaved = self._unsaved or (learns and known)
        due = time.monotonic() - self._saved_at >= SAVE_EVERY or not learns
        wanted = self._unsaved and known and due
        if wanted and self._size is not None and self._memory.save_aside(self._detector, self._size):
            self._saved_at, self._unsaved = time.monotonic(), False

    # -- requests ----------------------------------------------------------------------------------------

    def _letters(self) -> Iterator[Observation]:
        """Apply what was asked for; a pause is also an observation, and ends what is open."""
        while self._renewal is None and (letter := self._inbox.take()) is not None:
            self._apply(letter)
            yield from self._pauses()
        yield from self._pauses()

    def _pauses(self) -> Iterator[Observation]:
        """What it means that a pause has begun or ended, by a command or because its time is over."""
        if self._in_force.look(self._feed.now()[0]):
            log.info("%s: is no longer muted", self._key)
            self._tell_settings()
        if self._in_force.paused == self._paused:
            return
        self._paused = self._in_force.paused
        log.info("%s: %s", self._key, f"paused, {self._in_force.pause}" if self._paused else "watches again")
        self._tell_states()
        if self._paused:
            yield Gap(*self._feed.now(), "paused", self._in_force.pause)

    def _apply(self, letter: Letter) -> None:
        match letter:
            case UseSettings():
                self._use_settings(letter)
            case SetReference():
                self._take_reference()
            case UseReference():
                self._use_reference(letter)
            case ForgetLearnt():
                self._forgotten, self._renewal = True, Renewal(carry=False)
                log.info("%s: what was learnt is forgotten, by request", self._key)
            case TakeSnapshot():
                self._snapshot_wanted = True
            case Republish():
                self._teller.states.again()
        self._tell_settings()
        self._tell_states()

    def _use_settings(self, letter: UseSettings) -> None:
        log.info("%s: %s", self._key, letter.what)
        before = self._in_force.options
        self._in_force.use(letter.adjusted, letter.mute, self._feed.now()[0])
        now = self._in_force.options
        self._teller.use_options(now)
        self._tracker.adjust(now.events, now.zones)
        self._over = self._over or now.inspects
        if asks_for(before) == asks_for(now):
            return
        if self._unsaved:
            self.save()
        self._renewal = Renewal(carry=self._memory.use_options(now) and not self._trouble)

    def _renew(self) -> None:
        """Another detector, which goes on with what the one before had learnt where that fits."""
        renewal, self._renewal = self._renewal, None
        memory = self._detector.memory() if renewal is not None and renewal.carry else {}
        self._detector = self._parts.detector(self._in_force.options)
        self._teller.begin()
        self._detection = None
        if memory and self._size is not None:
            try:
                self._detector.remember(memory, self._size)
            except ReferenceUnusable as error:
                log.warning("%s: what was learnt does not fit the new settings: %s", self._key, error)
            else:
                return
        self._size = None  # the next frame brings it, and the reference with it

    def _take_reference(self) -> None:
        self._detector.take_reference()
        self._reference, self._trouble = self._memory.name, ""
        self._show_taken = self._unsaved = True
        log.info("%s: the next picture is the reference", self._key)

    def _use_reference(self, letter: UseReference) -> None:
        stored = letter.loaded.stored
        try:
            self._memory.use(self._detector, letter.loaded, self._size or stored.full_size)
        except ReferenceUnusable as error:
            log.warning("%s: the reference stays as it is: %s", self._key, error)
            return
        self._reference, self._trouble, self._unsaved = stored.chosen, "", False
        self._memory.choose_aside(letter.loaded)
        self._teller.use_picture(None)
        log.info("%s: %s is the reference", self._key, stored.label)

    def _take_snapshot(self, frame: Frame) -> None:
        self._snapshot_wanted = False
        event = Event(self._parts.new_id(frame.utc), self._key, frame.at, frame.utc)
        # While paused nothing is compared: the last detection is of another frame.
        detection = None if self._in_force.paused else self._detection
        self._teller.snapshot(frame, detection, self._detector, event)

    # -- states ------------------------------------------------------------------------------------------

    def _tell_settings(self) -> None:
        for name, value in self._in_force.told().items():
            self._teller.setting(name, value)

    def _tell_states(self) -> None:
        self._teller.tell_states(self._feed.now()[1], self._circumstances())

    def _circumstances(self) -> Circumstances:
        return Circumstances(
            seen=self._feed.seen,
            lost=self._feed.lost,
            paused=self._in_force.pause if self._in_force.paused else "",
            reference=self._reference or self._memory.name,
            trouble=self._trouble,
            dropped=self._arrivals.dropped,
            live=self._live,
        )
