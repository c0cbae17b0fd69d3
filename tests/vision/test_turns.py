"""What is done now and then takes turns: one in a frame where frames are many, all in time where they are few."""

import pytest

from watcher.vision.turns import Turns

EVERY = {"adapt": 0.25, "look": 0.25, "follow": 1.0, "likeness": 1.0, "blur": 2.0}


def done(fps, seconds=20.0):
    """When each was done, and how many at once in each frame."""
    turns, last = Turns(), dict.fromkeys(EVERY, 0.0)
    times, at_once = {name: [] for name in EVERY}, []
    for n in range(1, int(seconds * fps)):
        at = n / fps
        turns.frame(at)
        mine = [name for name, every in EVERY.items() if turns.mine(at - last[name], every)]
        for name in mine:
            last[name] = at
            times[name].append(at)
        at_once.append(len(mine))
    return times, at_once


@pytest.mark.parametrize("fps", [15, 25, 30, 60])
def test_a_frame_gives_one_turn(fps):
    _, at_once = done(fps)
    assert max(at_once) == 1


@pytest.mark.parametrize("fps", [0.5, 1, 2, 3, 5, 8, 12, 25, 60])
def test_everybody_gets_his_turn_in_time(fps):
    times, _ = done(fps)
    for name, every in EVERY.items():
        gaps = [b - a for a, b in zip(times[name], times[name][1:], strict=False)]
        assert max(gaps) <= max(2 * every, 1 / fps) + 1e-9


def test_what_could_not_wait_takes_the_turn():
    turns = Turns()
    for at in (0.0, 0.04):
        turns.frame(at)
    turns.take()
    assert not turns.mine(0.26, 0.25)
    turns.frame(0.08)
    assert turns.mine(0.30, 0.25)


@pytest.mark.parametrize("passed", [-1.0, -1e9, float("inf")])
def test_a_clock_that_was_set_back_lets_nobody_wait(passed):
    turns = Turns()
    turns.frame(5.0)
    turns.take()
    assert turns.mine(passed, 0.25)
