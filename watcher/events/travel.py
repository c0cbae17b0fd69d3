"""What kind of movement change is: does it go anywhere, and is it of a size that is asked for?

Rain, insects near the lens and branches in the wind change a picture without getting anywhere; an animal or a
person does, be it small and far away. Regions are followed from frame to frame, each to the nearest one that it can
have moved to, and a region counts once it has gone `travel` of the picture's width: straight on, in at least two
steps, none of which makes up most of the way, because leaves change one place now and another then, which looks
like one great step, and come back. What has counted counts for as long as it can be followed, and for `_LOST`
beyond that, so that an animal that stops, or passes behind a tree, goes on. A region of `LARGE` or more counts
wherever it is: what stands right before the camera need not go anywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from math import hypot

from watcher.events.look import EPSILON, WHOLE, Look
from watcher.vision.detection import Detection, Region
from watcher.vision.geometry import Box

LARGE = 0.05
"""Part of the picture. The leaves that were measured change up to 0.01 of it in one piece, a hand before the camera
0.1 to 0.3."""

_MEMORY = 1.2
"""Seconds of its way that are kept of a region: what takes longer to go `travel` hardly moves."""

_EVERY = 0.15
"""Seconds between the places of a way: from frame to frame outlines flicker by more than slow things go."""

_DETOUR = 1.6
"""The way may be so many times as long as the straight line: whatever sways goes to and fro."""

_LOST = 1.5
"""Seconds for which a region that counts and is not found again may turn up again nearby."""

_OF_ITSELF = 0.4
"""Part of its own width or height, whichever is less, that a region goes at least: what sways grows and shrinks."""

_TAIL = 0.2
"""The end of a region that moves less goes at least this part of what the other goes, or it only grows."""

_EMERGES = 1.25
"""So many times as far must the middle of one go that only grows: what comes out from behind a bush goes on."""

_BLINK = 0.2
"""Seconds for which any other may be missing; it may be in one frame, however long that takes. What walks is there
all the time, while leaves blink."""

_STEP = 0.6
"""A single step may make up this part of the way. A thing that enters the picture takes two like steps or more."""

_SPEED = 0.4
"""Widths a second: nothing is followed that is faster, but for `_NEAR` widths a frame."""

_NEAR = 0.03
_FAR = 0.15
"""Widths: the least and the most that a region is looked for away from where it was, however much time went by."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a region was: its centre and the look that showed it."""

    x: float
    y: float
    box: Box
    look: Look


@dataclass(slots=True, eq=False)
class _Track:
    """A region that is followed. `way`: its places of the last seconds; `counts`: it has gone far enough."""

    region: Region
    way: list[_Place]
    counts: bool = False
    missing: int = 0
    until: float = float("inf")
    """When it must have proved itself, where it only stands in for one that was lost."""
    farthest: float = 0.0


@dataclass(frozen=True, slots=True)
class Sifted:
    """What of a look counts. `look`: with the regions that count alone; `first`: the look in which the one of them
    that came first was seen first, of those seen now; `farthest`: the most that one which does not count has gone,
    in widths; None where nothing was left out."""

    look: Look
    first: Look
    farthest: float | None = None


class Travel:
    """Follows regions; one per tracker."""

    def __init__(self) -> None:
        self._tracks: list[_Track] = []

    def forget(self) -> None:
        """Frames are missing: nothing is known of where anything went."""
        self._tracks = []

    def sift(self, look: Look, travel: float) -> Sifted:
        """What counts of a look where regions must have gone `travel` widths; 0: everything does."""
        if travel <= 0:
            return Sifted(look, look)
        width = float(look.size[0])
        followed = self._follow(look, width)
        for track in followed:
            self._judge(track, travel * width, look)
        counting = [track for track in followed if track.counts]
        if len(counting) == len(look.detection.regions):
            return Sifted(look, _first(counting, look))
        farthest = max(track.farthest for track in followed if not track.counts) / width
        detection = only(look.detection, tuple(track.region for track in counting))
        return Sifted(replace(look, detection=detection), _first(counting, look), farthest)

    def _follow(self, look: Look, width: float) -> list[_Track]:
        """The track of each region of the look, in their order."""
        at = look.at
        self._tracks = [track for track in self._tracks if _awaited(track, at)]
        reach = {
            id(track): width * min(_FAR, max(_NEAR, _SPEED * (at - track.way[-1].look.at)))
            for track in self._tracks
        }
        pairs = sorted(
            (gap, n, m)
            for n, region in enumerate(look.detection.regions)
            for m, track in enumerate(self._tracks)
            if (gap := _gap(region, track)) <= reach[id(track)] and _alike(region, track.region)
        )
        found: dict[int, _Track] = {}
        taken: set[int] = set()
        for _, n, m in pairs:
            if n not in found and m not in taken:
                found[n] = self._tracks[m]
                taken.add(m)
        followed = [self._gone_on(found.get(n), region, look) for n, region in enumerate(look.detection.regions)]
        lost = [track for m, track in enumerate(self._tracks) if m not in taken]
        for track in lost:
            track.missing += 1
        for track in followed:
            if len(track.way) == 1:
                self._stand_in(track, lost, look, width)
        self._tracks = followed + lost
        return followed

    def _gone_on(self, track: _Track | None, region: Region, look: Look) -> _Track:
        x, y = _centre(region)
        if track is None:
            return _Track(region, [_Place(x, y, region.box, look)])
        track.region, track.missing = region, 0
        if len(track.way) > 1 and track.way[-1].look.at - track.way[-2].look.at < _EVERY - EPSILON:
            track.way.pop()
        track.way.append(_Place(x, y, region.box, look))
        while look.at - track.way[0].look.at > _MEMORY:
            track.way.pop(0)
        return track

    def _stand_in(self, track: _Track, lost: list[_Track], look: Look, width: float) -> None:
        """What turns up where something that counted was lost is taken for it, until it has had time to move."""
        for other in lost:
            near = _gap(track.region, other) <= _FAR * width and _alike(track.region, other.region)
            if other.counts and near:
                track.counts = True
                track.until = min(look.at + _LOST, other.until)
                return

    def _judge(self, track: _Track, travel: float, look: Look) -> None:
        share = track.region.area / (look.size[0] * look.size[1])
        box = track.region.box
        gone = _gone(track.way, max(travel, _OF_ITSELF * min(box.x1 - box.x0, box.y1 - box.y0)), _hops(track))
        track.farthest = max(gone[0], track.farthest)
        if share >= LARGE or gone[1]:
            track.counts, track.until = True, float("inf")
        elif look.at > track.until + EPSILON:
            track.counts, track.until = False, float("inf")


def only(detection: Detection, regions: tuple[Region, ...]) -> Detection:
    """A detection with some of its regions alone, and the fractions that fall to them."""
    if not regions:
        none = dict.fromkeys(detection.zone_fractions, 0.0)
        return replace(detection, outcome="clear", regions=(), changed_fraction=0.0, zone_fractions=none)
    parts: Mapping[str, float] = {
        key: fraction * _part(detection.regions, regions, key) for key, fraction in detection.zone_fractions.items()
    }
    fraction = detection.changed_fraction * _part(detection.regions, regions, WHOLE)
    return replace(detection, regions=regions, changed_fraction=fraction, zone_fractions=parts)


def _part(everything: tuple[Region, ...], some: tuple[Region, ...], key: str) -> float:
    """What part of the changed area in a zone is that of some regions."""
    whole, part = (
        sum(region.area for region in regions if key == WHOLE or key in region.zones)
        for regions in (everything, some)
    )
    return part / whole if whole else 0.0


def _awaited(track: _Track, at: float) -> bool:
    """Whether a region that was not found again may still be."""
    since = at - track.way[-1].look.at
    return since <= _LOST if track.counts else track.missing <= 1 or since <= _BLINK


def _first(counting: list[_Track], look: Look) -> Look:
    return min((track.way[0].look for track in counting), key=lambda one: one.at, default=look)


def _centre(region: Region) -> tuple[float, float]:
    box = region.box
    return (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2


def _gap(region: Region, track: _Track) -> float:
    """How far the centre of a region is from where a track leads; 0 at best."""
    x, y = _centre(region)
    last = track.way[-1]
    return hypot(x - last.x, y - last.y)


def _alike(one: Region, other: Region) -> bool:
    """Whether one region may have become the other in a step: within six times the area."""
    return one.area <= 6 * other.area and other.area <= 6 * one.area


def _hops(track: _Track) -> bool:
    """Whether a region goes by steps so wide that each may have led to another thing."""
    box = track.region.box
    (a, b), (width, height) = (
        track.way[-2:] if len(track.way) > 1 else track.way * 2,
        (box.x1 - box.x0, box.y1 - box.y0),
    )
    return abs(a.x - b.x) > width or abs(a.y - b.y) > height


def _grew(way: list[_Place]) -> bool:
    """Whether a region only grew or shrank at one end; at the picture's edge it may be coming in or going out."""
    (a, b), (width, height) = (way[0].box, way[-1].box), way[-1].look.size
    if abs(way[-1].x - way[0].x) * height >= abs(way[-1].y - way[0].y) * width:
        ends, at_edge = (b.x0 - a.x0, b.x1 - a.x1), min(a.x0, b.x0) <= 0 or max(a.x1, b.x1) >= width
    else:
        ends, at_edge = (b.y0 - a.y0, b.y1 - a.y1), min(a.y0, b.y0) <= 0 or max(a.y1, b.y1) >= height
    least, most = sorted(ends, key=abs)
    return not at_edge and least * most < _TAIL * most * most


def _gone(way: list[_Place], enough: float, hops: bool) -> tuple[float, bool]:
    """How far a region is from where it was first, and whether it went there: far enough, straight, in steps."""
    first, last = way[0], way[-1]
    far = hypot(last.x - first.x, last.y - first.y)
    if len(way) < (4 if hops else 3) or far < enough:
        return far, False
    steps = [(b.x - a.x, b.y - a.y) for a, b in pairwise(way)]
    along = [(x * (last.x - first.x) + y * (last.y - first.y)) / far for x, y in steps]
    if _grew(way) and far < _EMERGES * enough:
        return far, False
    return far, max(along) <= _STEP * far and sum(hypot(*step) for step in steps) <= _DETOUR * far
