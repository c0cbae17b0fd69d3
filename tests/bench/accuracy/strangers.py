"""Row strangers: scenes that nothing is tuned on, made of real pictures by a seed. Nothing is demanded of them.

A threshold that fits the sequences of the other rows and fails here fits them alone.

  * *leaves*: foliage over the whole picture (parts of the trail clips), moved by smooth random fields that swing
  at 0.3 to 1.5 Hz with gusts, by up to 12 px of 640; after 40 s a real person or vehicle of 2 to 6 % crosses.
  Counted: events before, crossings found (an event told while it is there, one of whose regions overlaps its
  box). * *bag*: at each quiet place somebody walks through, puts down something of 0.5 to 1.5 % and leaves; 25 s
  later it is gone again, taken by somebody who walks through. Counted: visits told, what stayed told as
  ``appeared`` and its going told at all, events beyond the four that this can be (two visits, which may end with
  what they leave; the bag, its going), places where an event is still open 10 s after the first visitor has left,
  and the bag's pixels that the masks show while it stands there. * *far*: people 10 px tall (of 768x432 and less)
  walk through each quiet place with 3 % of its width a second. Counted: found, for ``home`` and ``wildlife``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import av
import cv2
import numpy as np

from tests.bench.accuracy.asked import Asked, spread
from tests.bench.accuracy.cutouts import Cutout, cutouts
from tests.bench.accuracy.engine import watching
from tests.bench.accuracy.material import shared
from tests.bench.accuracy.quiet import PLACES, Place, frames, played
from tests.bench.accuracy.rows import Measured
from tests.bench.accuracy.trials import overlap_of
from tests.bench.accuracy.visitors import Visit
from tests.bench.measure import Figure
from watcher.masks import mask
from watcher.vision.frame import Frame
from watcher.vision.geometry import Box

_QUIET = 6.0
_FOLIAGE = (("clips/atv.mp4", 700, 0), ("clips/atv2.mp4", 1000, 60), ("clips/atv3.mp4", 1200, 100))
"""Recording, and the left top corner of a part of 640x360 that is full of leaves."""
_GUSTS, _WIND = 40.0, 10.0


@dataclass(slots=True)
class Seen:
    """What came of one scene. `false`: events while nothing was there; `found`: of `there` that were; `held`: still
    open long after; `kept`: part of the bag's pixels in the masks; `words`: each event."""

    name: str
    seconds: float
    there: int = 0
    found: int = 0
    false: int = 0
    held: int = 0
    kept: float = 0.0
    causes: str = ""


def measured(asked: Asked) -> Measured:
    for place in PLACES:
        frames(place)
    cutouts()
    works: list[Callable[[], Seen]] = [
        partial(leaves, n, profile) for n in range(3) for profile in ("home", "wildlife")
    ]
    works += [partial(bag, place) for place in PLACES]
    works += [partial(far, place, profile) for profile in ("home", "wildlife") for place in PLACES]
    seen = list(spread(_called, works, asked.jobs))
    figures = []
    for name in dict.fromkeys(one.name for one in seen):
        own = [one for one in seen if one.name == name]
        watch = f"in {sum(one.seconds for one in own):,.0f} s"
        figures.append(Figure("strangers", f"{name}: found", sum(one.found for one in own),
                              f"of {sum(one.there for one in own)}", None, None, True))  # fmt: skip
        figures.append(Figure("strangers", f"{name}: false", sum(one.false for one in own), watch))
        if name == "bag":
            figures.append(Figure("strangers", "bag: events open 10 s after", sum(one.held for one in own), ""))
            kept = sum(one.kept for one in own) / len(own)
            figures.append(Figure("strangers", "bag: its pixels in the masks", kept, "", None, None, True))
    return Measured(figures, [f"{one.name}: {one.causes}" for one in seen])


def _called(work: Callable[[], Seen]) -> Seen:
    return work()


def leaves(number: int, profile: str) -> Seen:
    """Foliage over the whole picture, and somebody who crosses it."""
    chance = np.random.default_rng((5, number))
    still = _foliage(*_FOLIAGE[number])
    visit = _walker(_chosen(chance, (0.02, 0.06), still), still, chance)
    length = _GUSTS + still.shape[1] / abs(visit.after) + 3
    wind = Wind(still.shape[:2], chance)

    def pictures() -> Iterator[np.ndarray]:
        for index in range(round(length * _WIND)):
            at = index / _WIND
            moved = visit.pasted(wind.moved(still, at), at - _GUSTS)
            noise = np.random.default_rng((6, index)).standard_normal(still.shape, np.float32) * 2
            yield np.clip(np.rint(moved + noise), 0, 255).astype(np.uint8)

    seen = Seen(f"leaves ({profile})", length, there=1)
    _watch(pictures, _WIND, profile, seen, lambda at: visit.box(at - _GUSTS))
    return seen


def far(place: Place, profile: str) -> Seen:
    """Somebody 10 px tall walks through."""
    chance = np.random.default_rng((7, PLACES.index(place)))
    still = frames(place)[0]
    people = [one for one in cutouts() if one.cover.shape[0] > 1.6 * one.cover.shape[1]]
    seen = Seen(f"people 10 px tall ({profile})", 0.0)
    for _ in range(3):
        one = people[int(chance.integers(len(people)))]
        visit = _walker(one.scaled(10 / (one.cover.shape[0] - 4)), still, chance, 0.03)
        length = _QUIET + 12

        def pictures(visit: Visit = visit, length: float = length) -> Iterator[np.ndarray]:
            for index, picture in zip(range(round(length * place.fps)), played(place, 0), strict=False):
                yield visit.pasted(picture, index / place.fps - _QUIET)

        seen.there += 1
        seen.seconds += length
        _watch(pictures, place.fps, profile, seen, lambda at, visit=visit: visit.box(at - _QUIET), least=0.05)
    return seen


def bag(place: Place) -> Seen:
    """Something is left behind, and fetched."""
    chance = np.random.default_rng((8, PLACES.index(place)))
    still = frames(place)[0]
    height, width = still.shape[:2]
    left = _chosen(chance, (0.005, 0.015), still)
    first = _walker(_chosen(chance, (0.03, 0.08), still), still, chance, 0.25)
    spot = (0.5 * width - left.cover.shape[1] / 2, min(0.8 * height, height - left.cover.shape[0] - 1))
    put, fetched, done = _QUIET + 2.2, _QUIET + 30.2, _QUIET + 42.0

    def pictures() -> Iterator[np.ndarray]:
        bag = Visit(0.0, left, "stays", spot, 0.0, 0.0, 0.0, 0.0, (width, height))
        for index, picture in zip(range(round(done * place.fps)), played(place, 0), strict=False):
            at = index / place.fps
            shown = bag.pasted(picture, 0.0) if put <= at < fetched else picture
            shown = first.pasted(shown, at - _QUIET)
            yield first.pasted(shown, at - _QUIET - 28.0)

    x, y = round(spot[0]), round(spot[1])
    box = Box(x, y, x + left.cover.shape[1], y + left.cover.shape[0])
    seen = Seen("bag", done, there=3)
    replay, told, opened, kept, there = watching(pictures, place.fps), [], 0, 0, 0
    for frame, detection, updates in replay.steps():
        told += [one for one in updates if one.phase != "updated"]
        opened += sum({"started": 1, "ended": -1}.get(one.phase, 0) for one in updates)
        if isinstance(frame, Frame) and abs(frame.at - (_QUIET + 17)) < 0.5 / place.fps:
            seen.held = opened
            found = mask(frame.size, detection, replay.detector)[box.y0 : box.y1, box.x0 : box.x1] == 255
            real = left.cover[: found.shape[0], : found.shape[1]] > 0.5
            kept, there = int(np.count_nonzero(found & real)), int(np.count_nonzero(real))
    seen.kept = kept / max(there, 1)
    starts = [one.event.started for one in told if one.phase == "started"]
    ends = [one for one in told if one.phase == "ended"]
    visits = [any(begun - 0.5 <= at <= begun + 4.2 for at in starts) for begun in (_QUIET, _QUIET + 28)]
    stayed = any(one.event.cause == "appeared" and (one.event.ended or 0) < _QUIET + 20 for one in ends)
    seen.found, seen.false = sum(visits) + stayed, max(0, len(starts) - 4)
    seen.causes = (
        place.name
        + ": "
        + ", ".join(f"{one.event.started:.1f}-{one.event.ended or 0:.1f} {one.event.cause}" for one in ends)
    )
    return seen


class Wind:
    """Smooth random fields that swing: how far each place of a picture is moved at a time."""

    def __init__(self, shape: tuple[int, ...], chance: np.random.Generator) -> None:
        self._shape = (shape[1], shape[0])
        self._fields = [
            cv2.resize(chance.normal(0, 1, (size, size * 16 // 9, 2)).astype(np.float32), self._shape,
                       interpolation=cv2.INTER_CUBIC)
            for size in (4, 12, 40)
        ]  # fmt: skip
        self._rates, self._phases = chance.uniform(0.3, 1.5, 3), chance.uniform(0, 6.28, 3)
        y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
        self._here = np.stack([x, y], axis=-1)

    def moved(self, still: np.ndarray, at: float) -> np.ndarray:
        gust = 0.6 + 0.4 * np.sin(0.5 * at) * np.sin(0.17 * at + 1)
        way = self._here.copy()
        for field, rate, phase in zip(self._fields, self._rates, self._phases, strict=True):
            way += field * np.float32(3.0 * gust * np.sin(6.283 * rate * at + phase))
        return cv2.remap(still, way, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)


def _watch(
    pictures: Callable[[], Iterator[np.ndarray]], fps: float, profile: str, seen: Seen,
    truth: Callable[[float], Box | None], least: float = 0.2,
) -> None:  # fmt: skip
    found, opened = False, False
    for frame, detection, updates in watching(pictures, fps, profile).steps():
        begun = [one for one in updates if one.phase == "started"]
        opened = (opened or bool(begun)) and not any(one.phase == "ended" for one in updates)
        there = truth(frame.at) if isinstance(frame, Frame) else None
        seen.false += sum(truth(one.event.started) is None for one in begun)
        seen.causes += "".join(f" {one.event.started:.1f} s {one.reason};" for one in begun)
        if there is not None and opened:
            found |= any(overlap_of(region.box, there) > least for region in detection.regions)
    seen.found += found


def _foliage(recording: str, x: int, y: int) -> np.ndarray:
    with av.open(str(shared(recording))) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="bgr24")
    return picture[y : y + 360, x : x + 640].copy()


def _chosen(chance: np.random.Generator, share: tuple[float, float], still: np.ndarray) -> Cutout:
    """A cut-out that takes such a share of the picture."""
    height, width = still.shape[:2]
    while True:
        one = cutouts()[int(chance.integers(len(cutouts())))]
        factor = np.sqrt(float(chance.uniform(*share)) * height * width / one.area)
        if one.cover.shape[0] * factor < 0.9 * height:
            return one.scaled(factor)


def _walker(who: Cutout, still: np.ndarray, chance: np.random.Generator, speed: float = 0.2) -> Visit:
    """Somebody who walks through from the left, with so much of the width a second."""
    height, width = still.shape[:2]
    y = float(chance.uniform(0.2, 1)) * (height - who.cover.shape[0])
    return Visit(
        0.0, who, "walks", (1.0 - who.cover.shape[1], y), speed * width, speed * width, 0.0, 0.0, (width, height)
    )
