"""Streams of observations and detections from rows of dots, and what a tracker makes of them.

.  nothing changed            #  change that counts, moving
+  change at 0.6 thresholds   -  change at 0.2 thresholds
a  change that is still: something appeared     r  the same: something was removed
w  a large still region and a small one that moves, too little to count     m  the same, enough to count
1 2 3  change in zone one, in zone two, in both
b  blind    l  learning       *  nothing changed, but the light did
t  tick     L F O P R S C  gap: lost, frozen, obscured, paused, reloaded, stopped, crashed
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from watcher.events.event import EventUpdate
from watcher.events.ids import replay_ids
from watcher.events.options import EventsOptions
from watcher.events.tracker import Tracker
from watcher.vision.detection import Detection, Region, StillCause
from watcher.vision.frame import ArrayPixels, Frame, Gap, Observation, Tick
from watcher.vision.geometry import Box
from watcher.vision.options import ZoneOptions

STEP = 0.1
START = datetime(2026, 11, 22, 10, 18, 3, tzinfo=UTC)
OPTIONS = EventsOptions(threshold=0.01, rise=0.2, fall=0.3, settle=0.4)
ZONES = {"one": 0.01, "two": 0.02}
GAPS = {
    "L": "lost", "F": "frozen", "O": "obscured", "P": "paused", "R": "reloaded", "S": "stopped", "C": "crashed",
}  # fmt: skip
LETTERS = ".#+-arwm123bl*t" + "".join(GAPS)

Seen = tuple[Observation, Detection]

_PIXELS = ArrayPixels(np.zeros((4, 8), np.uint8))


def stream(
    dots: str, times: Sequence[float] | None = None, utc: Callable[[int, float], datetime] | None = None
) -> list[Seen]:
    """One observation with its detection for each letter, `STEP` apart unless the times are given."""
    times = [round(n * STEP, 9) for n in range(len(dots))] if times is None else times
    seen: list[Seen] = []
    moved = 0.0
    for n, (letter, at) in enumerate(zip(dots, times, strict=True)):
        moment = utc(n, at) if utc else START + timedelta(seconds=at)
        if letter not in "arwmt":
            moved = at
        seen.append((_observation(letter, at, moment, n), detection(letter, max(0.0, at - moved))))
    return seen


def detection(letter: str, still_for: float = 0.0) -> Detection:
    """What the detector says for one letter."""
    if letter in "bl":
        return Detection("blind" if letter == "b" else "learning", reason="too dark" if letter == "b" else "")
    if letter == "*":
        return Detection("clear", similarity=0.9, reason="the light changed")
    if letter in "123":
        zones = {"1": ("one",), "2": ("two",), "3": ("one", "two")}[letter]
        fractions = {key: 0.034 if key in zones else 0.0 for key in ZONES}
        return Detection("changed", (region(900, zones=zones),), 0.87, 0.02, fractions)
    if letter in "#+-":
        fraction = {"#": 0.034, "+": 0.006, "-": 0.002}[letter]
        return Detection("changed", (region(900),), 0.87, fraction, {"one": fraction, "two": fraction})
    if letter in "arwm":
        stayed: StillCause = "removed" if letter == "r" else "appeared"
        moving = {"w": (region(10),), "m": (region(400),)}.get(letter, ())
        large = region(800, still_for=still_for, stayed=stayed if still_for else None)
        return Detection("changed", (large, *moving), 0.87, 0.034)
    return Detection("clear", similarity=0.99)


def region(
    area: int, zones: tuple[str, ...] = (), still_for: float = 0.0, stayed: StillCause | None = None
) -> Region:
    """A region of `area` pixels somewhere."""
    return Region(Box(10, 20, 40, 60), area, 0.93, 0.6, zones, still_for, stayed)


def tracker(options: EventsOptions = OPTIONS, zones: Mapping[str, float] | None = None) -> Tracker:
    """A tracker of the camera porch; `zones`: key to threshold."""
    return Tracker("porch", options, zones_of(zones or {}), replay_ids("porch"))


def zones_of(thresholds: Mapping[str, float]) -> dict[str, ZoneOptions]:
    """Zones of some thresholds; where they lie is the detector's business."""
    corner = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0))
    return {key: ZoneOptions(points=corner, threshold=threshold) for key, threshold in thresholds.items()}


def run(
    dots: str, options: EventsOptions = OPTIONS, zones: Mapping[str, float] | None = None,
    times: Sequence[float] | None = None, utc: Callable[[int, float], datetime] | None = None,
) -> list[EventUpdate]:  # fmt: skip
    """All updates of a row of dots."""
    watching = tracker(options, zones)
    return [update for seen in stream(dots, times, utc) for update in watching.step(*seen)]


def row(
    dots: str, options: EventsOptions = OPTIONS, zones: Mapping[str, float] | None = None,
    times: Sequence[float] | None = None, utc: Callable[[int, float], datetime] | None = None,
) -> str:  # fmt: skip
    """What happened at each letter: ``S`` started, ``u`` updated, ``E`` ended, ``.`` nothing."""
    watching = tracker(options, zones)
    signs = {"started": "S", "updated": "u", "ended": "E"}
    steps = [watching.step(*seen) for seen in stream(dots, times, utc)]
    return "".join("".join(signs[update.phase] for update in updates) or "." for updates in steps)


def _observation(letter: str, at: float, utc: datetime, index: int) -> Observation:
    if letter == "t":
        return Tick(at, utc)
    if letter in GAPS:
        return Gap(at, utc, GAPS[letter])
    return Frame(at, utc, _PIXELS, index, media_time=at)
