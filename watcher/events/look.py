"""What one compared frame says about change, held against the thresholds. Values and plain functions."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from watcher.vision.detection import Detection, Region, StillCause
from watcher.vision.geometry import Size

WHOLE = ""
"""The key of everything watched, where there are no zones."""

HOLD = 0.5
"""While an event is open a zone counts as changed until less than this part of its threshold is: what hovers
about the threshold makes one event, not one for every dip. Half is well clear of the noise in a fraction (a
few pixels in a hundred at the threshold), and still ends with the change, not with its last speck."""

EPSILON = 1e-6
"""Seconds by which a duration may fall short: frame times are sums of fractions that floats cannot hold."""

Thresholds = Mapping[str, float]
"""Key of a zone (or `WHOLE`) to the changed fraction that counts, 0 to 1; 0: any region counts."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One frame as the tracker saw it. `at` is the tracker's own time, which never runs backwards;
    `changed_fraction` that of everything watched, also of what does not count."""

    at: float
    utc: datetime
    media_time: float | None
    size: Size
    detection: Detection
    changed_fraction: float


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of one zone (or of everything watched, key `WHOLE`) has changed, and how much would count."""

    key: str
    fraction: float
    threshold: float

    @property
    def strength(self) -> float:
        """The fraction in thresholds: 1 and more counts."""
        if self.threshold > 0:
            return self.fraction / self.threshold
        return float("inf") if self.fraction > 0 else 0.0


def changed_zones(detection: Detection, thresholds: Thresholds, before: Collection[str] = ()) -> tuple[str, ...]:
    """The keys whose change counts, in the order of `thresholds`; those in `before` are held down to `HOLD`."""
    if detection.outcome != "changed":
        return ()
    return tuple(
        key
        for key, threshold in thresholds.items()
        if _counts(
            fraction_of(detection, key),
            threshold * HOLD if key in before else threshold,
            _touching(detection.regions, key),
        )
    )


def strongest(detection: Detection, thresholds: Thresholds) -> Extent:
    """The extent that exceeds its threshold most, or comes nearest to it; the first of equals."""
    extents = [Extent(key, fraction_of(detection, key), limit) for key, limit in thresholds.items()]
    return max(extents, key=lambda extent: (extent.strength, extent.fraction))


def fraction_of(detection: Detection, key: str) -> float:
    """The changed fraction of a zone, or of everything watched (`WHOLE`)."""
    return detection.changed_fraction if key == WHOLE else detection.zone_fractions.get(key, 0.0)


def all_still(detection: Detection, thresholds: Thresholds, duration: float) -> bool:
    """Whether nothing that counts has moved for `duration` seconds.

    What moves is weighed like an event that goes on: less than `HOLD` of a zone's threshold is as good as
    nothing, so that one restless leaf does not keep open the event of a parcel that was put down.
    """
    for key, threshold in thresholds.items():
        regions = _touching(detection.regions, key)
        moving = [region for region in regions if not _still(region, duration)]
        area = sum(region.area for region in regions)
        part = sum(region.area for region in moving) / area if area else 1.0
        if _counts(fraction_of(detection, key) * part, threshold * HOLD, moving):
            return False
    return True


def what_stayed(detection: Detection) -> StillCause:
    """Whether something appeared or was removed, by the largest region that is still; appeared if unknown."""
    still = [region for region in detection.regions if region.still_for > 0]
    return (max(still, key=lambda region: region.area).stayed if still else None) or "appeared"


def showing(detection: Detection) -> float:
    """How well a frame shows its change: area x peak of the region where that is largest; 0 without regions."""
    return max((region.area * region.peak for region in detection.regions), default=0.0)


def _counts(fraction: float, limit: float, regions: Collection[Region]) -> bool:
    return fraction >= limit if limit > 0 else fraction > 0 or bool(regions)


def _touching(regions: tuple[Region, ...], key: str) -> tuple[Region, ...]:
    return regions if key == WHOLE else tuple(region for region in regions if key in region.zones)


def _still(region: Region, duration: float) -> bool:
    return region.still_for > 0 and region.still_for >= duration - EPSILON
