import time
from collections.abc import Iterator

import pytest

from tests.support import scenes
from tests.support.observing import Reading, taken
from tests.support.rtsp import RtspServer
from tests.support.wait import until
from watcher.errors import SourceLost, SourceUnavailable
from watcher.sources.options import RtspOptions
from watcher.sources.rtsp import Rtsp
from watcher.vision.frame import Frame, Tick

UNITS = scenes.h264(scenes.numbered(40), fps=20)


@pytest.fixture
def server() -> Iterator[RtspServer]:
    with RtspServer(UNITS, fps=20) as running:
        yield running


def opened(url: str, timeout: float = 3.0, **options: object) -> Rtsp:
    source = Rtsp(RtspOptions(url=url, timeout=timeout, **options), "porch")  # type: ignore[arg-type]
    source.open()
    return source


def numbers(seen: list[Frame | Tick]) -> list[int]:
    return [scenes.number_of(frame.bgr()) for frame in seen if isinstance(frame, Frame)]


def test_the_first_keyframe_is_not_lost_and_nothing_after_it(server: RtspServer) -> None:
    source = opened(server.url)
    assert numbers(taken(source, 15)) == list(range(15))
    source.close()


def test_times_are_those_of_arrival(server: RtspServer) -> None:
    source = opened(server.url)
    seen = taken(source, 12)
    source.close()
    assert 0.3 < seen[-1].at - seen[1].at < 1.2  # ten frames at 20 a second
    assert all(isinstance(frame, Frame) and frame.media_time is None for frame in seen)


def test_a_camera_that_freezes_is_lost_after_the_timeout(server: RtspServer) -> None:
    source = opened(server.url, timeout=0.8)
    reading = Reading(source)
    until(lambda: len(reading.seen) > 3)
    server.freeze()
    began = time.monotonic()
    assert reading.ended(4)
    assert 0.6 < time.monotonic() - began < 2.5
    assert isinstance(reading.error, SourceLost)
    assert str(reading.error) == f"{server.url} has sent nothing for 0.8 s"
    source.close()


def test_a_short_silence_is_lived_through(server: RtspServer) -> None:
    source = opened(server.url, timeout=5)
    reading = Reading(source)
    until(lambda: len(reading.seen) > 3)
    server.freeze()
    before = until(lambda: len(reading.seen))
    quiet_until = time.monotonic() + 0.7  # several read slices without a byte
    until(lambda: time.monotonic() > quiet_until)
    server.thaw()
    until(lambda: len(reading.seen) > before + 10)
    source.close()
    assert reading.ended(1)
    seen = numbers(reading.seen)
    assert all(isinstance(one, Frame) for one in reading.seen)
    assert seen == [index % 40 for index in range(len(seen))]


def test_a_camera_that_hangs_up_is_lost_at_once(server: RtspServer) -> None:
    source = opened(server.url, timeout=30)
    reading = Reading(source)
    until(lambda: len(reading.seen) > 3)
    server.drop()
    assert reading.ended(2)
    assert isinstance(reading.error, SourceLost)
    source.close()


def test_a_camera_that_comes_back_is_opened_again(server: RtspServer) -> None:
    first = opened(server.url)
    taken(first, 2)
    server.drop()
    first.close()
    second = opened(server.url)
    assert numbers(taken(second, 3)) == [0, 1, 2]
    second.close()


def test_a_damaged_picture_is_no_frame() -> None:
    with RtspServer(scenes.h264(scenes.numbered(40), fps=20), fps=40) as server:
        server.damage = {12}
        source = opened(server.url)
        seen = taken(source, 35)
        source.close()
    assert any(isinstance(one, Tick) and one.trouble for one in seen)
    good = numbers(seen)
    assert 12 not in good
    assert {*range(11), *range(20, 30)} <= set(good)
    assert [frame.index for frame in seen if isinstance(frame, Frame)] == list(range(len(good)))


def test_logging_in_and_hiding_the_password() -> None:
    with RtspServer(UNITS, fps=20, login="me:s3cret") as server:
        source = opened(server.url)
        assert len(taken(source, 2)) == 2
        source.close()
        bare = server.url.replace("me:s3cret@", "")
        source = opened(bare, user="me", password="s3cret")
        source.close()
        with pytest.raises(SourceUnavailable) as raised:
            opened(server.url.replace("s3cret", "wr0ng"))
        assert str(raised.value).endswith("cannot be opened: user name or password are missing or wrong")
        assert "wr0ng" not in str(raised.value)
        assert "***@127.0.0.1" in str(raised.value)


def test_the_password_is_in_no_representation() -> None:
    options = RtspOptions(url="rtsp://me:s3cret@host/live", password="s3cret")
    assert "s3cret" not in repr(options)
    assert "s3cret" not in repr(vars(Rtsp(options, "porch"))["_address"])
