"""The light on the whole picture: brightness and contrast of a frame relative to its reference.

A robust straight line, frame = gain x reference + offset, over a coarse grid of the picture, by iteratively
reweighted least squares with the Geman-McClure weight (S. Geman, D. McClure, "Statistical methods for
tomographic image reconstruction", Bulletin of the ISI 52(4), 1987), so that an object covering part of the
picture does not pull it along.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from watcher.vision.arrays import F32, U8

GRID = (32, 24)
"""(width, height) of the grid on which light is matched: 768 means of about 10 x 8 pixels."""

GAINS = (0.4, 2.5)
"""Beyond these nothing of the reference can be told any more in 8 bits."""

_STIFFNESS = 50.0
"""Grey levels squared that pull the gain towards 1 where the reference has too little contrast to tell."""


@dataclass(frozen=True, slots=True)
class Light:
    """frame = gain x reference + offset; the offset in grey levels (0-255)."""

    gain: float = 1.0
    offset: float = 0.0

    def differs(self, other: "Light") -> bool:
        """Whether the two would move mid grey or contrast by half a grey level or more."""
        return abs(self.gain - other.gain) > 0.004 or abs(self.level - other.level) > 0.5

    @property
    def level(self) -> float:
        """What mid grey becomes."""
        return self.gain * 128 + self.offset


SAME_LIGHT = Light()


def coarse(picture: U8 | F32) -> F32:
    """Means of `picture` on the grid, float32 of shape (24, 32)."""
    return cv2.resize(picture, GRID, interpolation=cv2.INTER_AREA).astype(np.float32)


def light_on(frame: F32, reference: F32, weight: F32, start: Light = SAME_LIGHT) -> Light:
    """The light on `frame` relative to `reference`, both from `coarse`.

    `weight` is how much of each cell is watched, 0 to 1, same shape. `start` is where to begin: the light found
    last. At most four rounds from there.
    """
    seen = weight > 0.05  # what goes on in cells that are not watched says nothing, not even of the scale
    x, y, part = frame[seen], reference[seen], weight[seen]
    if not part.size:
        return SAME_LIGHT
    light = start
    for _ in range(4):
        residual = np.abs(x - light.gain * y - light.offset)
        scale = max(1.0, 1.4826 * float(np.median(residual)))
        trust = part / (1 + (residual / (2 * scale)) ** 2) ** 2
        total = float(trust.sum())
        if total < 1e-3:
            return SAME_LIGHT
        mean_x, mean_y = float(trust @ x) / total, float(trust @ y) / total
        spread = float(trust @ (y - mean_y) ** 2) / total
        shared = float(trust @ ((x - mean_x) * (y - mean_y))) / total
        gain = min(max((shared + _STIFFNESS) / (spread + _STIFFNESS), GAINS[0]), GAINS[1])
        before, light = light, Light(gain, mean_x - gain * mean_y)
        if not light.differs(before):
            break
    return light
