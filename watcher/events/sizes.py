"""Of what size change is that counts, and how much of it: the limits of each zone, and what they leave of a look.

The size of a region is its changed area as a part of the whole picture, in a zone as elsewhere: a zone says where a
thing must be, not how much of it must be inside.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from watcher.events.look import WHOLE, Look, Thresholds
from watcher.events.options import EventsOptions
from watcher.events.travel import only
from watcher.vision.alarms import Wanted
from watcher.vision.options import DetectorOptions, ZoneOptions


@dataclass(frozen=True, slots=True)
class Limits:
    """The least and the most of the picture that a region covers which counts."""

    smallest: float
    largest: float


@dataclass(frozen=True, slots=True)
class Fitting:
    """What of a look has a size that counts. `odd`: the share of the picture that the largest region has that does
    not, and the limits that it does not keep; None where nothing was left out."""

    look: Look
    odd: tuple[float, Limits] | None = None


def thresholds(events: EventsOptions, zones: Mapping[str, ZoneOptions]) -> Thresholds:
    """The changed fraction that counts in each zone: its own, or the common one; without zones of everything."""
    common = events.threshold
    own = {key: common if zone.threshold is None else zone.threshold for key, zone in zones.items()}
    return own or {WHOLE: common}


def alarms_wanted(
    detector: DetectorOptions, events: EventsOptions, zones: Mapping[str, ZoneOptions]
) -> Wanted | None:
    """What the detector must know of events to keep to the false alarms that are wanted; None where none are."""
    if detector.false_alarms is None:
        return None
    return Wanted(detector.false_alarms, events.rise, thresholds(events, zones))


def limits(events: EventsOptions, zones: Mapping[str, ZoneOptions]) -> Mapping[str, Limits]:
    """The sizes that count in each zone, or without zones everywhere; empty where there are none to keep."""
    found = {key: _of(events, zone) for key, zone in zones.items()} or {WHOLE: _of(events, None)}
    unlimited = Limits(0.0, 1.0)
    return {} if all(one == unlimited for one in found.values()) else found


def fitting(look: Look, sizes: Mapping[str, Limits]) -> Fitting:
    """What counts of a look: a region that does not fit a zone does not touch it any more."""
    regions = look.detection.regions
    if not sizes or not regions:
        return Fitting(look)
    picture = look.size[0] * look.size[1]
    kept, odd = [], None
    for region in regions:
        share = region.area / picture
        touched = (WHOLE,) if WHOLE in sizes else region.zones
        fits = tuple(key for key in touched if sizes[key].smallest <= share <= sizes[key].largest)
        if fits or not touched:
            kept.append(region if fits == touched else replace(region, zones=fits))
        if fits != touched:
            odd = odd or (share, next(sizes[key] for key in touched if key not in fits))
    if odd is None:
        return Fitting(look)
    return Fitting(replace(look, detection=only(look.detection, tuple(kept))), odd)


def _of(events: EventsOptions, zone: ZoneOptions | None) -> Limits:
    smallest = events.smallest if zone is None or zone.smallest is None else zone.smallest
    largest = events.largest if zone is None or zone.largest is None else zone.largest
    return Limits(smallest, largest)
