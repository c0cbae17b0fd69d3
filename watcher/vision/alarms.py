"""So many false alarms a day: how faint a change may be for noise alone to make no more events than that.

With `detector.false_alarms` every frame that shows nothing at the usual level is looked at once more, at a level
that rests on the measured noise of each part of the picture alone: `ease` times its variance is taken off before
anything counts. What is found so is a *hit* where it would count as an event if it lasted. An event needs `frames`
hits one after the other, so that of independent frames with hit probability p a part p^frames (1 - p) begins one
(the distribution of runs: W. Feller, "An Introduction to Probability Theory and Its Applications" I, 3rd ed. 1968,
XIII.7), and p follows from the alarms wanted and the frames of a day. Frames are not quite independent (a reference
that is off by a little, for one), so that the chance of a hit after a hit is measured, too.

`ease` is found by stochastic approximation (H. Robbins, S. Monro, "A stochastic approximation method", Annals of
Mathematical Statistics 22(3), 1951, doi:10.1214/aoms/1177729586): every frame without a hit lowers it by step x p,
every hit raises it by step x (1 - p). Whatever the noise is, and however it changes, the share of hits cannot
differ from p for long, which no formula for the tail of camera noise could promise; that matters because the rate
of runs goes with a high power of it. Steps become smaller while hits are counted, down to one with which the share
stays within a few percent. Until `_TRUSTED` hits have been counted nothing is reported at this level.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from watcher.vision.arrays import F32
from watcher.vision.change import Levels

ALARMS = "alarms"
"""The name of what was learnt, beside the reference's own arrays."""

DAY = 86400.0

_FAINT = Levels(0.02, 1.0, 1.0)
"""Loss of structure, grey levels and levels of colour beyond what noise gives: next to nothing."""

_EASE = (0.05, 64.0)
"""The least and the most that may be taken off, in variances of the noise."""

_FIRST_EASE = 2.0
_FIRST_STEP = 0.1
_LAST_STEP = 0.004
"""Steps of the logarithm of `ease`."""

_TRUSTED = 30
"""Hits from which the level is known well enough to report what is beyond it."""

_COMPANY = 400.0
"""Hits over which the chance of a hit after a hit is measured, against that of independent frames."""

_SUPPOSED = 40.0
"""So many hits' weight has the supposition that frames are independent."""

_MOST_PROBABLE = 0.3


@dataclass(frozen=True, slots=True)
class Wanted:
    """`a_day` false alarms; an event is at least two frames and `rise` seconds in which a zone (key "": everything
    watched) has its part of `thresholds` changed."""

    a_day: float
    rise: float
    thresholds: Mapping[str, float]


class FaintLimits:
    """What `change_map` subtracts from a comparison: `ease` times the variance of the noise (float32 (h, w))."""

    def __init__(self, spread: F32, ease: float) -> None:
        self.spread, self.times, self.level = spread, ease, _FAINT
        self.deviation: F32 = np.sqrt(spread) * np.float32(0.5 * math.sqrt(ease))


class Alarms:
    """Finds the level for the alarms that are wanted, from frames in which nothing happens."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._log = math.log(_FIRST_EASE)
        self._hits = 0
        self._before = False
        self._company = 1.0
        self._at: float | None = None
        self._interval = 0.0

    @property
    def ease(self) -> float:
        """How many variances of the noise are taken off before anything counts."""
        return math.exp(self._log)

    @property
    def known(self) -> bool:
        """Whether what is beyond the level may be reported."""
        return self._hits >= _TRUSTED

    @property
    def thresholds(self) -> Mapping[str, float]:
        """The changed fraction of each zone that is a hit."""
        return self._wanted.thresholds

    def passed(self, at: float) -> None:
        """A frame of time `at` (seconds) that says nothing of the noise."""
        self._clock(at)
        self._before = False

    def note(self, hit: bool, at: float) -> None:
        """A frame of time `at` in which nothing happens at the usual level, and whether noise alone counts."""
        if not self._clock(at):
            return
        probability = self.probability
        step = max(_LAST_STEP, _FIRST_STEP / (1 + self._hits / 4))
        self._log += step * ((1 - probability) if hit else -probability)
        self._log = min(max(self._log, math.log(_EASE[0])), math.log(_EASE[1]))
        if self._before and self.known:
            self._count_company(hit, probability)
        self._hits += hit
        self._before = hit

    @property
    def probability(self) -> float:
        """How many of the frames may be hits."""
        if self._interval <= 0:
            return 0.01
        rate = min(self._wanted.a_day * self._interval / DAY, 0.05)
        frames = max(2, math.ceil(self._wanted.rise / self._interval - 1e-6) + 1)
        probability: float = rate ** (1 / frames)
        for _ in range(8):  # p (c p)^(n - 1) (1 - c p) = rate
            after = min(self._company * probability, 0.9)
            probability = (rate / (1 - after) / self._company ** (frames - 1)) ** (1 / frames)
        return min(max(probability, 1e-4), _MOST_PROBABLE)

    def _count_company(self, hit: bool, probability: float) -> None:
        """A frame after a hit: `company` is how many times as probable a hit is there."""
        weight = 1 / min(self._hits - _TRUSTED + _SUPPOSED, _COMPANY)
        self._company += weight * (hit / probability - self._company)
        self._company = min(max(self._company, 0.2), 20.0)

    def memory(self) -> dict[str, NDArray[np.generic]]:
        """What must survive a restart."""
        return {ALARMS: np.array([self._log, self._hits, self._company])} if self.known else {}

    def remember(self, memory: Mapping[str, NDArray[np.generic]]) -> None:
        """Begin with what `memory` gave, if it is whole."""
        kept = memory.get(ALARMS)
        if kept is None or kept.shape != (3,) or kept.dtype != np.float64 or not np.all(np.isfinite(kept)):
            return
        ease, hits, company = (float(value) for value in kept)
        self._log = min(max(ease, math.log(_EASE[0])), math.log(_EASE[1]))
        self._hits, self._company = max(0, int(hits)), min(max(company, 0.2), 20.0)

    def _clock(self, at: float) -> bool:
        """Measure the time from frame to frame; whether this one follows the last."""
        before, self._at = self._at, at
        if before is None or not 0 < at - before < 60:
            return False
        apart = at - before
        self._interval = apart if not self._interval else self._interval + 0.02 * (apart - self._interval)
        return True
