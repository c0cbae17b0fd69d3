"""The capture thread: opening again, and living on beside a source that hangs."""

import logging
import queue
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.cameras import HURRY, START, Held, LiveSource, OpenFails, Recording, frame
from tests.support.wait import until
from watcher.camera.capture import Capture
from watcher.camera.latest import Arrival, Ended, InOrder, Latest, Lost, Opened
from watcher.errors import SourceLost, SourceUnavailable
from watcher.sources import Source
from watcher.vision.frame import Frame, Tick


class Slowest(random.Random):
    """Waits are a hundredth, so that tests need not wait."""

    def uniform(self, a: float, b: float) -> float:
        return 0.01


def capture(make: Any, arrivals: Latest, live: bool = True) -> Capture:
    made = Capture("porch", make, live, arrivals, Slowest(), HURRY)
    made.start()
    return made


def taken(arrivals: Latest, count: int) -> list[Arrival]:
    got: list[Arrival] = []
    while len(got) < count:
        one = arrivals.take(5)
        assert one is not None, f"only {len(got)} arrived: {got}"
        got.append(one)
    return got


def test_a_recording_arrives_whole_and_then_ends() -> None:
    frames = [frame(n) for n in range(20)]
    arrivals = InOrder()
    made = capture(lambda: Recording(frames), arrivals, live=False)
    assert taken(arrivals, 22) == [Opened(), *frames, Ended("the recording has ended")]
    assert made.join(2)
    assert made.alive()  # it has done what it had to do


def test_a_recording_that_breaks_off_ends_with_the_reason() -> None:
    arrivals = InOrder()
    capture(
        lambda: Recording([frame(0)], SourceLost("the file ends in the middle of a frame")), arrivals, live=False
    )
    assert taken(arrivals, 3)[-1] == Ended("the file ends in the middle of a frame", broke=True)


class AtItsOwnSpeed(Recording):
    """A recording that is played like a camera, once."""

    live = True
    ends = True


@pytest.mark.parametrize("trouble", ["", "the file ends in the middle of a frame"])
def test_a_recording_at_its_own_speed_ends_too(trouble: str, caplog: pytest.LogCaptureFixture) -> None:
    arrivals = InOrder()
    source = AtItsOwnSpeed([frame(0)], SourceLost(trouble) if trouble else None)
    made = capture(lambda: source, arrivals)
    assert taken(arrivals, 3)[2] == Ended(trouble or "the recording has ended", broke=bool(trouble))
    assert made.join(2)
    assert "trying again" not in caplog.text


def test_a_camera_that_is_not_there_is_tried_until_it_is(caplog: pytest.LogCaptureFixture) -> None:
    script: queue.Queue[Any] = queue.Queue()
    for _ in range(3):
        script.put(OpenFails(SourceUnavailable("no route to 192.0.2.1")))
    one = frame(0)
    script.put(one)
    arrivals = Latest()
    with caplog.at_level(logging.INFO):
        made = capture(lambda: LiveSource(script), arrivals)
        assert taken(arrivals, 5) == [*[Lost("no route to 192.0.2.1")] * 3, Opened(), one]
        until(lambda: "gives pictures again" in caplog.text)
    made.stop()
    assert caplog.text.count("no route to 192.0.2.1; trying again") == 1  # said once
    assert made.join(2)


def test_a_stream_that_ends_or_breaks_is_opened_again() -> None:
    script: queue.Queue[Any] = queue.Queue()
    script.put(SourceLost("the camera hung up"))
    arrivals = Latest()
    made = capture(lambda: LiveSource(script), arrivals)
    assert taken(arrivals, 3) == [Opened(), Lost("the camera hung up"), Opened()]
    made.stop()
    assert made.join(2)


def test_a_broken_source_is_a_lost_one_with_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    script: queue.Queue[Any] = queue.Queue()
    script.put(ZeroDivisionError("somebody's own source"))
    arrivals = Latest()
    made = capture(lambda: LiveSource(script), arrivals)
    lost = taken(arrivals, 2)[1]
    made.stop()
    assert lost == Lost("the source failed (ZeroDivisionError: somebody's own source)")
    assert "Traceback" in caplog.text


def test_an_unreadable_picture_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    tick = Tick(0.0, START, name="9.jpg", trouble="half a JPEG")
    arrivals = InOrder()
    capture(lambda: Recording([tick] * 5 + [frame(1)]), arrivals, live=False)
    assert taken(arrivals, 8)[1:6] == [tick] * 5
    assert caplog.text.count("porch: a picture cannot be read: 9.jpg: half a JPEG") == 1


def test_a_silent_source_is_closed_and_opened_again() -> None:
    script: queue.Queue[Any] = queue.Queue()
    made_sources: list[LiveSource] = []

    def make() -> Source:
        made_sources.append(LiveSource(script))
        return made_sources[-1]

    script.put(frame(0))
    arrivals = Latest()
    made = capture(make, arrivals)
    until(lambda: made.look_after() or len(made_sources) == 2, 5)
    assert made_sources[0].closed.is_set()
    assert made.abandoned == 0
    made.stop()
    assert made.join(2)


def test_a_source_that_hangs_is_left_behind(caplog: pytest.LogCaptureFixture) -> None:
    script: queue.Queue[Any] = queue.Queue()
    held = Held()
    script.put(held)
    arrivals = Latest()
    made = capture(lambda: LiveSource(script), arrivals)
    assert held.reached.wait(2)
    began = time.monotonic()
    until(lambda: made.look_after() or made.abandoned, 5)
    assert time.monotonic() - began < 3
    assert "does not let itself be closed" in caplog.text
    one = frame(1)
    script.put(one)
    assert taken(arrivals, 3) == [Opened(), Opened(), one]
    held.let_go.set()  # what was left behind comes back: nothing that it does counts
    script.put(frame(2))
    until(lambda: isinstance(arrivals.take(0.05), Frame), 5)
    assert made.alive()
    made.stop()
    assert made.join(2)


def test_a_source_that_hangs_while_it_opens_or_closes_is_left_behind_too() -> None:
    held = Held()

    class Stuck:
        live = True

        def open(self) -> None:
            held.let_go.wait(30)

        def frames(self) -> Iterator[Frame]:
            return iter(())

        def close(self) -> None:
            held.let_go.wait(30)

    made = capture(Stuck, Latest())
    until(lambda: made.look_after() or made.abandoned == 2, 8)
    made.stop()
    held.let_go.set()
    assert made.join(2)


def test_each_picture_with_a_trouble_of_its_own_is_no_flood(caplog: pytest.LogCaptureFixture) -> None:
    ticks = [Tick(0.0, START, trouble=f"broken at byte {number}") for number in range(300)]
    arrivals = InOrder()
    capture(lambda: Recording([*ticks, frame(1)]), arrivals, live=False)
    assert taken(arrivals, 303)[1:301] == ticks
    assert caplog.text.count("a picture cannot be read") == 10
