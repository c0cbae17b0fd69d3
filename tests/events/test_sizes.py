"""What is smaller or larger than asked for does not count, in each zone by its own limits."""

from dataclasses import replace

import numpy as np
import pytest

from tests.events.dots import OPTIONS, START, zones_of
from watcher.events.event import EventUpdate
from watcher.events.ids import replay_ids
from watcher.events.near import NearMiss
from watcher.events.options import EventsOptions
from watcher.events.tracker import Tracker
from watcher.vision.detection import Detection, Region
from watcher.vision.frame import ArrayPixels, Frame
from watcher.vision.geometry import Box
from watcher.vision.options import ZoneOptions

PICTURE = ArrayPixels(np.zeros((100, 200), np.uint8))
AREA = 200 * 100


def piece(share: float, *zones: str) -> Region:
    return Region(Box(10, 10, 60, 60), round(share * AREA), 0.9, 0.6, zones)


def watched(
    options: EventsOptions, zones: dict[str, ZoneOptions], *regions: Region
) -> tuple[list[EventUpdate], list[NearMiss]]:
    """Updates and near misses of 3 s in which regions stand there."""
    share = sum(region.area for region in regions) / AREA
    shares = {key: sum(one.area for one in regions if key in one.zones) / AREA for key in zones}
    tracker = Tracker("porch", options, zones, replay_ids("porch"))
    updates, nears = [], []
    for n in range(30):
        found = Detection("changed", regions, 0.9, share, shares)
        updates += tracker.step(Frame(n / 10, START, PICTURE, n, n / 10), found)
        nears += [tracker.near_miss] if tracker.near_miss else []
    return updates, nears


@pytest.mark.parametrize(
    ("share", "limits", "counts"),
    [
        (0.02, {"largest": 0.1}, True),
        (0.2, {"largest": 0.1}, False),
        (0.1, {"largest": 0.1}, True),
        (0.02, {"smallest": 0.05}, False),
        (0.05, {"smallest": 0.05, "largest": 0.06}, True),
    ],
)
def test_only_what_has_the_size_asked_for_is_an_event(share, limits, counts):
    updates, nears = watched(replace(OPTIONS, **limits), {}, piece(share))
    assert bool(updates) is counts
    assert bool(nears) is not counts


def test_a_near_miss_says_which_limit_was_not_kept():
    _, [near, *_] = watched(replace(OPTIONS, largest=0.1), {}, piece(0.2))
    assert near.reason == "changed 20.0 % of the picture, but in a piece of 20.0 % of the picture (largest 10.0 %)"
    _, [near, *_] = watched(replace(OPTIONS, smallest=0.05), {}, piece(0.02), piece(0.02))
    assert near.reason == "changed 4.0 % of the picture, but in a piece of 2.0 % of the picture (smallest 5.0 %)"


def test_an_animal_counts_beside_a_lorry_and_all_of_the_change_is_told():
    [start, *_], _ = watched(replace(OPTIONS, largest=0.1), {}, piece(0.3), piece(0.02))
    assert [region.area for region in start.regions] == [round(0.02 * AREA)]
    assert start.changed_fraction == pytest.approx(0.32)


def test_each_zone_has_limits_of_its_own():
    zones = zones_of({"road": 0.01, "path": 0.01})
    zones["path"] = replace(zones["path"], largest=0.1)
    [start, *_], _ = watched(OPTIONS, zones, piece(0.2, "road", "path"))
    assert start.zones == ("road",)
    assert [region.zones for region in start.regions] == [("road",)]
    updates, [near, *_] = watched(OPTIONS, zones, piece(0.2, "path"))
    assert updates == []
    assert near.zone == "path"
    assert "largest 10.0 %" in near.reason


def test_limits_between_which_nothing_lies_are_refused():
    with pytest.raises(ValueError, match=r"smallest \(5.0 %\) must be less than largest \(2.0 %\)"):
        EventsOptions(smallest=0.05, largest=0.02)
    with pytest.raises(ValueError, match="must be less than largest"):
        ZoneOptions(points=((0, 0), (1, 0), (0, 1)), smallest=0.5, largest=0.5)
