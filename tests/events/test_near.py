"""What is told of change that made no event."""

from dataclasses import replace
from itertools import pairwise

import pytest

from tests.events.dots import OPTIONS, ZONES, stream, tracker
from watcher.events.near import NearMiss
from watcher.events.options import EventsOptions


def nears(
    dots: str, options: EventsOptions = OPTIONS, zones: dict[str, float] | None = None
) -> list[tuple[int, NearMiss]]:
    """The near misses of a row of dots, each with the step that told it."""
    watching = tracker(options, zones)
    told = []
    for n, seen in enumerate(stream(dots)):
        watching.step(*seen)
        if watching.near_miss:
            told.append((n, watching.near_miss))
    return told


@pytest.mark.parametrize(
    ("dots", "step", "reason"),
    [
        ("..#.........", 3, "changed 3.4 % of the picture in one frame only"),
        ("..##........", 4, "changed 3.4 % of the picture for 0.1 s only (rise 0.2 s)"),
        ("..#L........", 3, "changed 3.4 % of the picture in one frame only; the camera was lost"),
        ("..-.........t", 12, "changed 0.2 % of the picture, below the threshold of 1.0 %"),
        ("..-+-........", 12, "changed 0.6 % of the picture, below the threshold of 1.0 %"),  # the most of it
        ("..*...........", 12, "the light changed"),
    ],
)  # fmt: skip
def test_says_why_it_was_none(dots: str, step: int, reason: str) -> None:
    assert [(n, near.reason) for n, near in nears(dots)] == [(step, reason)]


def test_names_the_zone() -> None:
    (_, near), *others = nears("..1.", zones=ZONES)
    assert not others
    assert (near.zone, near.changed_fraction, near.threshold) == ("one", 0.034, 0.01)
    assert near.strength == pytest.approx(3.4)
    assert near.reason == "changed 3.4 % of zone one in one frame only"
    assert nears("*" * 12, zones=ZONES)[0][1].zone is None


def test_says_where_it_was() -> None:
    (_, near), *_ = nears("..#.........")
    assert near.regions[0].area == 900
    assert near.frame_size == (8, 4)


def test_at_most_one_a_second() -> None:
    steps = [n for n, _ in nears("#." * 30)]
    assert len(steps) >= 5
    assert all(later - earlier >= 10 for earlier, later in pairwise(steps))


def test_what_leads_to_an_event_is_no_miss() -> None:
    assert nears("..--+++-###" + "#" * 12 + "." * 15) == []


def test_an_open_event_has_none() -> None:
    assert nears("###" + "#---" * 10) == []


def test_cooldown_is_a_reason() -> None:
    told = nears("###....###" + "." * 12, replace(OPTIONS, cooldown=2.0))
    assert [near.reason for _, near in told] == [
        "changed 3.4 % of the picture within the cooldown of 2.0 s after an event"
    ]
