"""Other settings tried on the same frames, side by side: what each would have meant, and which to propose.

For each sensitivity, and with and without a number of false alarms, an engine of its own watches, exactly as a
camera's would; behind it, trackers with other thresholds and rise times see what it detects. What engines learn
follows the present settings of events. Nobody says which events were meant, so each is told by what its change did:
what passes through the picture, or comes and stays, is kept; what is over in a moment, stays in one place and goes,
or covers nearly everything is what people complain of. Of the settings that keep all that the present ones find of
the first kind, the one with the least of the second is proposed, and of those the one that changes least. Where it
is known that nothing happened (`quiet`), the most sensitive one that stays silent.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import tee
from math import hypot, sqrt
from typing import Any, Literal

import numpy as np

from watcher.camera.options import CameraOptions
from watcher.events.event import EventUpdate
from watcher.events.ids import replay_ids
from watcher.events.tracker import Tracker
from watcher.loop import Step
from watcher.replaying import Replay
from watcher.sources.options import CustomOptions
from watcher.vision.arrays import F32
from watcher.vision.detection import Detection
from watcher.vision.frame import Frame, Tick
from watcher.vision.noise import difference_variance
from watcher.vision.options import DetectorOptions
from watcher.vision.shrink import Shrinker

Kind = Literal["passed through", "appeared", "removed", "brief", "in one place", "nearly everything"]
WANTED: tuple[Kind, ...] = ("passed through", "appeared", "removed")
KINDS: tuple[Kind, ...] = (*WANTED, "brief", "in one place", "nearly everything")

TRAVEL = 0.08
"""Part of the picture's diagonal that change must have come along to have passed through: swaying comes back."""

BRIEF = 1.0
"""Seconds; what is over in less and went nowhere is an insect, a reflection, a flicker."""

NEARLY_ALL = 0.5
"""Part of the picture that only light, or a camera that moved, changes."""

_NEAR = 0.1
_STEP = 0.15
_FACTORS = (1 / 3, 1.0, 3.0, 10.0)
_THRESHOLDS = (0.0, 0.0003, 0.001, 0.003)
_RISES = (0.5, 1.0, 2.0, 4.0)
_FALSE_ALARMS = 24.0
"""A day: what is tried where it is not set."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One way to set a camera. `steps` is how far it is from the present one; `false_alarms` a day, or None."""

    sensitivity: float
    threshold: float
    rise: float
    steps: int = 0
    false_alarms: float | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """An event that a setting would have told of. `at` and `lasted` are seconds, `fraction` the most that was
    changed, `place` where most of it was, in fractions of the picture."""

    at: float
    lasted: float
    kind: Kind
    fraction: float
    place: tuple[float, float]

    @property
    def wanted(self) -> bool:
        return self.kind in WANTED


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a setting would have meant."""

    setting: Setting
    events: tuple[Found, ...]

    @property
    def wanted(self) -> tuple[Found, ...]:
        return tuple(one for one in self.events if one.wanted)

    @property
    def unwanted(self) -> tuple[Found, ...]:
        return tuple(one for one in self.events if not one.wanted)


@dataclass(slots=True)
class _Trace:
    """What an engine saw, frame by frame: time, changed fraction, centre of the largest region (or None)."""

    times: list[float] = field(default_factory=list)
    fractions: list[float] = field(default_factory=list)
    places: list[tuple[float, float] | None] = field(default_factory=list)

    def note(self, seen: Frame, detection: Detection) -> None:
        self.times.append(seen.at)
        self.fractions.append(detection.changed_fraction)
        if not detection.regions:
            self.places.append(None)
            return
        box, (width, height) = detection.regions[0].box, seen.size
        self.places.append(((box.x0 + box.x1) / 2 / width, (box.y0 + box.y1) / 2 / height))

    def told(self, update: EventUpdate) -> Found:
        """The event that ended, by what its change did."""
        event = update.event
        ended = event.started if event.ended is None else event.ended
        first = int(np.searchsorted(self.times, event.started - 1e-6))
        last = int(np.searchsorted(self.times, ended + 1e-6))
        places = [place for place in self.places[first:last] if place is not None] or [(0.5, 0.5)]
        most = max(self.fractions[first:last], default=0.0)
        middle = tuple(float(value) for value in np.median(places, axis=0))
        kind = _kind(update, ended - event.started, most, places)
        return Found(event.started, ended - event.started, kind, most, (middle[0], middle[1]))


def _kind(update: EventUpdate, lasted: float, most: float, places: list[tuple[float, float]]) -> Kind:
    if most >= NEARLY_ALL:
        return "nearly everything"
    if update.event.cause == "appeared":
        return "appeared"
    if update.event.cause == "removed":
        return "removed"
    third = max(1, len(places) // 3)
    (x0, y0), (x1, y1) = np.mean(places[:third], axis=0), np.mean(places[-third:], axis=0)
    if hypot(x1 - x0, y1 - y0) / sqrt(2) >= TRAVEL:
        return "passed through"
    return "brief" if lasted < BRIEF else "in one place"


class Fed:
    """A source of observations that come from elsewhere."""

    live = False

    def __init__(self, settings: dict[str, Any], camera: str) -> None:
        self._seen: Iterable[Frame | Tick] = settings["seen"]

    def open(self) -> None: ...

    def frames(self) -> Iterator[Frame | Tick]:
        return iter(self._seen)

    def close(self) -> None: ...


class Tuning:
    """Settings on trial over one stretch of observations.

    Attributes
    ----------
    frames : how many have been watched.
    seconds : from the first to the last.
    """

    def __init__(self, options: CameraOptions, seen: Iterable[Frame | Tick]) -> None:
        self.frames = 0
        detector, events = options.detector, options.events
        self.present = Setting(
            detector.sensitivity, events.threshold, events.rise, false_alarms=detector.false_alarms
        )
        self._began: float | None = None
        self._last = 0.0
        self._shrinker = Shrinker()
        self._before: F32 | None = None
        self._noise: list[float] = []
        tried = _around(detector)
        streams = tee(seen, len(tried))
        self._engines = [_Engine(options, *one, stream) for one, stream in zip(tried, streams, strict=True)]

    @property
    def seconds(self) -> float:
        return 0.0 if self._began is None else self._last - self._began

    def steps(self) -> Iterator[Step]:
        """Watch; each step is that of the present settings."""
        for steps in zip(*(engine.replay.steps() for engine in self._engines), strict=False):
            for engine, step in zip(self._engines, steps, strict=True):
                engine.note(step)
            seen = steps[0][0]
            if isinstance(seen, Frame):
                self.frames += 1
                self._began = seen.at if self._began is None else self._began
                self._last = seen.at
                if steps[0][1].outcome in ("clear", "changed"):
                    self._note_noise(seen)
            yield steps[0]

    def stop(self) -> None:
        """End after the present frame."""
        for engine in self._engines:
            engine.replay.stop()

    def outcomes(self) -> list[Outcome]:
        """What each setting would have meant; the present one first, then those nearest to it."""
        found = [outcome for engine in self._engines for outcome in engine.outcomes()]
        return sorted(found, key=lambda one: one.setting.steps)

    @property
    def noise(self) -> float | None:
        """Standard deviation of a pixel from one frame to the next, in grey levels at the analysed size: the median
        over the frames. None where there were too few."""
        return float(np.sqrt(np.median(self._noise))) if self._noise else None

    def _note_noise(self, seen: Frame) -> None:
        size = self._engines[0].replay.detector.size
        if size is None:
            return
        luma = seen.view(size, self._shrinker).luma.astype(np.float32)
        if self._before is not None and self._before.shape == luma.shape:
            self._noise.append(difference_variance(luma - self._before) / 2)
        self._before = luma


class _Engine:
    """The engine with one detector, and trackers of several settings behind it."""

    def __init__(
        self, options: CameraOptions, detector: DetectorOptions, far: int, seen: Iterable[Frame | Tick]
    ) -> None:
        source = CustomOptions(kind=f"{Fed.__module__}:{Fed.__name__}", settings={"seen": seen})
        self.replay = Replay(replace(options, source=source, detector=detector))
        self._trace = _Trace()
        self._tracked: list[tuple[Setting, Tracker, list[Found]]] = [
            (_with(setting, detector, far), _tracker(options, setting), []) for setting in _events_around(options)
        ]

    def note(self, step: Step) -> None:
        seen, detection, _ = step
        if isinstance(seen, Frame):
            self._trace.note(seen, detection)
        for _, tracker, found in self._tracked:
            updates = tracker.step(seen, detection)
            found += [self._trace.told(update) for update in updates if update.phase == "ended"]

    def outcomes(self) -> Iterator[Outcome]:
        return (Outcome(setting, tuple(found)) for setting, _, found in self._tracked)


def _tracker(options: CameraOptions, setting: Setting) -> Tracker:
    events = replace(options.events, threshold=setting.threshold, rise=setting.rise)
    return Tracker(options.key, events, options.zones, replay_ids(options.key))


def _with(setting: Setting, detector: DetectorOptions, far: int) -> Setting:
    return Setting(
        detector.sensitivity, setting.threshold, setting.rise, setting.steps + far, detector.false_alarms
    )


def _around(detector: DetectorOptions) -> list[tuple[DetectorOptions, int]]:
    """Detectors to try and how far each is from the present one, which comes first."""
    others = {round(detector.sensitivity + step, 2) for step in (-_STEP, _STEP)}
    false_alarms = _FALSE_ALARMS if detector.false_alarms is None else None
    return [
        (detector, 0), (replace(detector, false_alarms=false_alarms), 1),
        *((replace(detector, sensitivity=one), 1) for one in sorted(others) if 0 <= one <= 1),
    ]  # fmt: skip


def _events_around(options: CameraOptions) -> list[Setting]:
    """Thresholds and rise times to try, the present ones first; what the detector has is put in by the engine."""
    threshold, rise = options.events.threshold, options.events.rise
    thresholds = [_rounded(threshold * factor) for factor in _FACTORS] if threshold > 0 else list(_THRESHOLDS)
    thresholds = [threshold if abs(one - threshold) < 1e-9 else one for one in thresholds]
    here = thresholds.index(threshold)
    rises = [rise, *(one for one in _RISES if one > rise + 0.05)][:3]
    return [
        Setting(0.0, one, time, abs(number - here) + later)
        for later, time in enumerate(rises)
        for number, one in enumerate(thresholds)
        if one <= 0.5
    ]


def _rounded(value: float) -> float:
    """Two digits, as a person would write it."""
    return float(f"{value:.1e}")


def proposal(outcomes: list[Outcome], quiet: bool) -> Outcome:
    """The outcome whose settings are proposed; the present one where none is better."""
    present = outcomes[0]
    if quiet:
        silent = [one for one in outcomes if not one.events]
        if not silent:
            return min(outcomes, key=lambda one: (len(one.events), one.setting.steps))
        return max(silent, key=lambda one: _closeness(one.setting))
    keeping = [one for one in outcomes if all(_kept(event, one) for event in present.wanted)]
    return min(keeping, key=lambda one: (len(one.unwanted), one.setting.steps))


def _closeness(setting: Setting) -> tuple[float, bool, float, float]:
    """The greater, the more closely a camera looks."""
    return setting.sensitivity, setting.false_alarms is not None, -setting.rise, -setting.threshold


def _kept(event: Found, other: Outcome) -> bool:
    """Whether another setting tells of the same thing: at a time at which this event went on."""
    return any(one.at <= event.at + event.lasted and one.at + one.lasted >= event.at for one in other.events)


def restless_place(events: tuple[Found, ...]) -> tuple[float, float] | None:
    """Where most of three or more events in one place happened, in fractions of the picture; None: here and
    there."""
    places = [event.place for event in events if event.kind in ("in one place", "brief")]
    if len(places) < 3:
        return None
    middle = np.median(places, axis=0)
    near = sum(hypot(x - middle[0], y - middle[1]) < _NEAR for x, y in places)
    return (float(middle[0]), float(middle[1])) if near > len(places) / 2 else None


def changes(present: Setting, other: Setting) -> dict[tuple[str, str], str]:
    """The keys (section, key) by which another setting differs, with values as people write them."""
    found = {}
    if other.sensitivity != present.sensitivity:
        found["detector", "sensitivity"] = f"{100 * other.sensitivity:g} %"
    if other.false_alarms != present.false_alarms:
        wanted = other.false_alarms
        found["detector", "false_alarms"] = "null" if wanted is None else f"{wanted:g}/day"
    if other.threshold != present.threshold:
        found["events", "threshold"] = f"{100 * other.threshold:.4g} %"
    if other.rise != present.rise:
        found["events", "rise"] = f"{other.rise:g} s"
    return found
