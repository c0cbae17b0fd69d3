"""From the capture thread to the watch thread."""

import threading
import time

from tests.support.cameras import START, frame
from tests.support.wait import until
from watcher.camera.latest import Ended, InOrder, Latest, Lost, Opened
from watcher.vision.frame import Tick

TICK = Tick(0.0, START)


def everything(slot: Latest) -> list[object]:
    taken = []
    while (one := slot.take(0)) is not None:
        taken.append(one)
    return taken


def test_newest_frame_wins_and_the_others_are_counted() -> None:
    slot = Latest()
    frames = [frame(n) for n in range(5)]
    for one in frames:
        slot.put(one)
    assert everything(slot) == [frames[-1]]
    assert slot.dropped == 4


def test_what_happens_to_the_source_is_never_dropped_and_stays_in_order() -> None:
    slot = Latest()
    first, second, third = (frame(n) for n in range(3))
    for one in (Opened(), first, Lost("cable"), Opened(), second, third, Ended("over")):
        slot.put(one)
    assert everything(slot) == [Opened(), first, Lost("cable"), Opened(), third, Ended("over")]
    assert slot.dropped == 1


def test_a_picture_that_waits_says_more_than_a_tick() -> None:
    slot = Latest()
    one = frame(0)
    slot.put(TICK)
    slot.put(one)
    slot.put(TICK)
    assert everything(slot) == [one]
    assert slot.dropped == 0


def test_ringing_wakes_who_waits() -> None:
    slot = Latest()
    began = time.monotonic()
    threading.Timer(0.05, slot.ring).start()
    assert slot.take(5) is None
    assert time.monotonic() - began < 2


def test_a_recording_loses_nothing_and_waits_for_room() -> None:
    slot = InOrder(room=2)
    frames = [frame(n) for n in range(10)]
    writer = threading.Thread(target=lambda: [slot.put(one) for one in frames], daemon=True)
    writer.start()
    until(lambda: len(slot._waiting) == 2)
    assert writer.is_alive()
    taken = [slot.take(2) for _ in frames]
    assert taken == frames
    assert slot.dropped == 0
    writer.join(2)
    assert not writer.is_alive()


def test_closing_lets_go_of_who_waits_for_room() -> None:
    slot = InOrder(room=1)
    slot.put(frame(0))
    writer = threading.Thread(target=slot.put, args=(frame(1),), daemon=True)
    writer.start()
    slot.close()
    writer.join(2)
    assert not writer.is_alive()
    assert slot.take(0) is None


def test_after_closing_nothing_is_kept() -> None:
    slot = Latest()
    slot.close()
    slot.put(frame(0))
    assert slot.take(0) is None
