"""How long to wait before trying again."""

import random
from itertools import islice

import pytest

from watcher.camera.backoff import delays


def test_doubles_from_half_a_second_to_half_a_minute() -> None:
    expected = [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert list(islice(delays(random.Random(1)), 9)) == [pytest.approx(one, rel=0.2) for one in expected]


def test_cameras_do_not_come_back_all_at_once_but_repeatably() -> None:
    first, again, other = (list(islice(delays(random.Random(seed)), 5)) for seed in (1, 1, 2))
    assert first == again
    assert all(one != another for one, another in zip(first, other, strict=True))
