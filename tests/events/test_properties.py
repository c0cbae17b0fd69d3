"""What holds for every row of dots, whatever the settings."""

import json
from collections import defaultdict
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.events.dots import LETTERS, START, ZONES, run, stream, tracker
from watcher.events.event import EventUpdate
from watcher.events.options import EventsOptions
from watcher.events.payload import payload
from watcher.vision.frame import Frame

rows = st.one_of(
    st.text(st.sampled_from(LETTERS), max_size=60),
    # Runs, which random letters hardly ever are.
    st.lists(st.tuples(st.sampled_from(LETTERS), st.integers(1, 12)), max_size=10).map(
        lambda runs: "".join(letter * count for letter, count in runs)
    ),
)
durations = st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0])
option_sets = st.builds(
    EventsOptions,
    threshold=st.sampled_from([0.0, 0.005, 0.01]),
    rise=durations, fall=durations, settle=durations, merge=durations, cooldown=durations,
    max_length=st.one_of(st.none(), durations),
)  # fmt: skip
zone_sets = st.sampled_from([{}, ZONES, {"one": 0.0}])
gaps = st.floats(-3.0, 8.0, allow_nan=False)


@st.composite
def scenes(draw: st.DrawFn) -> tuple[str, list[float]]:
    """A row that is stopped in the end, and its times, which may step forward and back."""
    dots = draw(rows) + "S"
    odd = draw(st.dictionaries(st.integers(0, len(dots) - 1), gaps, max_size=4))
    times, at = [], 0.0
    for n in range(len(dots)):
        at += odd.get(n, 0.1)
        times.append(at)
    return dots, times


def by_event(updates: list[EventUpdate]) -> dict[str, list[EventUpdate]]:
    events: dict[str, list[EventUpdate]] = defaultdict(list)
    for update in updates:
        events[update.event.id].append(update)
    return events


@settings(max_examples=200, deadline=None)
@given(scenes(), option_sets, zone_sets)
def test_every_event_is_whole(
    scene: tuple[str, list[float]], options: EventsOptions, zones: dict[str, float]
) -> None:
    updates = run(scene[0], options, zones, scene[1])
    for event in by_event(updates).values():
        assert [update.sequence for update in event] == list(range(len(event)))
        assert [update.phase for update in event] == ["started", *["updated"] * (len(event) - 2), "ended"]
        first, last = event[0].event, event[-1].event
        assert last.ended is not None
        assert last.ended_at is not None
        assert first.started == last.started <= last.ended <= event[-1].captured
        assert first.cause == "change"
        assert first.ended is None
        assert first.end_reason is None
        assert last.cause != "change"
        assert last.end_reason is not None
        assert all(update.reason for update in event)
    phases = [update.phase for update in updates if update.phase != "updated"]
    assert phases == ["started", "ended"] * (len(phases) // 2)  # at most one is open


@settings(max_examples=200, deadline=None)
@given(scenes(), option_sets, zone_sets)
def test_two_frames_of_change_precede_a_start(
    scene: tuple[str, list[float]], options: EventsOptions, zones: dict[str, float]
) -> None:
    watching = tracker(options, zones)
    counting = 0
    for seen, found in stream(*scene):
        updates = watching.step(seen, found)
        if not isinstance(seen, Frame):
            counting = 0 if type(seen).__name__ == "Gap" else counting
        elif found.outcome == "changed":
            counting += 1
        elif found.outcome == "clear":
            counting = 0
        assert (watching.open is not None) or not any(u.phase == "started" for u in updates)
        if any(update.phase == "started" for update in updates):
            assert counting >= 2
            assert isinstance(seen, Frame)


@settings(max_examples=100, deadline=None)
@given(scenes(), option_sets, st.lists(st.integers(-400, 400), min_size=1, max_size=5))
def test_the_wall_clock_has_no_say(scene: tuple[str, list[float]], options: EventsOptions, days: list[int]) -> None:
    def stepping(n: int, at: float) -> datetime:
        return START + timedelta(seconds=at, days=days[n % len(days)])

    def told(updates: list[EventUpdate]) -> list[object]:
        return [(u.phase, u.sequence, u.captured, u.event.started, u.event.ended, u.reason) for u in updates]

    assert told(run(*scene[:1], options, times=scene[1])) == told(
        run(*scene[:1], options, times=scene[1], utc=stepping)
    )


@settings(max_examples=100, deadline=None)
@given(scenes(), option_sets, zone_sets)
def test_same_input_same_bytes(
    scene: tuple[str, list[float]], options: EventsOptions, zones: dict[str, float]
) -> None:
    def written() -> str:
        updates = run(scene[0], options, zones, scene[1])
        payloads = [payload(one, profile="home", reference="day@1", snapshot_file=None) for one in updates]
        return "\n".join(json.dumps(one, allow_nan=False) for one in payloads)

    assert written() == written()


@settings(max_examples=100, deadline=None)
@given(scenes(), option_sets, zone_sets)
def test_near_misses_are_rare_and_never_beside_an_event(
    scene: tuple[str, list[float]], options: EventsOptions, zones: dict[str, float]
) -> None:
    watching = tracker(options, zones)
    told = float("-inf")
    now, last = 0.0, None
    for seen, found in stream(*scene):
        now += max(0.0, seen.at - last) if last is not None else 0.0
        last = seen.at
        watching.step(seen, found)
        if watching.near_miss:
            assert watching.open is None
            assert now - told >= 1.0 - 1e-5
            told = now
