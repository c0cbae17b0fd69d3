"""The light on the whole picture, found in spite of what covers part of it."""

import numpy as np
import pytest

from tests.vision.lights import SCENE, FindsLight
from tests.vision.pictures import in_light
from watcher.inspection.light import GAINS, SAME_LIGHT, Light, coarse, light_on

ALL = np.ones((24, 32), np.float32)


def found(frame, reference=SCENE, weight=ALL, start=SAME_LIGHT, rounds=3):
    """As the stage does: from one frame to the next."""
    for _ in range(rounds):
        start = light_on(coarse(frame), coarse(reference), weight, start)
    return start


class TestLight(FindsLight):
    everything = ALL
    near, near_level, near_gain = 6, 2, 0.1
    near_beside_object, near_where_watched = 10, 12
    near_flat, near_gain_of_noise, near_level_of_noise = 0.01, 0.05, 1
    clips = False
    found, cells, straight = staticmethod(found), staticmethod(coarse), staticmethod(Light)

    @staticmethod
    def seen(light, levels):
        return light.gain * levels + light.offset


def test_where_nothing_is_watched_there_is_no_light():
    assert light_on(coarse(SCENE), coarse(255 - SCENE), ALL * 0) == SAME_LIGHT


@pytest.mark.parametrize(("gain", "offset"), [(0.05, 0), (8.0, 0), (0.0, 128), (-1.0, 255)])
def test_the_gain_stays_within_what_eight_bits_can_tell(gain, offset):
    light = found(in_light(SCENE, gain, offset))
    assert GAINS[0] <= light.gain <= GAINS[1]


@pytest.mark.parametrize(
    ("one", "other", "differs"),
    [
        (Light(), Light(), False),
        (Light(1.003, 0), Light(1.0, 0), False),
        (Light(1.005, -0.64), Light(), True),
        (Light(1, 0.4), Light(), False),
        (Light(1, 0.6), Light(), True),
        (Light(1, -0.6), Light(), True),
    ],
)
def test_when_two_lights_differ(one, other, differs):
    assert one.differs(other) is other.differs(one) is differs
