"""From a comparison to a map of change: float32 in [0, 1], 0 = same, 1 = different.

Two measures are joined, each scaled so that 0.5 is where it counts as change:

* structure: ``1 - structure term of SSIM`` in the form of `watcher.vision.ssim`, with the variance that noise
  alone gives to the difference taken off first. Sees texture that came, went or moved, and edges.
* tone: the windowed mean of the difference beyond what noise gives. Sees flat patches, which structure alone
  leaves hollow (+40 grey levels on a flat patch: SSIM 0.964 at its centre).

The window makes structure change reach its own radius beyond every object; `without_halo` takes that off again.
"""

from dataclasses import dataclass
from functools import cache
from typing import Protocol, cast

import cv2
import numpy as np

from watcher.vision.arrays import F32, U8, Window, above, at_least_0, up_to, window_around
from watcher.vision.rough import Rough
from watcher.vision.scratch import borrowed, give_back
from watcher.vision.ssim import Comparison, window_mean

STRUCTURE = 0.35
TONE = 20.0
COLOR = 14.0
"""At sensitivity 0.5: the loss of structure, the shift of tone (grey levels) and of colour (levels in the Cr, Cb
plane) that count as change. Chosen on five public sequences with labelled pixels (CDnet highway and office, SBI
HallAndMonitor, HighwayI, IBMtest2); they stand on a plateau: F moves by less than 0.01 for 20 % either way."""

AROUND = 4
"""Pixels around suspects that are looked at with them."""

WORTH_A_WINDOW = 8000
"""Pixels for which a window more takes less time than they do."""

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

    spread: F32
    deviation: F32
    level: Levels
    times: float


class Limits:
    """What a frame must stay below everywhere to be quiet, from the noise and the reference; cached.

    Structure change is ``ve / (vx + vy + C2)`` and vx is not negative: where ``ve`` stays below the level times
    ``vy + C2`` (plus what noise gives) there is no change, and neither vx nor the covariance need be known.

    Attributes
    ----------
    spread : windowed variance of the noise, float32 (h, w). `deviation` : its root.
    times : how many times that is taken off the variance of the difference.

    What is made of these for few frames is not kept: that takes moments, and a plane of each camera's memory would
    be taken for good.
    """

    times = _NOISE_SPREAD

    def __init__(self, spread: F32, comparison: Comparison, level: Levels) -> None:
        self.level = level
        self.spread: F32 = np.empty(comparison.shape, np.float32)
        self.deviation: F32 = np.empty(comparison.shape, np.float32)
        self._variance: F32 = np.empty(comparison.shape, np.float32)
        self._comparison = comparison
        self._rough = Rough(comparison, self.least)
        self.renew(spread)

    def renew(self, spread: F32) -> None:
        """Another noise."""
        window_mean(spread, 2.0, self.spread)
        cv2.sqrt(self.spread, dst=self.deviation)
        # The square of a windowed mean below which nothing differs in tone, wherever it is.
        self._least_tone = (self.level.tone + cv2.minMaxLoc(self.deviation)[0]) ** 2
        self.follow()

    def follow(self) -> None:
        """Another reference, with the noise known so far."""
        self._variance_holds = False
        self._rough.follow()

    def least(self) -> F32:
        """Up to which mean square of the difference a pixel is quiet whatever the difference is."""
        tone = self.deviation + np.float32(self.level.tone)
        return cast(F32, cv2.min(self._most_variance(), np.square(tone, out=tone)))

    def suspects(self, comparison: Comparison, watched: U8) -> U8 | None:
        """Watched pixels (uint8, 255) that may have changed; None where there is none: a quiet frame."""
        near = self._rough.window(comparison, AROUND)
        if near is None:
            return None
        # Most of that is told by its squared difference alone, and elsewhere it tells where to look closer.
        variance, most = self._most_variance(), comparison.most_in(near)
        maybe = above(most, variance[near])
        cv2.bitwise_or(maybe, above(most, self._least_tone), dst=maybe)
        if not cv2.countNonZero(maybe):
            self._rough.found(None)
            return None
        rows, columns = window_around(maybe, AROUND)
        top, left = near[0].start, near[1].start
        window = slice(top + rows.start, top + rows.stop), slice(left + columns.start, left + columns.stop)
        self._rough.found(window)
        part = comparison.part(window)
        over = above(part.variance, variance[window])
        tone = np.abs(part.mean)
        tone -= self.deviation[window]
        cv2.bitwise_or(over, above(tone, self.level.tone), dst=over)
        found = np.zeros(watched.shape, np.uint8)
        cv2.bitwise_and(over, watched[window], dst=found[window])
        return found if cv2.countNonZero(found) else None

    def _most_variance(self) -> F32:
        """What the variance of the difference stays below."""
        if not self._variance_holds:
            self._variance = self._comparison.plus_reference_variance(
                self.spread, self.times, self.level.structure, out=self._variance
            )
            self._variance_holds = True
        return self._variance


@dataclass(frozen=True, slots=True, eq=False)
class ChangeMap:
    """`structure` and `tone` (and colour, joined into tone): float32 of shape (h, w), 0.5 = counts."""

    structure: F32
    tone: F32

    def joined(self, into: F32 | None = None) -> F32:
        """The larger of the two, 0 to 1; written into an array where one is given."""
        return up_to(at_least_0(cast(F32, cv2.max(self.structure, self.tone, dst=into))), 1)

    def also(self, tone: F32) -> "ChangeMap":
        """The same with another tone (or colour), where that has changed by more."""
        return ChangeMap(self.structure, np.maximum(self.tone, tone))

    def by(self, factor: F32) -> "ChangeMap":
        """Where `factor` times as much must change to count."""
        structure, tone = (cv2.divide(one, factor) for one in (self.structure, self.tone))
        return ChangeMap(cast(F32, structure), cast(F32, tone))


Changes = list[tuple[Window, ChangeMap]]
"""The change inside of a few windows that do not meet; elsewhere there is none."""


def sharp_in(changes: Changes, shape: tuple[int, int], besides: U8 | None = None) -> U8:
    """255 where the structure has changed, of the whole picture's `shape`, and `besides`."""
    sharp = np.zeros(shape, np.uint8) if besides is None else besides.copy()
    for window, change in changes:
        there = sharp[window]
        cv2.bitwise_or(there, above(change.structure, 0.5), dst=there)
    return sharp


class Mapped:
    """The change of one frame as a map of the whole picture, in an array that is lent until nothing is changed."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._shape = shape
        self._map: F32 | None = None

    def of(self, changes: Changes) -> F32:
        """The map, float32 (h, w); holds until the next one is asked for."""
        if self._map is None:
            self._map = borrowed(self._shape, np.float32)
        self._map.fill(0)
        for window, change in changes:
            change.joined(self._map[window])
        return self._map

    def let_go(self) -> None:
        """Nothing is changed any more."""
        if self._map is not None:
            give_back(self._map)
            self._map = None


def change_map(comparison: Comparison, limits: Beyond, window: Window) -> ChangeMap:
    """Structure and tone change of the loaded frame inside `window`, noise taken off."""
    part, level = comparison.part(window), limits.level
    structure = cv2.scaleAdd(limits.spread[window], -limits.times, part.variance)
    cv2.divide(structure, comparison.structure_in(part), dst=structure, scale=0.5 / level.structure)
    tone = np.abs(part.mean)
    tone -= limits.deviation[window]
    tone *= np.float32(0.5 / level.tone)
    return ChangeMap(cast(F32, structure), tone)


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
    return cast(U8, cv2.erode(changed, _disc(reach)))


@cache
def _disc(reach: int) -> U8:
    return cast(U8, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1)))
