"""From a comparison to a map of change: float32 in [0, 1], 0 = same, 1 = different.

Two measures are joined, each scaled so that 0.5 is where it counts as change:

* structure: ``1 - structure term of SSIM`` in the form of `watcher.vision.ssim`, with the variance that noise
  alone gives to the difference taken off first. Sees texture that came, went or moved, and edges.
* tone: the windowed mean of the difference beyond what noise gives. Sees flat patches, which structure alone
  leaves hollow (+40 grey levels on a flat patch: SSIM 0.964 at its centre).

The window makes structure change reach its own radius beyond every object; `without_halo` takes that off again.
"""

from dataclasses import dataclass
from typing import Protocol, cast

import cv2
import numpy as np

from watcher.vision.arrays import F32, U8, Window, above
from watcher.vision.ssim import C2, Comparison, window_mean

STRUCTURE = 0.35
TONE = 20.0
COLOR = 14.0
"""At sensitivity 0.5: the loss of structure, the shift of tone (grey levels) and of colour (levels in the Cr, Cb
plane) that count as change. Chosen on five public sequences with labelled pixels (CDnet highway and office, SBI
HallAndMonitor, HighwayI, IBMtest2); they stand on a plateau: F moves by less than 0.01 for 20 % either way."""

_NOISE_SPREAD = 4.0
"""How many times the noise's variance is taken off the variance of the difference. A window of sigma 1.5 holds
about 28 independent pixels, so its variance scatters by 27 %: 4 is eleven such deviations above the mean."""


@dataclass(frozen=True, slots=True)
class Levels:
    """What counts as change, per measure."""

    structure: float
    tone: float
    color: float


def levels(sensitivity: float) -> Levels:
    """The levels for a sensitivity of 0 (only blatant change) to 1: an eighth of the change at 1 as at 0."""
    factor = 8.0 ** (0.5 - sensitivity)
    return Levels(min(0.95, STRUCTURE * factor), TONE * factor, COLOR * factor)


class Beyond(Protocol):
    """What is taken off a comparison, and what counts beyond that."""

    noise: F32
    level: Levels


class Limits:
    """What a frame must stay below everywhere to be quiet, from the noise and the reference; cached.

    Structure change is ``ve / (vx + vy + C2)`` and vx is not negative: where ``ve`` stays below the level times
    ``vy + C2`` (plus what noise gives) there is no change, and neither vx nor the covariance need be known.
    """

    def __init__(self, spread: F32, comparison: Comparison, level: Levels) -> None:
        self.noise = window_mean(spread, 2.0)
        self.spread = self.noise.copy()
        np.multiply(self.noise, _NOISE_SPREAD, out=self.noise)
        self.variance = self.noise + level.structure * (comparison.reference_variance + C2)
        self.mean_square: F32 = np.square(np.sqrt(self.noise) * np.float32(0.5) + np.float32(level.tone))
        self._tone_square = level.tone**2
        self.level = level

    def suspects(self, comparison: Comparison, watched: U8) -> U8 | None:
        """Watched pixels (uint8, 255) that may have changed; None where there is none: a quiet frame."""
        # Most quiet frames are told by their squared difference alone.
        most = comparison.most
        if not cv2.countNonZero(above(most, self.variance)) and not cv2.countNonZero(
            above(most, self._tone_square)
        ):
            return None
        found = None
        for value, limit in (
            (comparison.variance, self.variance),
            (comparison.mean_square, self.mean_square),
        ):
            over = above(value, limit)
            if cv2.countNonZero(over):
                found = over if found is None else cast(U8, cv2.bitwise_or(found, over, dst=found))
        if found is None or cv2.countNonZero(cv2.bitwise_and(found, watched, dst=found)) == 0:
            return None
        return found


@dataclass(frozen=True, slots=True, eq=False)
class ChangeMap:
    """`structure` and `tone` (and colour, joined into tone): float32 of shape (h, w), 0.5 = counts."""

    structure: F32
    tone: F32

    def joined(self) -> F32:
        """The larger of the two, at most 1."""
        return np.minimum(np.maximum(self.structure, self.tone), np.float32(1))


def change_map(comparison: Comparison, limits: Beyond, window: Window) -> ChangeMap:
    """Structure and tone change of the loaded frame inside `window`, noise taken off."""
    structure = comparison.variance[window] - limits.noise[window]
    np.maximum(structure, 0, out=structure)
    np.divide(structure, comparison.structure_in(window), out=structure)
    structure *= 0.5 / limits.level.structure
    tone = np.sqrt(comparison.mean_square[window])
    tone -= np.float32(0.5) * np.sqrt(limits.noise[window])
    np.maximum(tone, 0, out=tone)
    tone *= 0.5 / limits.level.tone
    return ChangeMap(structure, tone)


def changed_pixels(change: ChangeMap, watched: U8, reach: int) -> U8:
    """Pixels above 0.5, 255 or 0: of structure without the window's reach, and of tone."""
    structure = without_halo(above(change.structure, 0.5), reach)
    changed = cv2.bitwise_or(structure, above(change.tone, 0.5))
    return most(cast(U8, changed), watched)


def most(changed: U8, watched: U8) -> U8:
    """What most of the 5x5 pixels around are, 255 or 0, where it is `watched`."""
    # The median of pixels that are 0 or 255: a mean and a comparison, which OpenCV does in a fifth of the time.
    most = above(cast(U8, cv2.blur(changed, (5, 5), borderType=cv2.BORDER_REPLICATE)), 127)
    return cast(U8, cv2.bitwise_and(most, watched))


def without_halo(changed: U8, reach: int) -> U8:
    """`changed` less a rim of `reach` pixels: what the comparison's window added around each object."""
    if reach < 1:
        return changed
    rim = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    return cast(U8, cv2.erode(changed, rim))
