"""One stray picture is left out; a size that stays is taken up."""

import numpy as np
import pytest

from tests.support.cameras import SIZE, Kept, Recording, camera, dots, frame, scene
from tests.support.wait import until
from watcher.camera.sizes import Sizes
from watcher.vision.frame import Tick

LARGE = (320, 192)


def large(number):
    return frame(number, scene(size=LARGE))


def test_another_size_is_taken_up_when_it_has_come_three_times_in_a_row():
    sizes = Sizes("porch")
    strays = [sizes.stray(one, SIZE) for one in (large(0), large(1), frame(2), large(3), large(4), large(5))]
    assert [type(one) for one in strays] == [Tick, Tick, type(None), Tick, Tick, type(None)]


def test_sizes_in_turn_are_never_taken_up():
    sizes = Sizes("porch")
    other = [frame(n, np.zeros((96 + 16 * (n % 2), 320, 3), np.uint8)) for n in range(20)]
    assert all(sizes.stray(one, SIZE) for one in other)


def test_strays_and_changes_are_said_once_a_minute(caplog: pytest.LogCaptureFixture):
    sizes = Sizes("porch")
    for number in range(50):
        sizes.stray(large(number), SIZE)
        sizes.stray(frame(number), SIZE)
        sizes.changed("the picture is 320x192 now")
    assert caplog.text.count("porch: the picture is 320x192, and 160x96 was expected: it is left out") == 1
    assert caplog.text.count("the reference is made anew") == 1


def test_a_stray_picture_ends_no_event_and_throws_nothing_away(tmp_path, caplog: pytest.LogCaptureFixture):
    kept = Kept()
    frames = dots("." * 15 + "#" * 20 + "." * 30)
    frames[25] = large(25)
    frames[45] = large(45)
    made = camera(tmp_path, kept, lambda: Recording(frames))
    made.start()
    until(lambda: made.ended, 20)
    made.stop()
    assert [(phase, reason) for phase, reason in kept.phases if phase == "ended"] == [("ended", "fell")]
    assert "is made anew" not in caplog.text
