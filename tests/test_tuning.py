"""Settings tried on the same frames: what events are told to be, and what is proposed."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from tests.support import scenes
from watcher.replaying import camera_options
from watcher.tuning import Found, Outcome, Setting, Tuning, changes, proposal, restless_place
from watcher.vision.frame import ArrayPixels, Frame
from watcher.vision.geometry import Box

FPS = 10.0
START = datetime(2026, 1, 1, tzinfo=UTC)


def frames(pictures):
    return [
        Frame(n / FPS, START + timedelta(seconds=n / FPS), ArrayPixels(one), n, n / FPS)
        for n, one in enumerate(pictures)
    ]


def tuned(pictures, profile="home"):
    tuning = Tuning(camera_options("demo", profile), frames(pictures))
    assert len(list(tuning.steps())) == tuning.frames + 1, "every frame, and the gap at the end"
    return tuning


def scene(count, boxes):
    """`boxes(n)`: the box of frame n, or None."""
    return [scenes.picture(n, boxes=[box] if (box := boxes(n)) else [], color=(20, 30, 40)) for n in range(count)]


def walker(n):
    return Box(5 * (n - 40), 60, 5 * (n - 40) + 40, 140) if 40 <= n < 90 else None


def test_nothing_happens():
    tuning = tuned(scene(60, lambda n: None))
    assert all(outcome.events == () for outcome in tuning.outcomes())
    assert {outcome.setting.false_alarms for outcome in tuning.outcomes()} == {None, 24.0}
    assert 1 < tuning.noise < 3, "drawn with sigma 2"
    assert tuning.seconds == pytest.approx(5.9)


def test_somebody_passes_through():
    outcomes = tuned(scene(120, walker)).outcomes()
    present = outcomes[0]
    assert present.setting == Setting(0.5, 0.003, 0.3)
    assert [event.kind for event in present.events] == ["passed through"]
    assert proposal(outcomes, quiet=False) is present, "nothing to be gained"


def test_something_is_put_down():
    outcomes = tuned(scene(120, lambda n: Box(100, 60, 140, 120) if n >= 50 else None)).outcomes()
    assert [event.kind for event in outcomes[0].events] == ["appeared"]


def test_a_flicker_in_one_place_is_left_out_and_a_walker_kept():
    def boxes(n):
        small = Box(280, 20, 296, 36) if n % 25 < 6 and 95 < n < 240 else None
        return walker(n) or small

    outcomes = tuned(scene(260, boxes)).outcomes()
    present, proposed = outcomes[0], proposal(outcomes, quiet=False)
    assert {"passed through", "brief"} == {event.kind for event in present.events}
    assert [event.kind for event in proposed.events] == ["passed through"]
    assert changes(present.setting, proposed.setting)
    x, y = restless_place(present.unwanted)
    assert (x, y) == (pytest.approx(0.9, abs=0.05), pytest.approx(0.15, abs=0.05))


def test_everything_at_once_is_no_visitor():
    chance = np.random.default_rng(5)
    other = chance.integers(0, 255, (180, 320, 3), np.uint8)
    pictures = [scenes.picture(n) if not 40 <= n < 50 else other for n in range(90)]
    kinds = {event.kind for event in tuned(pictures).outcomes()[0].events}
    assert kinds <= {"nearly everything"}


def outcome(sensitivity, threshold, steps, *kinds):
    events = tuple(Found(10.0 * n, 3.0, kind, 0.01, (0.5, 0.5)) for n, kind in enumerate(kinds))
    return Outcome(Setting(sensitivity, threshold, 0.3, steps), events)


def test_quiet_proposes_the_most_sensitive_that_stays_silent():
    outcomes = [
        outcome(0.5, 0.003, 0), outcome(0.65, 0.003, 1), outcome(0.65, 0.001, 2, "brief"), outcome(0.35, 0.003, 1),
    ]  # fmt: skip
    assert proposal(outcomes, quiet=True) is outcomes[1]
    loud = [outcome(0.5, 0.003, 0, "brief", "brief"), outcome(0.35, 0.003, 1, "brief")]
    assert proposal(loud, quiet=True) is loud[1]


def test_where_more_sensitive_is_too_much_false_alarms_may_be_set():
    closer = Outcome(Setting(0.5, 0.003, 0.3, 1, 24.0), ())
    outcomes = [outcome(0.5, 0.003, 0), outcome(0.65, 0.003, 1, "brief"), closer]
    assert proposal(outcomes, quiet=True) is closer
    assert changes(outcomes[0].setting, closer.setting) == {("detector", "false_alarms"): "24/day"}
    assert changes(closer.setting, outcomes[0].setting) == {("detector", "false_alarms"): "null"}


def test_what_is_wanted_is_never_given_up():
    outcomes = [outcome(0.5, 0.003, 0, "appeared", "brief"), outcome(0.5, 0.01, 1)]
    assert proposal(outcomes, quiet=False) is outcomes[0]


def test_values_are_written_as_people_write_them():
    assert changes(Setting(0.5, 0.003, 0.3), Setting(0.35, 0.0009, 1.0)) == {
        ("detector", "sensitivity"): "35 %", ("events", "threshold"): "0.09 %", ("events", "rise"): "1 s",
    }  # fmt: skip


def test_few_or_scattered_events_have_no_place():
    near = tuple(Found(n, 0.5, "brief", 0.01, (0.5, 0.5)) for n in range(2))
    assert restless_place(near) is None
    apart = tuple(Found(n, 0.5, "brief", 0.01, (n / 3, 0.2 + 0.2 * n)) for n in range(4))
    assert restless_place(apart) is None
