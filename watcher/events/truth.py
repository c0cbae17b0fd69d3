"""Events of a recording held against what a person saw in it: hits, misses, false events, delays.

Everything is judged by where events start, in seconds of media time. Predictions and true events are matched one to
one: as many pairs as can be, and among those the matching that leaves the fewest predictions false, then the
one with the smallest delays.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from watcher.events.event import EventUpdate
from watcher.events.pairing import cheapest_pairs

LATEST = 1.0
"""A hit starts at most so many seconds after the true start."""

NEIGHBOUR = 2.0
"""True events less than this many seconds apart may have been taken for one: one prediction is enough for both."""

_ROUNDING = 0.001
"""Truth files and payloads give milliseconds."""

_TOLERANCE_FRAMES = 2


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the recording, both ends in seconds, and what is there."""

    start_s: float
    end_s: float
    kind: str

    def holds(self, moment: float) -> bool:
        """Whether a time lies inside, ends included."""
        return self.start_s - _ROUNDING <= moment <= self.end_s + _ROUNDING


@dataclass(frozen=True, slots=True)
class TrueEvent(Span):
    """Something that must be reported.

    A hit may start from `shadow_s` (where its shadow or dust comes first) less `tolerance_frames` on.
    """

    shadow_s: float
    tolerance_frames: int


@dataclass(frozen=True, slots=True)
class Truth:
    """What a person saw in a recording. `spacing_s` is the mean time between its frames."""

    events: tuple[TrueEvent, ...]
    dont_care: tuple[Span, ...]
    nuisances: tuple[Span, ...]
    uncertain: tuple[str, ...]
    spacing_s: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """An event as the program reported it: seconds of media time; `said_s` is when it was confirmed."""

    id: str
    start_s: float
    said_s: float
    end_s: float | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A true event and its own prediction."""

    event: TrueEvent
    prediction: Prediction

    @property
    def delay_s(self) -> float:
        """How much later than the truth the event starts; negative: earlier (a shadow, say)."""
        return self.prediction.start_s - self.event.start_s

    @property
    def said_after_s(self) -> float:
        """How long after the true start the event was reported."""
        return self.prediction.said_s - self.event.start_s


@dataclass(frozen=True, slots=True)
class Score:
    """The result. Every true event is in `hits`, `misses` or `excused` (unmatched, but next to a hit); every
    prediction in `hits`, `false` or `ignored` (unmatched, but where nobody cares)."""

    hits: tuple[Hit, ...]
    misses: tuple[TrueEvent, ...]
    excused: tuple[TrueEvent, ...]
    false: tuple[Prediction, ...]
    ignored: tuple[Prediction, ...]
    nuisances: tuple[str, ...]
    """For each false event in their order: what was going on there that must not be reported; "" for nothing."""
    watched_s: float

    def lines(self) -> list[str]:
        """The result for people, one line after the other."""
        provoked = sum(kind != "" for kind in self.nuisances)
        lines = [
            f"hits {len(self.hits)}, misses {len(self.misses)}, excused {len(self.excused)},"
            f" false {len(self.false)} ({provoked} of them provoked by a nuisance),"
            f" ignored {len(self.ignored)}, watched {self.watched_s:.1f} s"
        ]
        if self.hits:
            delays = [hit.delay_s for hit in self.hits]
            said = [hit.said_after_s for hit in self.hits]
            lines.append(
                f"delay of the start: median {median(delays):+.2f} s,"
                f" from {min(delays):+.2f} to {max(delays):+.2f} s;"
                f" reported after: median {median(said):.2f} s, at most {max(said):.2f} s"
            )
        lines += [
            f"hit    {hit.prediction.start_s:9.3f} s  {hit.delay_s:+.2f} s  {hit.event.kind}" for hit in self.hits
        ]
        lines += [f"miss   {event.start_s:9.3f} s  {event.kind}" for event in self.misses]
        lines += [
            f"false  {one.start_s:9.3f} s" + (f"  during: {kind}" if kind else "")
            for one, kind in zip(self.false, self.nuisances, strict=True)
        ]
        return lines


def read_truth(document: Any) -> Truth:
    """Truth from the JSON object of a truth file; ValueError says what is wrong with it."""
    if not isinstance(document, Mapping) or not isinstance(document.get("events"), list):
        raise ValueError('a truth file is a JSON object with a list of "events"')
    default = document.get("tolerance_frames", _TOLERANCE_FRAMES)
    unsure = _listed(document, "uncertain")
    return Truth(
        events=tuple(_true_event(item, default) for item in document["events"]),
        # An uncertain place that is given with its times can be neither required nor forbidden.
        dont_care=tuple(
            _span(item) for item in [*_listed(document, "dont_care"), *unsure] if not isinstance(item, str)
        ),
        nuisances=tuple(_span(item) for item in _listed(document, "nuisances")),
        uncertain=tuple(item for item in unsure if isinstance(item, str)),
        spacing_s=_spacing(document),
    )


def predictions(updates: Iterable[EventUpdate]) -> tuple[Prediction, ...]:
    """The events of a replay, in the order of their starts."""
    found: dict[str, Prediction] = {}
    for update in updates:
        event = update.event
        # Media time may begin elsewhere than the source's clock; both run at the same speed.
        shift = (update.captured if update.media_time is None else update.media_time) - update.captured
        end = None if event.ended is None else event.ended + shift
        known = found.get(event.id)
        said = known.said_s if known else update.captured + shift
        found[event.id] = Prediction(event.id, event.started + shift, said, end)
    return tuple(sorted(found.values(), key=lambda one: (one.start_s, one.id)))


def score(
    truth: Truth, predicted: Sequence[Prediction], watched_s: float, frame_times: Sequence[float] = ()
) -> Score:
    """Hold predictions against the truth.

    `frame_times` are the media times of the frames that were watched, rising: with them a tolerance in frames is
    right for a variable frame rate too; without, the truth's mean spacing is used.
    """
    costs = [
        {
            n: abs(one.start_s - event.start_s) + (_CARED if not _cared(truth, one) else 0.0)
            for n, one in enumerate(predicted)
            if _earliest(event, truth, frame_times) <= one.start_s <= event.start_s + LATEST + _ROUNDING
        }
        for event in truth.events
    ]
    pairs = cheapest_pairs(costs)
    hits = tuple(Hit(truth.events[row], predicted[n]) for row, n in sorted(pairs.items()))
    own = [hit.event for hit in hits]
    left = [event for row, event in enumerate(truth.events) if row not in pairs]
    excused = tuple(event for event in left if any(_apart(event, other) < NEIGHBOUR for other in own))
    unmatched = [one for n, one in enumerate(predicted) if n not in pairs.values()]
    false = tuple(one for one in unmatched if _cared(truth, one))
    return Score(
        hits=hits,
        misses=tuple(event for event in left if event not in excused),
        excused=excused,
        false=false,
        ignored=tuple(one for one in unmatched if not _cared(truth, one)),
        nuisances=tuple(_kinds(truth.nuisances, one.start_s) for one in false),
        watched_s=watched_s,
    )


_CARED = 1e6
"""Cost, in seconds, of using up a prediction that nobody would have minded: more than all delays together."""


def _cared(truth: Truth, one: Prediction) -> bool:
    return not any(span.holds(one.start_s) for span in truth.dont_care)


def _kinds(spans: Iterable[Span], moment: float) -> str:
    return ", ".join(span.kind or "unnamed" for span in spans if span.holds(moment))


def _apart(one: TrueEvent, other: TrueEvent) -> float:
    """Seconds between two events; 0 and less where they overlap."""
    return max(one.start_s, other.start_s) - min(one.end_s, other.end_s)


def _earliest(event: TrueEvent, truth: Truth, frame_times: Sequence[float]) -> float:
    """Where the first acceptable start lies: so many frames before the shadow's first."""
    start = event.shadow_s - event.tolerance_frames * truth.spacing_s
    if frame_times:
        first = bisect_left(frame_times, event.shadow_s - _ROUNDING)
        start = frame_times[max(0, first - event.tolerance_frames)]
    return min(start, event.shadow_s) - _ROUNDING


def _spacing(document: Mapping[str, Any]) -> float:
    """Seconds between frames; by the header's rate, often not the true one, only where nothing better is given."""
    if document.get("duration_s") and document.get("frames"):
        return float(document["duration_s"]) / float(document["frames"])
    return 1 / float(document.get("fps") or 10.0)


def _listed(document: Mapping[str, Any], key: str) -> list[Any]:
    found = document.get(key, [])
    if not isinstance(found, list):
        raise ValueError(f'"{key}" in a truth file is a list, not {type(found).__name__}')
    return found


def _span(item: Any) -> Span:
    try:
        return Span(float(item["start_s"]), float(item["end_s"]), str(item.get("kind", "")))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ValueError(f"a truth file's entry needs numbers start_s and end_s: {item!r}") from None


def _true_event(item: Any, default: Any) -> TrueEvent:
    span = _span(item)
    try:
        shadow = float(item.get("with_shadow_s", [span.start_s])[0])
        frames = int(item.get("tolerance_frames", default))
    except (TypeError, ValueError, IndexError):
        raise ValueError(f"with_shadow_s is a pair of numbers and tolerance_frames a number: {item!r}") from None
    return TrueEvent(span.start_s, span.end_s, span.kind, min(shadow, span.start_s), frames)
