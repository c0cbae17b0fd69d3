"""Learning: quick, and without ghosts of who passed by."""

import numpy as np
import pytest

from tests.vision.pictures import flat, painted, textured, with_noise
from watcher.vision.geometry import Box
from watcher.vision.reference.learning import Learning
from watcher.vision.reference.scene import SAMPLES

GREY = textured()


def learn(learning, pictures, dt=0.1, at=0.0):
    """The last scene given, and the time at which it was done."""
    last = None
    for n, picture in enumerate(pictures):
        last = learning.add((picture,), at + n * dt) or last
        if learning.done:
            return last, at + n * dt
    return last, None


@pytest.mark.parametrize("dt", [0.02, 0.04, 0.1, 0.2, 0.5])
def test_it_is_done_after_its_time(dt):
    _, done = learn(Learning(2.0), [GREY] * 200, dt)
    assert done is not None
    assert 2.0 * (1 - 1 / SAMPLES) - 1e-6 <= done <= 2.0 + dt


def test_slow_cameras_show_three_pictures():
    _, done = learn(Learning(2.0), [GREY] * 10, 60.0)
    assert done == 120.0
    _, done = learn(Learning(0.0), [GREY] * 10, 0.1)
    assert done == pytest.approx(0.2)


def test_the_first_picture_is_a_scene_already():
    scene = Learning(2.0).add((GREY,), 0.0)
    assert scene is not None
    np.testing.assert_array_equal(scene.expected[0], GREY)


def test_a_passer_by_leaves_no_ghost():
    pictures = [painted(GREY, Box(15 * n, 40, 15 * n + 60, 160), 250) for n in range(25)]
    scene, _ = learn(Learning(2.0), pictures)
    assert scene is not None
    assert np.abs(scene.expected[0] - GREY).max() == 0


def test_a_mean_would_leave_one():
    pictures = [painted(GREY, Box(15 * n, 40, 15 * n + 60, 160), 250) for n in range(25)]
    assert np.abs(np.mean(pictures, axis=0) - GREY).max() > 15


def test_who_stands_there_for_less_than_half_of_it_is_forgotten_too():
    pictures = [painted(GREY, Box(50, 40, 150, 160), 250)] * 9 + [GREY] * 16
    scene, _ = learn(Learning(2.0), pictures)
    assert scene is not None
    assert np.abs(scene.expected[0] - GREY).max() == 0


def test_noise_becomes_less():
    scene, _ = learn(Learning(2.0), [with_noise(GREY, 8, n) for n in range(40)])
    assert scene is not None
    assert (scene.expected[0] - GREY).std() < 8 / 2.2
    assert scene.spread is not None


def test_pictures_are_not_held_on_to():
    learning, buffer = Learning(2.0), GREY.copy()
    scene = None
    for n in range(25):
        buffer[:] = GREY
        scene = learning.add((buffer,), n * 0.1) or scene
        buffer[:] = 255
    assert learning.done
    assert scene is not None
    assert np.abs(scene.expected[0] - GREY).max() == 0


def test_all_planes_are_learnt():
    learning, scene = Learning(2.0), None
    for n in range(25):
        scene = learning.add((flat(90), flat(100), flat(110)), n * 0.1) or scene
    assert scene is not None
    assert scene.expected[:, 0, 0].tolist() == [90, 100, 110]


def test_a_clock_set_back_begins_anew():
    learning = Learning(2.0)
    learn(learning, [flat(20)] * 10, at=1000.0)
    scene, done = learn(learning, [GREY] * 40, at=0.0)
    assert done is not None
    assert 1.8 < done < 2.2
    assert scene is not None
    np.testing.assert_array_equal(scene.expected[0], GREY)


def test_a_clock_set_back_a_little_does_not_wait_for_the_lost_time():
    learning = Learning(2.0)
    learn(learning, [GREY] * 15, at=10.0)
    _, done = learn(learning, [GREY] * 60, at=10.5)
    assert done is not None
    assert done < 13


def test_a_leap_ahead_is_survived():
    learning = Learning(2.0)
    learn(learning, [GREY] * 5)
    scene, done = learn(learning, [GREY] * 5, at=3e7)
    assert done is not None
    assert scene is not None
