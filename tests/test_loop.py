"""The loop: detect, track, learn, in that order, one observation after the other."""

from datetime import UTC, datetime

import pytest

from watcher.loop import watch
from watcher.vision.detection import Detection
from watcher.vision.frame import Gap, Tick

UTC0 = datetime(2026, 1, 1, tzinfo=UTC)


class Recorder:
    """A detector and a tracker in one, which writes down what it is asked."""

    def __init__(self):
        self.asked = []

    def step(self, seen, detection=None):
        if detection is None:
            self.asked.append(("detect", seen.at))
            return Detection("clear", reason=f"{seen.at:g}")
        self.asked.append(("track", seen.at, detection.reason))
        return (f"update {seen.at:g}",)

    def learn(self, seen, detection, updates):
        self.asked.append(("learn", seen.at, detection.reason, updates))


def observations(count=3):
    return [Tick(float(n), UTC0) for n in range(count - 1)] + [Gap(float(count - 1), UTC0, "lost")]


def test_every_observation_is_detected_tracked_and_learnt_from_in_that_order():
    recorder, seen = Recorder(), observations()
    steps = list(watch(seen, recorder, recorder))
    assert [step[0] for step in steps] == seen
    assert [(step[1].reason, step[2]) for step in steps] == [(f"{n}", (f"update {n}",)) for n in range(3)]
    assert recorder.asked == [
        asked
        for n in range(3)
        for asked in (("detect", n), ("track", n, f"{n}"), ("learn", n, f"{n}", (f"update {n}",)))
    ]


def test_who_waits_for_updates_hears_of_them_before_anything_is_learnt():
    recorder = Recorder()
    list(watch(observations(1), recorder, recorder, lambda updates: recorder.asked.append(("tell", updates))))
    assert [asked[0] for asked in recorder.asked] == ["detect", "track", "tell", "learn"]
    assert recorder.asked[2] == ("tell", ("update 0",))


def test_it_takes_one_at_a_time_and_only_when_asked():
    taken = []

    def camera():
        for seen in observations(5):
            taken.append(seen.at)
            yield seen

    recorder = Recorder()
    steps = watch(camera(), recorder, recorder)
    assert taken == []
    next(steps)
    assert taken == [0.0]
    assert [asked[0] for asked in recorder.asked] == ["detect", "track", "learn"]
    next(steps)
    assert taken == [0.0, 1.0]


def test_without_observations_there_are_no_steps():
    recorder = Recorder()
    assert list(watch([], recorder, recorder)) == []
    assert recorder.asked == []


def test_an_error_of_the_source_passes_through():
    def broken():
        yield observations()[0]
        raise OSError("gone")

    recorder = Recorder()
    steps = watch(broken(), recorder, recorder)
    next(steps)
    with pytest.raises(OSError, match="gone"):
        next(steps)
    assert len(recorder.asked) == 3
