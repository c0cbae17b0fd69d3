"""Pictures of golden parts for people."""

import numpy as np

from watcher.inspection.difference import SPREAD
from watcher.inspection.golden import Golden
from watcher.vision import draw
from watcher.vision.arrays import U8

_HIDES = 60.0
"""Grey levels that pass where the map of variation is brightest: a defect of that contrast is not seen there."""


def taught_picture(golden: Golden) -> U8:
    """What a good part looks like, and beside it where good parts vary (bright: much). uint8 BGR."""
    count = f"{golden.count} good sample{'' if golden.count == 1 else 's'}"
    part = draw.captioned(golden.picture, f"golden part, of {count}")
    if golden.count == 1:
        words = "of one sample nobody knows where good parts vary"
        return np.hstack([part, draw.captioned(draw.heatmap(golden.picture, golden.spread), words)])
    varies = draw.heatmap(golden.picture, np.clip(golden.spread * np.float32(SPREAD / _HIDES), 0, 1))
    words = f"where they vary; brightest: by {_HIDES:.0f} grey levels or more, no fainter defect is seen there"
    return np.hstack([part, draw.captioned(varies, words)])
