"""One trial of rows light and arrival: a real quiet place, a drawn change of light, perhaps somebody who arrives.

Each begins with 5 s of quiet, the 2 s of learning among them; then the light changes; then it stays for 4 s. The
pictures go through the engine one by one as from a recording.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from tests.bench.accuracy.cutouts import Cutout, cutouts
from tests.bench.accuracy.engine import watching
from tests.bench.accuracy.lights import Change, Lighting, drawn
from tests.bench.accuracy.quiet import PLACES, Place, frames, played
from tests.bench.accuracy.sheets import save_sheet
from tests.bench.accuracy.visitors import Visit, visit_during
from watcher.vision.frame import Frame
from watcher.vision.geometry import Box

QUIET = 5.0
"""Seconds before the light changes."""

AFTER = 4.0
"""Seconds after it has changed."""

SOON = 1.0
"""Seconds within which somebody who arrives has to be found."""

_SAME_BOX = 0.2


@dataclass(slots=True)
class Outcome:
    """What came of a trial. `told`: when events were told, in seconds from the beginning of the change; `found`:
    after how many seconds the visitor was; `judged`: seconds that were watched."""

    number: int
    kind: str
    words: str
    judged: float = 0.0
    told: list[float] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    found: float = math.inf
    best: float = 0.0
    """The largest overlap with the visitor's box in time, told or not."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What the number gives, before it is run."""

    number: int
    place: Place
    start: int
    change: Change
    chance: np.random.Generator

    @property
    def size(self) -> tuple[int, int]:
        height, width = frames(self.place)[0].shape[:2]
        return width, height

    def __str__(self) -> str:
        return f"{self.place.name}, {self.change}"


def trial(number: int, row: int, places: Sequence[Place] = PLACES) -> Trial:
    """Trial `number` of row 0 (light) or 1 (arrival)."""
    chance = np.random.default_rng((row, number))
    place = places[int(chance.integers(len(places)))]
    return Trial(number, place, int(chance.integers(2 * place.count - 2)), drawn(chance), chance)


def run_light(number: int, save: Path | None = None, places: Sequence[Place] = PLACES) -> Outcome:
    """Only the light changes: whatever is told is false."""
    this = trial(number, 0, places)
    length = QUIET + this.change.length + AFTER
    outcome = Outcome(number, this.change.kind, str(this), length)
    _run(this, None, length, outcome, save)
    return outcome


def run_arrival(
    number: int,
    save: Path | None = None,
    places: Sequence[Place] = PLACES,
    who: Callable[[], Sequence[Cutout]] = cutouts,
) -> Outcome:
    """Somebody arrives while it changes, and has to be found."""
    this, visit = trial(number, 1, places), None
    while visit is None:
        visit = visit_during(this.change, frames(this.place)[0], this.place.fps, who(), this.chance)
        if visit is None:  # in this light nobody could be seen: everything is white, say
            this = replace(this, change=drawn(this.chance))
    length = QUIET + visit.at + SOON + 0.5
    outcome = Outcome(number, this.change.kind, f"{this}; {visit}", length)
    _run(this, visit, length, outcome, save)
    return outcome


def _run(this: Trial, visit: Visit | None, length: float, outcome: Outcome, save: Path | None) -> None:
    lighting = Lighting(this.change, this.size, np.random.default_rng((2, this.number)))

    def pictures() -> Iterator[np.ndarray]:
        for index, picture in zip(
            range(round(length * this.place.fps)), played(this.place, this.start), strict=False
        ):
            since = index / this.place.fps - QUIET
            shown = picture if visit is None else visit.pasted(picture, since - visit.at)
            yield lighting.on(shown, this.change.amount(since))

    replay, opened = watching(pictures, this.place.fps), False
    for seen, detection, updates in replay.steps():
        if not isinstance(seen, Frame):
            continue
        since = seen.at - QUIET
        begun = [update for update in updates if update.phase == "started"]
        opened = (opened or bool(begun)) and not any(update.phase == "ended" for update in updates)
        outcome.told += [since for _ in begun]
        outcome.reasons += [update.reason for update in begun]
        truth = visit.box(since - visit.at) if visit is not None else None
        boxes = [region.box for region in detection.regions]
        if truth is not None and visit is not None and 0 <= since - visit.at <= SOON + 1e-6:
            overlap = max((overlap_of(box, truth) for box in boxes), default=0.0)
            outcome.best = max(outcome.best, overlap)
            if opened and overlap > _SAME_BOX:
                outcome.found = min(outcome.found, since - visit.at)
        if save is not None:
            last = visit is not None and abs(since - visit.at - SOON) < 0.5 / this.place.fps
            if begun or last:
                name = f"{'light' if visit is None else 'arrival'}-{this.number:04d}-{since:+07.2f}.png"
                save_sheet(save / name, seen, replay.detector, boxes, truth, outcome.words)


def overlap_of(one: Box, other: Box) -> float:
    """Intersection over union."""
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    shared = max(width, 0) * max(height, 0)
    areas = [(box.x1 - box.x0) * (box.y1 - box.y0) for box in (one, other)]
    return shared / (sum(areas) - shared)
