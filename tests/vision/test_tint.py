"""The colour of the scene: learnt, kept in sixteen bits, and remembered."""

import numpy as np
import pytest

from watcher.vision.reference.tint import Tint

SHAPE = (8, 12)
ALL = np.full(SHAPE, 255, np.uint8)


def chroma(level: int) -> tuple[np.ndarray, np.ndarray]:
    return np.full(SHAPE, level, np.uint8), np.full(SHAPE, 255 - level, np.uint8)


def test_nothing_is_known_before_anything_was_learnt() -> None:
    assert Tint().planes() == ()
    assert Tint().memory() == {}


@pytest.mark.parametrize("level", [0, 1, 128, 200, 255])
def test_the_first_picture_is_taken_as_it_is(level: int) -> None:
    tint = Tint()
    tint.learn(chroma(level), ALL, 0.0)
    for plane, expected in zip(tint.planes(), (level - 128, 127 - level), strict=True):
        assert plane.dtype == np.float32
        np.testing.assert_array_equal(plane, expected)


def test_it_comes_as_near_to_what_is_seen_as_floats_would_and_only_where_nothing_has_changed() -> None:
    tint, half = Tint(), ALL.copy()
    half[:, :6] = 0
    tint.learn(chroma(100), ALL, 0.0)
    for second in range(1, 200):
        tint.learn(chroma(101), half, float(second))
    for plane, before, after in zip(tint.planes(), (-28, 27), (-27, 26), strict=True):
        np.testing.assert_array_equal(plane[:, :6], before)
        np.testing.assert_allclose(plane[:, 6:], after, atol=0.05)


def test_a_part_of_it_is_every_so_many_pixels() -> None:
    tint = Tint()
    tint.learn((np.arange(96, dtype=np.uint8).reshape(SHAPE), ALL), ALL, 0.0)
    np.testing.assert_array_equal(tint.planes(every=4)[0], tint.planes()[0][::4, ::4])


def test_what_is_remembered_is_what_was_known_to_a_sixteenth() -> None:
    tint, again = Tint(), Tint()
    tint.learn(chroma(0), ALL, 0.0)
    tint.learn(chroma(255), ALL, 1.0)
    again.remember(tint.memory(), SHAPE)
    for before, after in zip(tint.planes(), again.planes(), strict=True):
        np.testing.assert_allclose(after, before, atol=1 / 32)
