"""Arrivals to observations, silence to ticks and gaps: the clock is the test's."""

from datetime import UTC, datetime

import pytest

from tests.support.cameras import START, frame
from watcher.camera.feed import Feed
from watcher.camera.latest import Ended, InOrder, Latest, Lost, Opened
from watcher.camera.patience import Patience
from watcher.vision.frame import Frame, Gap, Observation, Tick


class Bench:
    """A feed, what it is fed, and its clock."""

    def __init__(self, live: bool = True) -> None:
        self.now = 100.0
        self.slot = Latest() if live else InOrder(100)
        self.feed = Feed(self.slot, live, Patience(), clock=lambda: self.now)

    def put(self, *arrivals: Frame | Tick | Opened | Lost | Ended) -> None:
        for one in arrivals:
            self.slot.put(one)

    def after(self, seconds: float) -> Observation | None:
        self.now += seconds
        return self.feed.take(0)

    def live_frame(self) -> Frame:
        return Frame(self.now - 0.02, datetime.now(UTC), frame(0).pixels)


def test_no_frame_for_half_a_second_is_a_tick() -> None:
    bench = Bench()
    bench.put(one := bench.live_frame())
    assert bench.after(0) is one
    assert bench.after(0.1) is None  # woken early: no time worth telling has passed
    tick = bench.after(0.4)
    assert isinstance(tick, Tick)
    assert tick.at == pytest.approx(one.at + 0.5)


def test_silence_is_one_gap_and_then_ticks() -> None:
    bench = Bench()
    bench.put(bench.live_frame())
    seen = [bench.after(0), *(bench.after(0.5) for _ in range(20))]
    gaps = [one for one in seen if isinstance(one, Gap)]
    assert [(gap.reason, gap.detail) for gap in gaps] == [("lost", "no picture for 5 s")]
    assert seen.index(gaps[0]) == 10
    assert all(isinstance(one, Tick) for one in seen[11:])
    assert not bench.feed.seen
    assert bench.feed.lost == "no picture for 5 s"
    times = [one.at for one in seen if one is not None]
    assert times == sorted(times)


def test_a_frame_after_a_gap_makes_it_seen_again() -> None:
    bench = Bench()
    bench.put(Opened(), bench.live_frame(), Lost("the cable is out"))
    seen = [bench.after(0) for _ in range(3)]
    assert isinstance(seen[2], Gap)
    assert seen[2].detail == bench.feed.lost == "the cable is out"
    bench.put(Lost("still out"))
    assert isinstance(bench.after(1), Tick)
    assert bench.feed.lost == "still out"
    bench.put(Opened(), bench.live_frame())
    bench.after(0)
    assert isinstance(bench.after(0), Frame)
    assert bench.feed.seen
    assert not bench.feed.lost


def test_the_first_frame_may_take_longer_than_the_next_ones() -> None:
    bench = Bench()
    bench.put(Opened())
    bench.after(0)
    assert not any(isinstance(bench.after(0.5), Gap) for _ in range(38))
    assert any(isinstance(bench.after(0.5), Gap) for _ in range(3))


def test_before_a_source_is_open_it_is_not_lost_by_silence() -> None:
    bench = Bench()
    assert not any(isinstance(bench.after(0.5), Gap) for _ in range(200))


def test_a_source_that_says_itself_that_all_is_well_is_not_lost() -> None:
    bench = Bench()
    bench.put(bench.live_frame())
    bench.after(0)
    for _ in range(20):
        bench.put(Tick(bench.now, START))
        assert isinstance(bench.after(1), Tick)
    assert not bench.feed.lost


def test_a_source_that_was_lost_and_says_that_all_is_well_is_not_lost_any_more() -> None:
    bench = Bench()
    bench.put(Opened(), bench.live_frame(), Lost("the folder is gone"))
    assert isinstance([bench.after(0) for _ in range(3)][-1], Gap)
    bench.put(Opened(), Tick(bench.now, START))
    assert [type(bench.after(0)) for _ in range(2)] == [type(None), Tick]
    assert (bench.feed.lost, bench.feed.seen) == ("", True)


def test_a_source_without_a_picture_yet_is_not_seen_however_well_it_is() -> None:
    bench = Bench()
    bench.put(Opened())
    bench.after(0)
    for _ in range(30):
        bench.put(Tick(bench.now, START))
        assert isinstance(bench.after(1), Tick)
    assert (bench.feed.lost, bench.feed.seen) == ("", False)


def test_pictures_that_cannot_be_read_are_no_pictures() -> None:
    bench = Bench()
    bench.put(bench.live_frame())
    bench.after(0)
    seen = []
    for _ in range(12):
        bench.put(Tick(bench.now, START, name="a.jpg", trouble="half a picture"))
        seen.append(bench.after(0.5))
    assert [one.detail for one in seen if isinstance(one, Gap)] == [
        "no picture could be read for 5 s: a.jpg: half a picture"
    ]


def test_a_recording_that_breaks_off_is_lost_as_in_replay() -> None:
    bench = Bench(live=False)
    bench.put(frame(3), Ended("yard.mp4 breaks off", broke=True))
    bench.after(0)
    gap = bench.after(1)
    assert isinstance(gap, Gap)
    assert (gap.reason, gap.detail) == ("lost", "yard.mp4 breaks off")
    assert bench.feed.ended


def test_a_recording_has_no_silence_and_its_own_time() -> None:
    bench = Bench(live=False)
    one = frame(3)
    bench.put(one, Ended("the recording has ended"))
    assert bench.after(0) is one
    gap = bench.after(1000)
    assert isinstance(gap, Gap)
    assert (gap.at, gap.utc, gap.reason) == (one.at, one.utc, "stopped")
    assert bench.feed.ended
    assert bench.after(1000) is None
