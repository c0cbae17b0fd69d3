import pytest

from tests.support import scenes
from tests.support.mjpeg import HttpCamera
from tests.support.observing import Reading, taken
from tests.support.wait import until
from watcher.errors import SourceLost, SourceUnavailable
from watcher.sources.options import StillsOptions
from watcher.sources.stills import Stills
from watcher.vision.frame import Frame, Tick

PICTURES = scenes.jpegs(scenes.numbered(3))


def opened(url: str, every: float = 0.05, timeout: float = 2.0, **options: object) -> Stills:
    source = Stills(StillsOptions(url=url, every=every, timeout=timeout, **options), "porch")  # type: ignore[arg-type]
    source.open()
    return source


def test_the_same_picture_is_a_frame_again_and_not_sent_again() -> None:
    with HttpCamera(PICTURES) as camera:
        source = opened(camera.still_url)
        seen = taken(source, 4)
        camera.still = PICTURES[1]
        seen += taken(source, 3)
        source.close()
        assert [status for _, status in camera.requests][:4] == [200, 304, 304, 304]
        assert [status for _, status in camera.requests].count(200) == 2
    assert {frame.jpeg() for frame in seen[:4] if isinstance(frame, Frame)} == {PICTURES[0]}
    last = seen[-1]
    assert isinstance(last, Frame)
    assert last.jpeg() == PICTURES[1]
    assert all(isinstance(frame, Frame) for frame in seen)


def test_it_keeps_its_pace() -> None:
    with HttpCamera(PICTURES) as camera:
        source = opened(camera.still_url, every=0.2)
        seen = taken(source, 4)
        source.close()
    assert 0.5 < seen[-1].at - seen[0].at < 1.2


def test_failures_are_ticks_and_three_in_a_row_are_a_loss() -> None:
    with HttpCamera(PICTURES) as camera:
        source = opened(camera.still_url)
        reading = Reading(source)
        until(lambda: len(reading.seen) > 2)
        camera.status = 503
        assert reading.ended(2)
        assert isinstance(reading.error, SourceLost)
        assert "it answered with status 503 (3 times in a row)" in str(reading.error)
        assert [type(one) for one in reading.seen[-2:]] == [Tick, Tick]


def test_one_failure_is_lived_through() -> None:
    with HttpCamera(PICTURES) as camera:
        source = opened(camera.still_url, every=0.1)
        reading = Reading(source)
        until(lambda: reading.seen)
        camera.still = PICTURES[0][:500]
        until(lambda: any(isinstance(one, Tick) for one in reading.seen))
        camera.still = PICTURES[2]
        until(lambda: isinstance(reading.seen[-1], Frame))
        source.close()
        assert reading.ended(1)
        assert reading.error is None
        troubles = [one.trouble for one in reading.seen if isinstance(one, Tick)]
        assert troubles[0].endswith("gave no picture: the picture ends early")


def test_a_server_that_goes_away_is_lost() -> None:
    camera = HttpCamera(PICTURES)
    source = opened(camera.still_url)
    reading = Reading(source)
    until(lambda: reading.seen)
    camera.close()
    assert reading.ended(4)
    assert "nothing listens there" in str(reading.error)


@pytest.mark.parametrize("digest", [False, True])
def test_logging_in(digest: bool) -> None:
    with HttpCamera(PICTURES, login="me:s3cret", digest=digest) as camera:
        source = opened(camera.still_url)
        assert len(taken(source, 2)) == 2
        source.close()
        with pytest.raises(SourceUnavailable) as raised:
            opened(camera.still_url.replace("s3cret", "wr0ng"))
        assert "wr0ng" not in str(raised.value)


def test_redirects_are_followed() -> None:
    with HttpCamera(PICTURES) as camera:
        source = opened(camera.still_url.replace("still.jpg", "moved"))
        assert isinstance(taken(source, 1)[0], Frame)
        source.close()


def test_what_is_no_picture_is_said() -> None:
    with HttpCamera(PICTURES) as camera:
        camera.still = b"<html>log in first</html>"
        with pytest.raises(SourceUnavailable, match="not a picture of a known kind"):
            opened(camera.still_url)
