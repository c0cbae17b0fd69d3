"""Telling the outlets: records first, then states, then pictures. Belongs to the watch thread."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from watcher.camera.album import Album, Following, Seeing
from watcher.camera.health import UNKNOWN, Health, States, Steady
from watcher.camera.live import LiveView
from watcher.camera.options import CameraOptions
from watcher.events.event import Event, EventUpdate
from watcher.events.look import WHOLE
from watcher.events.near import NearMiss
from watcher.events.payload import decision, payload
from watcher.sinks import Outlet, StateValue
from watcher.sinks.snapshot import snapshot_path
from watcher.vision.detection import Detection
from watcher.vision.frame import Frame, Gap, Observation

log = logging.getLogger(__name__)

STATE_EVERY = 1.0
STATE_AT_LEAST_EVERY = 30.0
_OF_LAST_EVENT = (
    "schema", "event_type", "id", "camera", "sequence", "started_at", "ended_at", "cause", "end_reason",
    "similarity", "changed_fraction", "zones", "reason", "media",
)  # fmt: skip
"""Of an event's payload: what a display shows."""
BLIND_FOR = 2.0
"""Seconds without a comparable frame after which it is no longer known whether something has changed."""

BROKEN_AFTER = 5.0
"""The same until the camera is said to be in trouble for a reason that is none of its own states."""
UNSEEING = frozenset(("dark", "obscured"))
"""States in which the camera sees nothing, even where nothing differs from its reference."""


class Tracking(Following, Protocol):
    """What a tracker knows after its last step."""

    @property
    def near_miss(self) -> NearMiss | None: ...


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the watch thread knows beside the detection. `trouble`: why nothing can be compared; `paused`: why it is
    paused; both empty where it is not so."""

    seen: bool
    lost: str
    paused: str
    reference: str
    trouble: str = ""
    dropped: int = 0
    live: bool = True


@dataclass(slots=True)
class _Pace:
    """Frames a second and what was said of them, for the state topic."""

    since: float
    frames: int = 0
    said_at: float = float("-inf")
    said: dict[str, Any] = field(default_factory=dict)


class Teller:
    """Makes of each step what subscribers get. It outlives the detector and tracker of a watch that crashed.

    Parameters
    ----------
    options : of the camera.
    outlets : who delivers.
    folder : of the storage; payloads name the snapshot's file below it.
    """

    def __init__(self, options: CameraOptions, outlets: Sequence[Outlet], folder: Path) -> None:
        self._outlets, self._folder = outlets, folder
        self._album = Album(outlets)
        self.use_options(options)
        self.states = States(self._offer)
        self._live = LiveView(self._offer)
        self._steady: dict[str, Steady] = {}
        self._open: tuple[EventUpdate, str] | None = None
        self._last_event: dict[str, Any] = {}
        self._pace = _Pace(time.monotonic())
        self._ready = False
        self._known = False
        self._blind_since: float | None = None
        self._blind_reason = ""
        self._troubles: Mapping[str, str] = {}

    def tell(self, updates: Sequence[EventUpdate], reference: str) -> None:
        """Tell of events. `reference`: what they were found against."""
        for update in updates:
            told = payload(
                update, profile=self._options.profile, reference=reference, snapshot_file=self._file(update.event)
            )
            for outlet in self._outlets:
                outlet.record(self._options.key, dict(told))  # deliverers write into theirs
            self._open = None if update.phase == "ended" else (update, reference)
            self._last_event = {key: told[key] for key in _OF_LAST_EVENT}

    def step(
        self,
        seen: Observation,
        detection: Detection,
        updates: tuple[EventUpdate, ...],
        detector: Seeing,
        tracker: Tracking,
        now: Circumstances,
    ) -> None:
        """Tell all else that one observation has brought; its updates have been told by `tell`."""
        told_at = time.monotonic()
        self._judge(seen, detection)
        self.tell_states(seen.utc, now)
        self._tell_change(seen, detection, tracker, now)
        self._tell_last()
        self._album.step(seen, detection, updates, detector, tracker)
        if tracker.near_miss is not None:
            self._offer("decision", decision(tracker.near_miss, self._options.key))
        self._tell_pace(seen, detection, now, told_at)

    def look(self, seen: Frame, now: Circumstances, changed_fraction: float, troubles: Mapping[str, str]) -> None:
        """A frame of a camera that inspects: no event comes of it, whether a part lies there or not."""
        self._note_troubles(troubles)
        self._ready = self._ready or not now.trouble
        self.tell_states(seen.utc, now)
        told = Detection("clear", changed_fraction=changed_fraction)
        self._tell_pace(seen, told, now, time.monotonic())

    def begin(self) -> None:
        """A new detector: whatever was known of the scene is open again."""
        self._ready = self._known = False
        self._blind_since, self._troubles = None, {}
        self._album.begin()
        events = self._options.events
        self._steady = {key: Steady(events.rise, events.fall) for key in self._options.zones}

    def use_options(self, options: CameraOptions) -> None:
        """Other settings of the same camera from now on."""
        self._options = options
        common = options.events.threshold
        self._thresholds = {
            key: common if zone.threshold is None else zone.threshold for key, zone in options.zones.items()
        } or {WHOLE: common}
        self._album.use_options(options, self._thresholds)

    def use_picture(self, frame: Frame | None) -> None:
        """What is shown as the reference from now on; None: what the detector expects."""
        self._album.use_picture(frame)

    def tell_states(self, utc: datetime, now: Circumstances) -> None:
        """How the camera is; where nothing is known, the states that would be a guess say so."""
        troubles = {}
        if now.lost:
            troubles["lost"] = now.lost
        elif not now.seen:
            troubles["starting"] = "waiting for the first picture"
        elif now.trouble or not (self._ready or now.paused):
            troubles["starting"] = now.trouble or "getting to know the scene"
        if now.paused:
            troubles["paused"] = now.paused
        if now.seen:
            troubles |= self._troubles
        if self._blind_reason and now.seen and not now.trouble and not self._troubles:
            troubles["corrupt"] = self._blind_reason
        self.states.health(Health(troubles), utc)
        if now.lost or now.paused or not now.seen:
            self._unknown()

    def setting(self, name: str, value: str) -> None:
        self.states.say(f"setting/{name}", value)

    def snapshot(self, frame: Frame, detection: Detection | None, detector: Seeing, event: Event) -> None:
        """Publish and store a picture of this frame under an event of its own, which is not told as one."""
        regions = detection.regions if detection is not None else ()
        update = EventUpdate(
            phase="updated", event=event, sequence=0, captured=frame.at, captured_at=frame.utc,
            media_time=frame.media_time, similarity=detection.similarity if detection else None,
            changed_fraction=detection.changed_fraction if detection else 0.0, zones=(), regions=regions,
            frame_size=frame.size, reason="taken by request",
        )  # fmt: skip
        self._album.snapshot(update, frame, detection, detector)

    def crashed(self, utc: datetime, reason: str) -> None:
        """The watch thread has failed: an open event is ended here, because its tracker may be what failed."""
        if self._open is not None:
            last, reference = self._open
            event = replace(
                last.event, ended=last.captured, ended_at=last.captured_at, cause="passed", end_reason="crashed"
            )
            ended = replace(last, phase="ended", event=event, sequence=last.sequence + 1, reason=reason)
            self.tell((ended,), reference)
        self._ready = self._known = False
        self.states.health(Health({"starting": reason}), utc)
        self._unknown()
        self._tell_last()

    def over(self, utc: datetime, reason: str) -> None:
        """The camera stops: nothing is known from here on."""
        self.states.health(Health({"lost": reason}), utc)
        self.states.say("availability", "offline")
        self._unknown()

    def _tell_last(self) -> None:
        if self._last_event:
            self.states.say("last_event", self._last_event)

    def _file(self, event: Event) -> str | None:
        if not self._options.record.snapshot:
            return None
        return str(snapshot_path(self._folder, self._options.key, event.started_at, event.id))

    def _offer(self, name: str, value: StateValue) -> None:
        for outlet in self._outlets:
            outlet.state(self._options.key, name, value)

    def _judge(self, seen: Observation, detection: Detection) -> None:
        if isinstance(seen, Gap):
            self._known = False
            return
        self._note_troubles(detection.troubles)
        if not isinstance(seen, Frame):
            return
        if detection.outcome == "blind":
            self._blind_since = seen.at if self._blind_since is None else self._blind_since
            blind_for = seen.at - self._blind_since
            self._known = self._known and blind_for < BLIND_FOR
            if blind_for >= BROKEN_AFTER:
                self._blind_reason = detection.reason or "the pictures cannot be compared"
            return
        self._blind_since, self._blind_reason = None, ""
        self._known = detection.outcome in ("clear", "changed") and not UNSEEING.intersection(detection.troubles)
        self._ready = self._ready or detection.outcome in ("clear", "changed")

    def _note_troubles(self, troubles: Mapping[str, str]) -> None:
        """What the pictures say of the camera, in the log too where it begins or is over."""
        for state in troubles.keys() - self._troubles.keys():
            log.warning("%s: %s: %s", self._options.key, state, troubles[state])
        for state in self._troubles.keys() - troubles.keys():
            log.info("%s: not %s any more", self._options.key, state)
        self._troubles = troubles

    def _tell_change(self, seen: Observation, detection: Detection, tracker: Tracking, now: Circumstances) -> None:
        if now.lost or now.paused or not now.seen:
            return
        if tracker.open is not None:
            self.states.say("change", "ON")
        else:
            self.states.say("change", "OFF" if self._known else UNKNOWN)
        for key, steady in self._steady.items():
            if not self._known:
                self.states.say(f"zone/{key}", UNKNOWN)
            elif isinstance(seen, Frame):
                differs = self._differs(key, detection)
                self.states.say(f"zone/{key}", "ON" if steady.step(seen.at, differs) else "OFF")

    def _differs(self, key: str, detection: Detection) -> bool:
        """Whether a zone differs from its reference, with what has settled in it."""
        limit = self._thresholds[key]
        part = detection.zone_fractions.get(key, 0.0) + detection.settled_fractions.get(key, 0.0)
        return part > 0 and part >= limit

    def _unknown(self) -> None:
        self.states.say("change", UNKNOWN)
        for key, steady in self._steady.items():
            steady.on = False
            self.states.say(f"zone/{key}", UNKNOWN)

    def _tell_pace(self, seen: Observation, detection: Detection, now: Circumstances, clock: float) -> None:
        if isinstance(seen, Frame):
            self._live.show(seen, self._options.live, clock)
        pace = self._pace
        pace.frames += isinstance(seen, Frame)
        if clock - pace.said_at < STATE_EVERY or clock - pace.since < STATE_EVERY:
            return
        told = {
            "fps": round(pace.frames / (clock - pace.since), 1),
            "dropped": now.dropped,
            "changed_fraction": round(detection.changed_fraction, 4),
            "similarity": None if detection.similarity is None else round(detection.similarity, 3),
            "latency_ms": _latency(seen, clock, now.live, pace.said.get("latency_ms")),
        }
        pace.frames, pace.since = 0, clock
        if told != pace.said or clock - pace.said_at >= STATE_AT_LEAST_EVERY:
            pace.said, pace.said_at = told, clock
            self.states.say_anew("state", told)


def _latency(seen: Observation, clock: float, live: bool, before: Any) -> float | None:
    """Milliseconds from the capture of the frame until what it means for events was told; None for recordings."""
    if not live:
        return None
    return round(1000 * (clock - seen.at), 1) if isinstance(seen, Frame) else before
