"""Arrays that are lent: nobody gets one that somebody else has."""

import threading
import weakref

import numpy as np
import pytest

from watcher.vision.scratch import borrowed, give_back, let_go, zeros
from watcher.vision.ssim import Comparison

SHAPE = (7, 13)


def test_what_was_given_back_is_lent_again_to_whoever_wants_the_same() -> None:
    first = borrowed(SHAPE, np.float32)
    give_back(first)
    assert borrowed(SHAPE, np.uint8) is not first
    again = borrowed(SHAPE, np.float32)
    assert again is first
    assert borrowed(SHAPE, np.float32) is not first


def test_what_nobody_has_can_be_let_go_of_and_is_made_anew() -> None:
    kept = weakref.ref(borrowed((5, 3), np.float32))
    give_back(*(borrowed((5, 3), np.float32) for _ in range(3)))
    held = borrowed((5, 3), np.float32)
    let_go()
    assert kept() is None
    assert borrowed((5, 3), np.float32) is not held
    give_back(held)
    assert borrowed((5, 3), np.float32) is held


def test_threads_never_hold_the_same_array() -> None:
    wrong: list[int] = []

    def work(number: int) -> None:
        for _ in range(2000):
            mine = borrowed(SHAPE, np.int32)
            mine[:] = number
            if (mine != number).any():
                wrong.append(number)
            give_back(mine)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_comparisons_that_take_turns_share_their_arrays_and_disturb_nobody() -> None:
    random = np.random.default_rng(3)
    scenes = [random.integers(0, 255, (31, 41)).astype(np.uint8) for _ in range(20)]
    frames = [random.integers(0, 255, (31, 41)).astype(np.uint8) for _ in range(20)]
    comparisons = [Comparison((31, 41)) for _ in scenes]
    alone = []
    lent: set[int] = set()
    for comparison, scene, frame in zip(comparisons, scenes, frames, strict=True):
        comparison.set_reference(scene)
        comparison.load(frame)
        alone.append((comparison.ssim().copy(), comparison.difference.copy()))
        lent.add(id(comparison.difference))
        comparison.rest()
        assert comparison.difference.size == 0  # whoever looked at it now would see another camera's
    assert len(lent) <= 8  # those of one, in any order
    for comparison, frame, (ssim, difference) in zip(comparisons, frames, alone, strict=True):
        comparison.load(frame)
        np.testing.assert_array_equal(comparison.difference, difference)
        np.testing.assert_array_equal(comparison.ssim(), ssim)
        comparison.rest()


def test_zeros_are_the_same_for_all_and_stay_zero() -> None:
    first = zeros(SHAPE, np.float32)
    assert zeros(SHAPE, np.float32) is first
    assert zeros(SHAPE, np.uint8) is not first
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 1
