"""What goes somewhere counts; what stays where it is, or comes and goes, does not."""

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.events.dots import OPTIONS, START, tracker
from watcher.events.event import EventUpdate
from watcher.events.options import EventsOptions
from watcher.vision.detection import Detection, Region
from watcher.vision.frame import ArrayPixels, Frame, Gap, Observation
from watcher.vision.geometry import Box

SIZE = (1000, 600)
ASKED = replace(OPTIONS, threshold=0.0005, travel=0.02)


_PICTURE = ArrayPixels(np.zeros((SIZE[1], SIZE[0]), np.uint8))


def thing(x: float, y: float = 300, width: int = 30, height: int = 40, zones: tuple[str, ...] = ()) -> Region:
    box = Box(round(x - width / 2), round(y - height / 2), round(x + width / 2), round(y + height / 2))
    return Region(box, width * height, 0.9, 0.6, zones)


def seen(*regions: Region) -> Detection:
    area = sum(region.area for region in regions) / (SIZE[0] * SIZE[1])
    return Detection("changed" if regions else "clear", regions, 0.9, area)


def told(steps: list[list[Region]], options: EventsOptions = ASKED, fps: float = 10) -> list[EventUpdate]:
    watching = tracker(options)
    updates: list[EventUpdate] = []
    for n, regions in enumerate(steps):
        frame: Observation = Frame(n / fps, START, _PICTURE, n, n / fps)
        updates += watching.step(frame, seen(*regions))
    return [update for update in updates if update.phase == "started"]


@pytest.mark.parametrize("fps", [5, 10, 25])
@pytest.mark.parametrize("speed", [30, 80, 300], ids=["slow", "walking", "fast"])
def test_what_goes_somewhere_is_told_within_a_second_of_its_first_frame(speed, fps):
    [start] = told([[]] * 3 + [[thing(100 + speed * n / fps)] for n in range(2 * fps)], fps=fps)
    assert start.event.started == pytest.approx(3 / fps)
    assert start.captured - start.event.started <= 1.0


def test_what_sways_is_not_told():
    sway = [[thing(500 + 25 * math.sin(n * 1.7), 300 + 8 * math.sin(n))] for n in range(200)]
    assert told(sway) == []
    assert len(told(sway, replace(ASKED, travel=0.0))) == 1


def test_what_blinks_now_here_now_there_is_not_told():
    places = [(300, 200), (340, 210), (380, 215), (330, 260)]
    blinks = [[thing(*places[(n * n // 7) % 4], 10, 10)] if n % 3 else [] for n in range(200)]
    assert told(blinks) == []


def test_an_animal_is_told_among_leaves_and_they_are_no_part_of_the_event():
    leaf = thing(800, 100, 60, 50)
    [start] = told([[leaf]] * 20 + [[leaf, thing(100 + 9 * n)] for n in range(20)])
    assert start.event.started == pytest.approx(2.0)
    assert len(start.regions) == 1
    assert start.changed_fraction == pytest.approx((30 * 40 + 60 * 50) / 600_000)  # whatever changed


def test_what_stands_right_before_the_camera_need_not_go_anywhere():
    [start] = told([[]] * 3 + [[thing(500, 300, 300, 250)]] * 10)
    assert start.captured == pytest.approx(0.5)


def test_an_animal_that_stops_or_passes_behind_a_tree_goes_on():
    watching = tracker(replace(ASKED, fall=1.0))
    steps = [[thing(100 + 10 * n)] for n in range(10)] + [[thing(190)]] * 20
    steps += [[]] * 5 + [[thing(210 + 10 * n)] for n in range(10)] + [[]] * 12
    phases = [
        update.phase
        for n, regions in enumerate(steps)
        for update in watching.step(Frame(n / 10, START, _PICTURE, n, n / 10), seen(*regions))
        if update.phase != "updated"
    ]
    assert phases == ["started", "ended"]


def test_a_near_miss_says_how_far_it_moved():
    watching = tracker(ASKED)
    nears = []
    for n in range(30):
        watching.step(Frame(n / 10, START, _PICTURE, n, n / 10), seen(thing(500 + (n % 2) * 4, height=40 + n % 2)))
        nears += [watching.near_miss] if watching.near_miss else []
    assert nears
    assert nears[0].reason == "changed 0.2 % of the picture, but moved 0.4 % of the width (threshold 2.0 %)"


def test_a_way_does_not_go_on_over_a_gap():
    watching = tracker(ASKED)
    for n in range(3):
        watching.step(Frame(n / 10, START, _PICTURE, n, n / 10), seen(thing(100 + 8 * n)))
    watching.step(Gap(0.35, START, "lost"), Detection("blind"))
    assert not any(
        watching.step(Frame(n / 10, START, _PICTURE, n, n / 10), seen(thing(100 + 8 * n))) for n in range(4, 6)
    )
