"""The light on a registered part: gain and offset against the golden one's, from its flat places alone.

At edges brightness tells of widths and focus, not of light.
"""

from typing import cast

import cv2
import numpy as np

from watcher.vision.arrays import F32, U8, Mask
from watcher.vision.light import Light, light_on

_MOST = 600
"""Places of each of sixteen shades, about."""
_FLAT = 0.3
"""The flattest part of the golden picture that is looked at, where it is not flat anyway."""
_EVEN = 12
"""Grey levels between bright and dark around a place that is flat."""


class Lighting:
    """Where a golden picture (uint8, grey, at the size at which it is compared) is flat, and how bright there."""

    def __init__(self, golden: U8, watched: U8) -> None:
        side = np.ones((7, 7), np.uint8)
        varies = cv2.subtract(cv2.dilate(golden, side), cv2.erode(golden, side))
        enough = max(_EVEN, float(np.quantile(varies[::3, ::3], _FLAT)))
        flat: Mask = (varies <= enough) & (watched > 0)
        soft = cast(U8, cv2.blur(golden, (3, 3)))
        rows, columns = np.nonzero(flat)
        shade = soft[rows, columns] >> 4
        # As many of every shade: two small pads on a large ground must say what black has become.
        few = [at[:: max(1, len(at) // _MOST)] for at in (np.flatnonzero(shade == number) for number in range(16))]
        chosen = np.concatenate(few)
        self._places = rows[chosen], columns[chosen]
        self._values: F32 = soft[self._places].astype(np.float32)

    def on(self, now: U8, compared: U8, start: Light) -> tuple[Light, float]:
        """The light on `now` (uint8, grey, registered) where `compared` is 255, and what is left: the standard
        deviation, in the golden part's grey levels, of noise and of what varies from part to part."""
        seen = now[self._places].astype(np.float32)
        shown = compared[self._places] > 0
        light = light_on(seen, self._values, shown.astype(np.float32), start)
        left = np.abs((seen - light.offset) / light.gain - self._values)[shown]
        return light, 1.4826 * float(np.median(left)) if left.size else 0.0
