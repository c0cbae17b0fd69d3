"""Tone, colour and grain of a registered picture against the golden part, each where it suits."""

from dataclasses import replace
from typing import cast

import cv2
import numpy as np

from watcher.inspection.difference import SPREAD, Colour, Differences, Texture, Tone, rough
from watcher.inspection.golden import Golden
from watcher.inspection.lighting import Lit
from watcher.inspection.limits import Reach
from watcher.inspection.registering import Placed
from watcher.inspection.tolerances import Tolerances
from watcher.vision.arrays import F32, U8
from watcher.vision.geometry import Size

_VARIED = 1.5
"""Where the samples vary by so many times what passes on a flat part, tone says little and grain is looked at."""


_NEIGHBOURS = 9
_PRIOR = 8.0
"""So many samples is worth what the neighbourhood says."""


class Compared:
    """A golden part, with the measures of change that suit each of its places."""

    def __init__(self, golden: Golden, picture: U8, allowed: Tolerances, reach: Reach) -> None:
        """`picture` : the golden one at the analysed size, uint8, BGR or grey."""
        grey = picture if picture.ndim == 2 else cast(U8, cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))
        self._size: Size = (grey.shape[1], grey.shape[0])
        self._allowed = allowed
        spread = None
        if golden.count > 1:
            spread = cast(F32, cv2.resize(golden.spread, self._size, interpolation=cv2.INTER_AREA))
            spread = at_least_around(spread, golden.count)
        self._tone = Tone(grey, spread, allowed.bright, allowed.dark, reach)
        self._colour = self._colours(golden, picture, reach) if allowed.hue.any() else None
        self._texture = self._grain(golden, grey, spread, reach)

    def differences(self, picture: U8, placed: Placed, now: U8, lit: Lit) -> Differences:
        """`picture` as it came, at the analysed size; `now` its grey, registered and in the golden part's light."""
        allowed, compared = self._allowed, placed.compared
        toned = compared if allowed.tone.all() else cast(U8, cv2.bitwise_and(compared, allowed.tone))
        found = self._tone.differences(now, toned, lit.noise, lit.shown)
        if self._colour is not None and picture.ndim == 3:
            x, y = (cv2.resize(part, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) for part in placed.maps)
            seen = cast(U8, cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
            size = seen.shape[1], seen.shape[0]
            there = cv2.resize(cv2.bitwise_and(compared, allowed.hue), size, interpolation=cv2.INTER_NEAREST)
            found = _joined(found, self._colour.differences(lit.levelled(seen), cast(U8, there)), self._size)
        if self._texture is not None:
            found = _joined(found, self._texture.differences(now, compared), self._size)
        return found

    def _colours(self, golden: Golden, picture: U8, reach: Reach) -> Colour | None:
        """None where the golden part is grey: three times the same."""
        if picture.ndim == 2 or not cv2.absdiff(picture[..., 0], picture[..., 2]).any():
            return None
        half, limit = (
            cv2.resize(part, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
            for part in (picture, self._allowed.color)
        )
        spread = golden.hue_spread
        if spread is not None:
            spread = cast(F32, cv2.resize(spread, (limit.shape[1], limit.shape[0]), interpolation=cv2.INTER_AREA))
            spread = at_least_around(spread, golden.count)
        return Colour(cast(U8, half), spread, cast(F32, limit), reach)

    def _grain(self, golden: Golden, grey: U8, spread: F32 | None, reach: Reach) -> Texture | None:
        where = self._allowed.grain == 255
        if spread is not None:
            varied = cv2.blur(spread, (9, 9)) * SPREAD > _VARIED * self._allowed.bright
            where |= (self._allowed.grain == 128) & varied
        if not where.any():
            return None
        roughness = rough(grey)
        if golden.count > 1 and golden.rough is not None:  # the mean of many is smoother than any of them
            roughness = cast(F32, cv2.resize(golden.rough, self._size, interpolation=cv2.INTER_AREA))
        varies = golden.rough_spread
        if varies is not None:
            varies = cast(F32, cv2.resize(varies, self._size, interpolation=cv2.INTER_AREA))
        return Texture(roughness, varies, where.astype(np.uint8) * np.uint8(255), reach)


def at_least_around(spread: F32, count: int) -> F32:
    """`spread` of so many samples, where it is less than about the place at least most of the way to that.

    Of few samples a deviation is often too small by chance; shrunk towards that of its neighbourhood as G. Smyth
    does it ("Linear models and empirical Bayes methods", Statistical Applications in Genetics and Molecular Biology
    3(1), 2004, doi:10.2202/1544-6115.1027).
    """
    squares = cv2.multiply(spread, spread)
    around = cv2.blur(squares, (_NEIGHBOURS, _NEIGHBOURS))
    shrunk = cv2.addWeighted(squares, count / (count + _PRIOR), around, _PRIOR / (count + _PRIOR), 0)
    return cast(F32, cv2.max(spread, cv2.sqrt(shrunk)))


def _joined(one: Differences, other: Differences, size: Size) -> Differences:
    """Both, at the analysed size."""
    if not cv2.countNonZero(other.seeds):
        return one

    def large(part: U8) -> U8:
        if (part.shape[1], part.shape[0]) == size:
            return part
        return cast(U8, cv2.resize(part, size, interpolation=cv2.INTER_NEAREST))

    seeds = large(other.seeds)
    more = ((large(excess), large(limit)) for excess, limit in other.ratios)
    return replace(
        one,
        seeds=cast(U8, cv2.bitwise_or(one.seeds, seeds)),
        reached=cast(U8, cv2.bitwise_or(one.reached, seeds)),
        ratios=(*one.ratios, *more),
    )
