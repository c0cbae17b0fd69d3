import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

from watcher.sources.times import MediaClock, Timeline, aware, now


def test_media_time_begins_at_nought_and_adds_up_exactly() -> None:
    clock = MediaClock(Fraction(1, 10))
    stamps = [Fraction(126000 + 9000 * index, 90000) for index in range(100)]
    assert [clock.seconds(stamp) for stamp in stamps] == [index / 10 for index in range(100)]


def test_missing_and_backward_timestamps_follow_the_last() -> None:
    clock = MediaClock(Fraction(1, 10))
    stamps = [Fraction(5), None, Fraction(26, 5), Fraction(1), Fraction(6, 5), None]
    assert [clock.seconds(stamp) for stamp in stamps] == [0.0, 0.1, 0.2, 0.3, 0.5, 0.6]


def test_a_new_round_goes_on_after_one_frame() -> None:
    clock = MediaClock(Fraction(1, 4))
    first = [clock.seconds(Fraction(index, 4)) for index in range(3)]
    clock.restart()
    assert [*first, *(clock.seconds(Fraction(index, 4)) for index in range(2))] == [0, 0.25, 0.5, 0.75, 1.0]


def test_fast_moments_are_media_time() -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    line = Timeline(start, "fast", threading.Event())
    assert line.moment(90.5) == (90.5, start + timedelta(seconds=90.5))
    assert Timeline(None, "fast", threading.Event()).moment(0)[1] == datetime(1970, 1, 1, tzinfo=UTC)


def test_real_moments_are_waited_for_and_closing_ends_the_wait() -> None:
    closed = threading.Event()
    line = Timeline(None, "real", closed)
    first, _ = line.moment(3.0)
    second, utc = line.moment(3.2)
    assert 0.19 < second - first < 0.6
    assert abs((utc - datetime.now(UTC)).total_seconds()) < 2
    threading.Timer(0.1, closed.set).start()
    began = time.monotonic()
    line.moment(60.0)
    assert time.monotonic() - began < 2


def test_moments_are_in_utc() -> None:
    assert aware(datetime(2026, 1, 1)) == datetime(2026, 1, 1, tzinfo=UTC)  # noqa: DTZ001 - one without a zone
    assert aware(datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1)))).hour == 23
    assert now()[1].tzinfo is UTC
