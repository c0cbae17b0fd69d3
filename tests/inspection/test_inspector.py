"""An inspector against drawn parts."""

import cv2
import numpy as np

from watcher.inspection.golden import Golden, teach
from watcher.inspection.inspector import Inspector


def board(seed=1, size=320):
    rng = np.random.default_rng(seed)
    picture = np.full((size, size), 200, np.uint8)
    for _ in range(25):
        a, b = (tuple(int(v) for v in rng.integers(10, size - 10, 2)) for _ in range(2))
        cv2.line(picture, a, (b[0], a[1]), 40, 8)
        cv2.circle(picture, b, 9, 40, -1)
    return picture


def test_a_part_like_the_golden_one_passes_and_one_with_a_hole_fails():
    inspector = Inspector(teach([board()]).golden)
    assert inspector.inspect(board()).verdict == "PASS"
    bad = board()
    cv2.rectangle(bad, (100, 100), (120, 120), 120, -1)
    assert inspector.inspect(bad).verdict == "FAIL"


def test_a_golden_part_is_the_same_after_a_restart():
    golden = teach([board()]).golden
    again = Golden.remembered(golden.memory())
    assert np.array_equal(again.picture, golden.picture)
    assert again.count == 1
