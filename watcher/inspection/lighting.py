"""The light on a registered part: gain, offset and spread against the golden one's, from its flat places alone.

At edges brightness tells of widths and focus, not of light.
"""

from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np

from watcher.inspection.light import Light, light_on
from watcher.inspection.uneven import HALF, Shading, Uneven
from watcher.vision.arrays import F32, F64, U8, Mask
from watcher.vision.geometry import Size
from watcher.vision.pose import Pose

_MOST = 600
"""Places of each of sixteen shades, about."""
_FLAT = 0.3
"""The flattest part of the golden picture that is looked at, where it is not flat anyway."""
_BURNT = 252.5
_MOSTLY = 0.97
"""Part of the places within those, above which the others are too few to lead astray."""
_TELLS = 8.0
"""Standard deviation of grey levels from which a gain can be told."""
_cv2: Any = cv2
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
        self._points: F64 = np.stack(self._places[::-1], axis=1).astype(np.float64)
        self._size: Size = (golden.shape[1], golden.shape[0])
        self._shading = Shading(self._places, self._values, self._size)

    def on(self, picture: U8, pose: Pose, compared: U8, start: Light) -> "Lit":
        """The light on `picture` (uint8, grey, lying as `pose` says) where `compared` is 255; `start`: about so
        much."""
        seen = _at(picture, pose.points(self._points)).astype(np.float32)
        shown = compared[self._places] > 0
        light = _light(seen, self._values, shown, start)
        uneven = self._shading.on(seen, shown, light.gain, light.offset)
        return self._lit(seen, shown, light, uneven)

    def again(self, now: U8, compared: U8, lit: "Lit") -> "Lit":
        """The same of `now`, which is registered: how the light is spread is known by then."""
        seen = now[self._places].astype(np.float32)
        return self._lit(seen, compared[self._places] > 0, lit.light, lit.uneven)

    def _lit(self, seen: F32, shown: Mask, start: Light, uneven: Uneven | None) -> "Lit":
        values = self._values
        if uneven is not None:
            values = values * uneven.at(self._size)[self._places]
        light = _light(seen, values, shown, start)
        left = np.abs((seen - light.offset) / light.gain - values)[shown]
        return Lit(light, 1.4826 * float(np.median(left)) if left.size else 0.0, uneven)


def _at(picture: U8, points: F64) -> U8:
    """Grey levels of `picture` at points (n, 2); beyond its border those of the border."""
    there = points.astype(np.float32)[None]
    return cast(U8, _cv2.remap(picture, there, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0])


def _light(seen: F32, values: F32, shown: Mask, start: Light) -> Light:
    """Gain and offset where `shown`. What more light has burnt out tells of neither: where that is much, it is left
    out if the picture is told better so."""
    light = light_on(seen, values, shown.astype(np.float32), start)
    within = shown & (seen < _BURNT)
    share = float(np.mean(within[shown])) if shown.any() else 0.0
    if not HALF <= share <= _MOSTLY or float(values[within].std()) < _TELLS:
        return light  # of what is black and white alone, only a stain would be left
    other = light_on(seen, values, within.astype(np.float32), start)

    def wrong(one: Light) -> float:
        due = np.clip(one.gain * values + one.offset, 0, 255)
        return float(np.minimum(np.abs(due - seen)[shown], _EVEN).mean())

    return other if wrong(other) < 0.9 * wrong(light) else light


@dataclass(frozen=True, slots=True)
class Lit:
    """The light on a registered picture against the golden part's.

    `noise`: standard deviation of what is left, in the golden part's grey levels: of noise, and of what varies from
    part to part. `uneven`: how the light is spread; None where it is even.
    """

    light: Light
    noise: float = 0.0
    uneven: Uneven | None = None

    def evenly(self, now: F32) -> F32:
        """The same of a float32 picture of any size, neither rounded nor clipped."""
        gain, offset = self.light.gain, self.light.offset
        level = cv2.addWeighted(now, 1 / gain, now, 0, -offset / gain)
        if self.uneven is not None:
            cv2.divide(level, self.uneven.at((now.shape[1], now.shape[0])), dst=level)
        return cast(F32, level)

    def levelled(self, now: U8) -> U8:
        """`now`, as it lies in the golden part, in that one's light; uint8, grey or BGR."""
        gain, offset = self.light.gain, self.light.offset
        if self.uneven is not None:
            return self.uneven.evened(now.astype(np.float32), gain, offset)
        if abs(gain - 1) < 0.002 and abs(offset) < 0.3:
            return now
        table = np.clip((np.arange(256) - offset) / gain + 0.5, 0, 255).astype(np.uint8)
        return cast(U8, cv2.LUT(now, table))

    @property
    def shown(self) -> tuple[float, float]:
        """The darkest and the brightest of the golden part's levels that this light leaves within 0 to 255."""
        most = 1.0 if self.uneven is None else self.uneven.most
        low, high = ((level - self.light.offset) / self.light.gain for level in (0.0, 255.0))
        return low, high / most
