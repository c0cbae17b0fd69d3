"""Where a registered picture differs from the golden one by more than passes: tone, and colour.

Both ways with edges allowed to lie a little off: a place is too bright where it is brighter than everything near it
on the golden part, or where everything near it is brighter than the golden part is there. The first sees spots,
splashes and bridges, the second breaks in thin lines, which are narrower than what edges may be off.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np

from watcher.inspection.limits import Reach, blurred, brightest, contrast, darkest, disc, softened
from watcher.vision.arrays import F32, U8

TONE = 12.0
"""Grey levels at sensitivity 0.5 on a flat part."""
TONE_SHARE = 0.12
"""Part of the contrast around a place that is added there: what prints strongly also varies strongly."""
COLOR = 14.0
"""Levels in the a, b plane of Lab at sensitivity 0.5."""
COLOR_SHARE = 0.3
NOISE = 2.5
"""Standard deviations of the picture's noise below which nothing counts: five after both sides are softened."""
ROUGH, ROUGH_SHARE = 4.0, 0.6
"""Grey levels, and part of its own, by which a surface may be rougher or smoother."""
ROUGH_SPREAD = 7.0
"""Standard deviations of the good samples' roughness that pass: it is looked at in very many places."""
SPREAD = 3.5
"""Standard deviations of the good samples that pass."""


@dataclass(frozen=True, slots=True, eq=False)
class Differences:
    """`seeds`: uint8, 255 where change is large enough to count. `reached`: 255 where there is any beyond
    the limits, which tells how far a defect goes. `ratios`: excess and limit (uint8); excess over
    limit is how strong."""

    seeds: U8
    reached: U8
    ratios: Sequence[tuple[U8, U8]]

    def strength(self, rows: slice, columns: slice) -> F32:
        """Change over what passes, 1 = just passes, at most `CAP`: float32 of that part."""
        parts = [excess[rows, columns].astype(np.float32) / limit[rows, columns] for excess, limit in self.ratios]
        strongest: F32 = np.minimum(np.maximum.reduce(parts), np.float32(CAP))
        return strongest


CAP = 6.0
_BENT = 4.0
_GREATER = cv2.CMP_GT
_cv2: Any = cv2


class Tone:
    """The golden part's brightness, and what passes around it."""

    def __init__(self, golden: U8, spread: F32 | None, bright: F32, dark: F32, reach: Reach) -> None:
        """`bright`, `dark` : grey levels that pass on a flat part, float32 of the golden part's shape."""
        self.golden = softened(golden)
        self.reach = reach
        self._high, self._low = brightest(self.golden, reach.edge), darkest(self.golden, reach.edge)
        # A line two pixels thinner and a little out of focus is still that line.
        self._fainter, self._fuller = (blurred(part(self.golden, 1)) for part in (darkest, brightest))
        around = contrast(self.golden).astype(np.float32) * TONE_SHARE
        self._bright, self._dark = (np.clip(part + around, 1, 255).astype(np.uint8) for part in (bright, dark))
        self._base = float(min(bright.min(), dark.min()))
        self._passes: U8 | None = None
        if spread is not None and spread.any():
            self._passes = np.clip(spread * SPREAD, 0, 255).astype(np.uint8)
        self._core = disc(reach.core)
        self._reached = disc(2 * reach.edge + 1)

    def differences(
        self, now: U8, compared: U8, noise: float = 0.0, shown: tuple[float, float] = (0.0, 255.0)
    ) -> Differences:
        """`now` (uint8, grey, registered, in the golden part's light) where `compared` is 255.

        `noise` : its standard deviation where the golden part is flat, grey levels. `shown` : the darkest and the
        brightest of the golden part's levels that this light leaves within 0 to 255: what lies beyond is clipped.
        """
        more_noise = max(0.0, NOISE * noise - self._base)
        bright_limit, dark_limit = (
            cast(U8, _cv2.add(limit, (more_noise,))) if more_noise else limit
            for limit in (self._bright, self._dark)
        )
        now, golden, edge = softened(now), self.golden, self.reach.edge
        high, low = brightest(now, edge), darkest(now, edge)
        least, most = _within(shown)
        off = cv2.absdiff(now, _cv2.max(_cv2.min(golden, most), least))
        varies = None if self._passes is None else cv2.compare(off, self._passes, _GREATER)
        brightest_due, fullest = (_cv2.max(part, least) for part in (self._high, self._fuller))
        darkest_due, faintest = (_cv2.min(part, most) for part in (self._low, self._fainter))
        bright = cv2.subtract(now, brightest_due), cv2.subtract(low, fullest)
        dark = cv2.subtract(darkest_due, now), cv2.subtract(faintest, high)
        seeds = np.zeros(now.shape, np.uint8)
        # Each way by itself: an edge that lies off leaves one sliver of each side by side, and no core.
        for more, less in zip(bright, dark, strict=True):
            brighter, darker = cv2.compare(more, bright_limit, _GREATER), cv2.compare(less, dark_limit, _GREATER)
            found = cv2.bitwise_and(cv2.bitwise_or(brighter, darker), compared)
            if varies is not None:
                cv2.bitwise_and(found, varies, dst=found)
            if cv2.countNonZero(found):
                cv2.bitwise_or(seeds, cv2.morphologyEx(found, cv2.MORPH_OPEN, self._core), dst=seeds)
        if not cv2.countNonZero(seeds):
            return Differences(seeds, seeds, ())
        lower = cv2.min(bright_limit, dark_limit)
        reached = cv2.bitwise_and(cv2.compare(off, lower, _GREATER), cv2.dilate(seeds, self._reached))
        ratios = ((cv2.max(*bright), bright_limit), (cv2.max(*dark), dark_limit))
        return Differences(
            seeds, cast(U8, cv2.bitwise_and(reached, compared)), cast(Sequence[tuple[U8, U8]], ratios)
        )


def _within(shown: tuple[float, float]) -> tuple[tuple[float], tuple[float]]:
    """As OpenCV takes them; a little further in, because what is nearly clipped is bent already."""
    least, most = shown
    return (least + _BENT if least > 0 else 0.0,), (most - _BENT if most < 255 else 255.0,)


class Texture:
    """How rough the golden part is: for surfaces whose grain differs from part to part."""

    def __init__(self, roughness: F32, spread: F32 | None, where: U8, reach: Reach) -> None:
        """`roughness` : of the good samples (float32, grey levels), see `rough`; `spread` : standard deviation of
        that from sample to sample. `where` : uint8, 255 = so."""
        self._golden = roughness
        limit = ROUGH_SHARE * roughness + ROUGH
        if spread is not None:
            limit = np.maximum(limit, ROUGH_SPREAD * cv2.sqrt(cv2.blur(cv2.multiply(spread, spread), (31, 31))))
        self._limit = np.clip(limit, 1, 255).astype(np.uint8)
        self._where = where
        self._core = disc(reach.core)

    def differences(self, now: U8, compared: U8) -> Differences:
        """`now` (uint8, grey, registered, in the golden part's light) where `compared` is 255."""
        excess = cast(U8, cv2.convertScaleAbs(cv2.subtract(rough(now), self._golden)))
        found = cv2.bitwise_and(cv2.compare(excess, self._limit, _GREATER), cv2.bitwise_and(compared, self._where))
        seeds = cast(U8, cv2.morphologyEx(found, cv2.MORPH_OPEN, self._core))
        return Differences(seeds, seeds, ((excess, self._limit),))


def rough(picture: U8) -> F32:
    """Standard deviation of the fine detail around every place, grey levels, float32."""
    exact = picture.astype(np.float32)
    fine = cv2.subtract(exact, cv2.GaussianBlur(exact, (0, 0), 2.0))
    return cast(F32, cv2.sqrt(cv2.GaussianBlur(cv2.multiply(fine, fine), (0, 0), 3.0)))


class Colour:
    """The golden part's colour at half size: cameras and JPEG do not give more."""

    def __init__(self, golden: U8, spread: F32 | None, limit: F32, reach: Reach) -> None:
        """`golden` : uint8, BGR, at half the size of what tone is compared at; `limit` : float32 of its shape;
        `spread` : standard deviation of the good samples' colour."""
        self._edge = max(1, reach.edge)
        self._golden = chroma(golden)
        self._high = [brightest(part, self._edge) for part in self._golden]
        self._low = [darkest(part, self._edge) for part in self._golden]
        around = cv2.max(*(contrast(part) for part in self._golden))
        self._limit = np.clip(limit + COLOR_SHARE * around.astype(np.float32), 1, 255).astype(np.uint8)
        self._core = disc(max(1, reach.core - 1))
        self._passes: U8 | None = None
        if spread is not None and spread.any():
            self._passes = np.clip(spread * SPREAD, 0, 255).astype(np.uint8)

    def differences(self, now: U8, compared: U8) -> Differences:
        """`now` (uint8, BGR, registered, half size) where `compared` (of the same size) is 255."""
        excess, apart = (np.zeros(compared.shape, np.uint8) for _ in range(2))
        for part, golden, high, low in zip(chroma(now), self._golden, self._high, self._low, strict=True):
            balanced = _balanced(part, golden)
            cv2.max(apart, cv2.absdiff(balanced, golden), dst=apart)
            off = cv2.max(cv2.subtract(balanced, high), cv2.subtract(low, balanced))
            cv2.max(excess, off, dst=excess)
        found = cv2.bitwise_and(cv2.compare(excess, self._limit, _GREATER), compared)
        if self._passes is not None:
            cv2.bitwise_and(found, cv2.compare(apart, self._passes, _GREATER), dst=found)
        seeds = cast(U8, cv2.morphologyEx(found, cv2.MORPH_OPEN, self._core))
        return Differences(seeds, seeds, ((excess, self._limit),))


def half(picture: U8) -> U8:
    """`picture` at half its size."""
    return cast(U8, cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))


def chroma(picture: U8) -> list[U8]:
    """a and b of Lab (uint8, 128 = none), a little softened."""
    soft = cv2.GaussianBlur(picture, (5, 5), 1.0)
    return [cast(U8, part) for part in cv2.split(cv2.cvtColor(soft, cv2.COLOR_BGR2Lab))[1:]]


def _balanced(part: U8, golden: U8) -> U8:
    """With the camera's white balance taken off: the shift that most of the picture has."""
    shift = float(np.median(part[::4, ::4].astype(np.int16) - golden[::4, ::4]))
    if abs(shift) < 1:
        return part
    table = np.clip(np.arange(256) - np.clip(shift, -16, 16), 0, 255).astype(np.uint8)
    return cast(U8, cv2.LUT(part, table))
