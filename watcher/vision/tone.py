"""The light on the whole picture: what each level of the reference has become in a frame.

A tone curve from expected to seen levels, fitted over a coarse grid of the picture. It covers brightness,
contrast, a camera's gamma, and all of them at once; what is clipped in either picture has no say.

The curve is a spline of straight pieces whose bends cost something (P. Eilers, B. Marx, "Flexible smoothing with
B-splines and penalties", Statistical Science 11(2), 1996, doi:10.1214/ss/1038425655), so that it goes on straight
where the picture has no such levels. It is fitted by iteratively reweighted least squares with the Geman-McClure
weight (S. Geman, D. McClure, "Statistical methods for tomographic image reconstruction", Bulletin of the ISI
52(4), 1987), so that an object covering part of the picture does not pull it along; it begins with the light
found last, or, where light has jumped, with the curve that makes the levels of both pictures equally frequent.
"""

from dataclasses import dataclass, field
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.vision.arrays import F32, F64, U8, median_of

GRID = (48, 36)
"""(width, height) of the grid on which light is matched: 1728 means of about 7 x 5 pixels."""

KNOTS: F64 = np.linspace(0, 256, 33)
"""Levels of the reference at which the curve may bend."""

CLIPPED = (3, 252)
"""Levels at which, and beyond which, a camera may have clipped what it saw."""

_MOST_CLIPPED = 0.02
"""Part of a cell that may be clipped while its mean still has a say."""

_STEP = float(KNOTS[1])
_BEND = 1e-4
"""What bends cost, beside a squared error of one level all over the picture."""

_STIFFNESS = 10.0
"""Grey levels squared that pull the slope towards 1 where the reference has too little contrast to tell."""

_PULL = 1e-3
"""What it costs to be steeper or flatter than the line nearest to the picture: little, where the picture has any
levels."""

_BLACK = 1e-3
"""How much of the picture counts as black that stays black, whatever the light: without it a curve goes on straight
from bright walls to where the picture has but little."""

NOTICED = 1.0
"""Grey levels by which light has to move some level of the picture to be another light."""

_CLOSE = 2.5
"""Grey levels from the light found last within which light has not jumped."""

_STAYS = 0.6
"""Part of what is noticed by which the picture may be beside the light found last while it is not found anew."""
_FEW = 0.005
"""Part of the picture that has little say in that."""

_LEAST_SLOPE = 0.1
"""A flatter curve cannot be gone back along."""


@dataclass(frozen=True, slots=True, eq=False)
class Tone:
    """What each level has become: `levels` float64 of shape (33,), at `KNOTS`, never falling; may leave 0-255.

    `gain` is the slope of the curve where the picture has levels.
    """

    levels: F64 = field(default_factory=KNOTS.copy)
    gain: float = 1.0

    @property
    def level(self) -> float:
        """What mid grey becomes."""
        return float(self.levels[16])

    def on(self, picture: F32) -> F32:
        """`picture` (float32, 0-255) in this light, as if no camera clipped it."""
        knot = _knots(picture)
        slopes = np.diff(self.levels) / _STEP
        lit = cv2.multiply(picture, cv2.LUT(knot, _table(slopes)))
        return cast(F32, cv2.add(lit, cv2.LUT(knot, _table(self.levels[:-1] - slopes * KNOTS[:-1])), dst=lit))

    def slope_on(self, picture: F32, least: float = 0.0) -> F32:
        """How much contrast `picture` (float32, 0-255) gains at each pixel, `least` or more."""
        return cast(F32, cv2.LUT(_knots(picture), _table(np.maximum(np.diff(self.levels) / _STEP, least))))

    def undone(self) -> F32:
        """What the levels 0 to 255 of a frame are in the light of the reference, float32 of shape (256,)."""
        rising = self.levels[0] + np.concatenate(
            ([0.0], np.cumsum(np.maximum(np.diff(self.levels), _LEAST_SLOPE * _STEP)))
        )
        return np.interp(np.arange(256), rising, KNOTS).clip(0, 255).astype(np.float32)


SAME_TONE = Tone()


def _knots(picture: F32) -> U8:
    """The knot below each pixel."""
    return (picture * np.float32(1 / _STEP)).astype(np.uint8)


def _table(values: F64) -> F32:
    """One value for each of the 32 pieces, as OpenCV's look-up tables want it."""
    table = np.zeros(256, np.float32)
    table[: values.size] = values
    return table


def coarse(picture: U8 | F32) -> F32:
    """Means of `picture` on the grid, float32 of shape (36, 48)."""
    if picture.shape[0] % 2 == 0 and picture.shape[1] % 2 == 0:
        # To half of the size first: 2:1 is what OpenCV does fast.
        half = (picture.shape[1] // 2, picture.shape[0] // 2)
        picture = cast(F32, cv2.resize(picture, half, interpolation=cv2.INTER_AREA))
    return cv2.resize(picture, GRID, interpolation=cv2.INTER_AREA).astype(np.float32)


def unclipped(picture: U8 | F32) -> NDArray[np.bool_]:
    """Cells of the grid, bool of shape (36, 48), in which (nearly) nothing of `picture` is clipped."""
    darkest, brightest, _, _ = cv2.minMaxLoc(picture)
    if CLIPPED[0] < darkest and brightest < CLIPPED[1]:
        return np.ones(GRID[::-1], np.bool_)
    inside = cv2.inRange(picture, CLIPPED[0] + 1, CLIPPED[1] - 1)
    return coarse(cast(U8, inside)) > 255 * (1 - _MOST_CLIPPED)


def tone_on(frame: F32, reference: F32, weight: F32, start: Tone = SAME_TONE, noticed: float = NOTICED) -> Tone:
    """The light on `frame` relative to `reference`, both from `coarse`.

    `weight` is how much of each cell is watched, 0 to 1, same shape; 0 where either is clipped (`unclipped`).
    `start` is where to begin: the light found last. It comes back itself where nothing has changed, and
    `SAME_TONE` where frame and reference lie in the same, both to `noticed` grey levels.
    """
    fit = _fit(frame, reference, weight)
    if fit is None:
        return start
    levels = start.levels
    residual, scale = fit.left(levels)
    if noticed > 0 and fit.holds(residual, scale, noticed):
        return start
    if scale > _CLOSE:
        for other in (fit.line(levels), fit.as_frequent()):
            if (apart := fit.left(other)[1]) < scale:
                levels, scale = other, apart
    light = fit.refined(levels)
    if fit.apart(light.levels, KNOTS) < min(noticed, NOTICED):
        return SAME_TONE
    return start if fit.apart(light.levels, start.levels) < noticed else light


def line_on(frame: F32, reference: F32, weight: F32) -> Tone:
    """The straight line that most of `frame` follows; arguments as those of `tone_on`."""
    fit = _fit(frame, reference, weight)
    if fit is None:
        return SAME_TONE
    levels = fit.line(KNOTS)
    return Tone(levels, float(levels[-1] - levels[0]) / float(KNOTS[-1]))


class _Fit:
    """Samples of what was expected (`y`) and seen (`x`), with how much each of them counts (`part`)."""

    def __init__(self, x: F64, y: F64, part: F64) -> None:
        self._x, self._y, self._part = x, y, part
        place = y * (1 / _STEP)
        self._knot = place.astype(np.intp)
        self._after = place - self._knot

    def expected(self, levels: F64) -> F64:
        """The levels that the samples should have."""
        rise = (levels[1:] - levels[:-1])[self._knot]
        rise *= self._after
        rise += levels[self._knot]
        return rise

    def left(self, levels: F64) -> tuple[F64, float]:
        """How far each of the samples is from a curve, and how far most of them are, grey levels."""
        residual = self._x - self.expected(levels)
        return residual, _scale(residual)

    def holds(self, residual: F64, scale: float, noticed: float) -> bool:
        """Whether samples so far from a curve lie around it at every level, to less than `noticed`."""
        if scale > _CLOSE:
            return False
        trust = self._trusted(residual, scale)
        few = _FEW * float(trust.sum())
        beside = _summed(self._knot, trust * residual) / (_summed(self._knot, trust) + few)
        return float(np.abs(beside).max()) < _STAYS * noticed

    def apart(self, one: F64, other: F64) -> float:
        """How far two curves are from each other at the levels that the picture has."""
        return float(np.abs(self.expected(one - other)).max())

    def line(self, levels: F64) -> F64:
        """The straight line from there on: less apt than a curve, and harder to lead astray."""
        near = self.expected(levels)
        for _ in range(8):
            trust = self._trust(near)
            mean_x, mean_y, slope = float(trust @ self._x), float(trust @ self._y), self._slope(trust)
            near, before = mean_x + slope * (self._y - mean_y), near
            if float(np.abs(near - before).max()) < 0.5:
                break
        return mean_x + slope * (KNOTS - mean_y)

    def as_frequent(self) -> F64:
        """The curve under which the levels expected become as frequent as those seen are."""
        before, now = _spread_out(self._y), _spread_out(self._x)
        rising = np.concatenate(([True], np.diff(before) > 0.5))
        before, now = before[rising], now[rising]
        # Beyond both ends nothing is known: as far from the ends as before.
        beyond = np.minimum(KNOTS - before[0], 0) + np.maximum(KNOTS - before[-1], 0)
        return np.asarray(np.interp(KNOTS, before, now) + beyond, np.float64)

    def _trust(self, near: F64) -> F64:
        residual = self._x - near
        trust = self._trusted(residual, _scale(residual))
        trust *= 1 / max(float(trust.sum()), 1e-9)
        return trust

    def _trusted(self, residual: F64, scale: float) -> F64:
        far = residual * (0.5 / scale)
        far *= far
        far += 1
        far *= far
        return np.divide(self._part, far, out=far)

    def refined(self, levels: F64) -> Tone:
        """The curve from there on, in at most eight rounds."""
        for _ in range(8):
            trust = self._trust(self.expected(levels))
            before, levels = levels, self._solved(trust)
            if self.apart(levels, before) < 0.5:
                break
        return Tone(levels, self._slope(trust))

    def _solved(self, trust: F64) -> F64:
        count, k, f = KNOTS.size, self._knot, self._after
        matrix = (_BEND * _BENDS + _PULL * _SLOPES).ravel()
        matrix[0] += _BLACK
        # Of a sample so far behind its knot: the squares and the product of its parts at this knot and the next.
        at_next = trust * f
        both = at_next * f
        summed, summed_next, square = (_summed(k, one) for one in (trust, at_next, both))
        across = (summed_next - square)[:-1]
        here = summed - 2 * summed_next + square
        here[1:] += square[:-1]
        matrix[:: count + 1] += here
        matrix[1 :: count + 1] += across
        matrix[count :: count + 1] += across
        seen, seen_next = (_summed(k, one * self._x) for one in (trust, at_next))
        wanted = seen - seen_next
        wanted[1:] += seen_next[:-1]
        wanted += _PULL * _STEP * self._slope(trust) * _ENDS
        return np.maximum.accumulate(np.linalg.solve(matrix.reshape(count, count), wanted))

    def _slope(self, trust: F64) -> float:
        """The slope of the line nearest to the trusted samples, whose trust adds up to 1."""
        y = self._y - float(trust @ self._y)
        weighted = trust * y
        return (float(weighted @ self._x) + _STIFFNESS) / (float(weighted @ y) + _STIFFNESS)


def _fit(frame: F32, reference: F32, weight: F32) -> _Fit | None:
    """The samples of all cells that count; None where they are too few."""
    # What goes on in cells that are not watched says nothing, not even of the scale.
    seen = np.flatnonzero(weight.ravel() > 0.05)
    if seen.size < 8:
        return None
    x, y, part = (one.ravel()[seen].astype(np.float64) for one in (frame, reference, weight))
    return _Fit(x, y, part)


def _spread_out(values: F64) -> F64:
    """The 33 quantiles of the values, which are float32 in float64's clothes: to sort so few takes a fifth of the
    time of `numpy.quantile`."""
    ranked = np.sort(values.astype(np.float32)).astype(np.float64)
    places = np.linspace(0, 1, KNOTS.size) * (values.size - 1)
    lower = places.astype(np.intp)
    below, above = ranked[lower], ranked[np.minimum(lower + 1, values.size - 1)]
    return np.asarray(below + (above - below) * (places - lower), np.float64)


def _scale(residual: F64) -> float:
    # Half of the bytes are sorted in half of the time.
    return max(1.0, 1.4826 * median_of(np.abs(residual.astype(np.float32))))


def _summed(knot: NDArray[np.intp], values: F64) -> F64:
    """The sum of the values at each knot, float64 of shape (33,)."""
    return np.asarray(np.bincount(knot, values, KNOTS.size), np.float64)


def _penalty(order: int) -> F64:
    differences = np.diff(np.eye(KNOTS.size), order, axis=0)
    return np.asarray(differences.T @ differences, np.float64)


_BENDS, _SLOPES = _penalty(2), _penalty(1)
_ENDS: F64 = np.diff(np.eye(KNOTS.size), axis=0).sum(axis=0)
