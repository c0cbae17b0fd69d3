"""Pictures of golden parts for people."""

from typing import cast

import cv2
import numpy as np

from watcher.inspection.golden import Golden
from watcher.vision.arrays import U8


def taught_picture(golden: Golden) -> U8:
    """What a good part looks like, and beside it how much it varies (bright: much). uint8 BGR."""
    shown = golden.picture
    if shown.ndim == 2:
        shown = cast(U8, cv2.cvtColor(shown, cv2.COLOR_GRAY2BGR))
    varies = cv2.applyColorMap(np.clip(golden.spread * 8, 0, 255).astype(np.uint8), cv2.COLORMAP_VIRIDIS)
    return np.hstack([shown, varies]).astype(np.uint8)
