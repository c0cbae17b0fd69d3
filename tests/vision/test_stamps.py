"""When pixels were last so, over clocks that are set back."""

import math

import numpy as np
import pytest

from watcher.vision.stamps import Stamps

WHOLE = (slice(0, 4), slice(0, 6))
LEFT = np.zeros((4, 6), np.uint8)
LEFT[:, :3] = 255
ALL = np.full((4, 6), 255, np.uint8)


def latest(stamps, mask, but=0):
    return stamps.latest([(WHOLE, mask > 0)], but)


def test_the_latest_time_counts_but_for_a_few():
    stamps = Stamps((4, 6))
    assert latest(stamps, ALL) == -math.inf
    stamps.set(ALL, 100.0, WHOLE)
    stamps.set(LEFT, 100.5, WHOLE)
    assert latest(stamps, ALL) == pytest.approx(100.5)
    assert latest(stamps, ALL, but=12) == pytest.approx(100.0)
    assert latest(stamps, 255 - LEFT) == pytest.approx(100.0)


def test_a_time_gone_by_changes_nothing_that_came_later():
    stamps = Stamps((4, 6))
    stamps.set(LEFT, 7.0, WHOLE)
    stamps.raise_to(ALL, 6.0, WHOLE)
    assert latest(stamps, LEFT) == pytest.approx(7.0)
    assert latest(stamps, 255 - LEFT) == pytest.approx(6.0)


def test_what_was_so_lately():
    stamps = Stamps((4, 6))
    stamps.set(ALL, 1.0, WHOLE)
    stamps.set(LEFT, 2.0, WHOLE)
    np.testing.assert_array_equal(stamps.between(1.0, 2.0), LEFT)
    np.testing.assert_array_equal(stamps.between(0.5, 1.5), 255 - LEFT)
    stamps.forget(LEFT)
    assert not stamps.between(1.0, 2.0).any()


def test_a_clock_that_is_set_back():
    stamps = Stamps((4, 6))
    stamps.set(ALL, 1e9, WHOLE)
    stamps.not_after(10.0)
    stamps.set(LEFT, 11.0, WHOLE)
    assert latest(stamps, LEFT) == pytest.approx(11.0)
    assert latest(stamps, 255 - LEFT) == pytest.approx(10.0)


@pytest.mark.parametrize("begins", [0.0, 1234567.891, 1.7e9])
def test_times_are_exact_to_a_millisecond_for_hours_and_of_this_moment_wholly(begins):
    stamps = Stamps((4, 6))
    stamps.set(ALL, begins, WHOLE)
    for frame in range(1, 3 * 3600 * 2):
        at = begins + frame / 2
        stamps.set(LEFT, at, WHOLE)
        if frame % 997 == 0:
            assert latest(stamps, LEFT) == at
            assert latest(stamps, 255 - LEFT) == pytest.approx(begins, abs=2e-3)
            np.testing.assert_array_equal(stamps.between(at - 1, at), LEFT)
