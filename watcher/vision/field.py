"""Light that falls on a part of the picture: a lamp's cone, a cloud's edge, darker corners.

Such light leaves the texture as it was, brighter or darker by a factor that changes gradually from place to place.
So the picture is cut along edges that light cannot make: where the frame has a steep edge that the reference, in
the light around, has not, and where the texture is another one. A part between those cuts in which enough looks as
before, or shows the same texture in another brightness, is lit; a part that is flat, of another tone and closed
off by new edges is a thing. The factor is the mean brightness of what is lit over that of the reference, near each
place (normalised convolution: H. Knutsson, C.-F. Westin, "Normalized and differential convolution", CVPR 1993,
doi:10.1109/CVPR.1993.341081).
"""

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from watcher.vision.arrays import F32, U8

_STEEP = 3.5
"""Grey levels from one pixel of half the size to the next, beyond which an edge is no border of light."""

_SOFT = (1.5, 2.2)
"""How many times as steep as where it is smoothed over 7 pixels an edge may be that light makes, and the same of
its variance over the square of that: 4 pixels wide have 1.3 and 1.8, 2 pixels 2.2 and 3.2."""

_SHARP = 0.15
"""Part of an edge that is sharper than that where a thing makes it."""

_MIRRORED, _EDGE = 3, 5
"""Pixels of half the size from the edge of the picture, within which means of 7x7, and what they tell, have less to
go by."""

_UNEVEN = 0.2
"""Part of the texture's variance by which it may differ while it is the same texture."""

_FLOOR = 16.0
"""Grey levels squared that are no texture, and no difference of one: rounding, compression."""

_AS_BEFORE = 6.0
"""Grey levels by which what is not lit otherwise may differ."""

_KNOWN = 0.25
"""Part of a lit part that looks as before or shows the same texture."""

_LEAST = 25
"""Pixels of half the size that have to be so."""

_NEAR, _FAR = 3.0, 12.0
"""Reach of what is lit, pixels of half the size: the second where there is too little of it nearby."""

_SAME = 0.04
"""A factor nearer to 1 than this everywhere is none."""

GAINS = (0.3, 3.0)

_WHITE = 248.0
"""Grey levels beyond which the mean of four pixels may be burnt out."""

_STRONGER = 3.0
"""How much more light may add to a white place than to its rim."""

_RIM, _MOST_OF_RIM = 0.25, 0.25
"""How much of the light that it takes must lie on the rim, and on how much of it."""

_LIT_RIM = 0.3
"""On how much of the rim of a white place the light beside it must be strong enough for that."""

_INWARDS = 8
"""Steps from the rim of a white place inwards, at most; the factor reaches about 20 pixels in each."""


def gain_field(frame: U8, expected: F32, spread: float, watched: U8) -> F32 | None:
    """By which factor each pixel is brighter than `expected` because of light, float32 (h, w); None: nowhere.

    Parameters
    ----------
    frame : luma, uint8 (h, w).
    expected : what it should be, float32 (h, w), 0-255.
    spread : variance of the noise of most pixels.
    watched : 255 where to look.
    """
    half = (max(1, frame.shape[1] // 2), max(1, frame.shape[0] // 2))
    x = cv2.resize(frame, half, interpolation=cv2.INTER_AREA).astype(np.float32)
    p = cast(F32, cv2.resize(expected, half, interpolation=cv2.INTER_AREA))
    seen = cv2.resize(watched, half, interpolation=cv2.INTER_NEAREST) > 0
    gain = _gain_of_light(x, p, spread / 4, seen)
    if float(np.abs(gain - 1).max()) < _SAME:
        return None
    return cast(F32, cv2.resize(gain, frame.shape[::-1], interpolation=cv2.INTER_LINEAR))


def _gain_of_light(x: F32, p: F32, noise: float, seen: NDArray[np.bool_]) -> F32:
    white = _Whites.of(x, p, seen)
    if white is None:
        return _gain(x, p, _lit(x, p, noise, seen))
    burnt = white.where(white.brighter(x, p) > _MOST_OF_RIM)
    gain = _gain_inwards(x, p, _lit(x, p, noise, seen, burnt), burnt)
    more = burnt | white.where(white.in_light(p, gain) > _LIT_RIM)
    if np.count_nonzero(more) == np.count_nonzero(burnt):
        return gain
    return _gain_inwards(x, p, _lit(x, p, noise, seen, more), more)


def _lit(x: F32, p: F32, noise: float, seen: NDArray[np.bool_], burnt: NDArray[np.bool_] | None = None) -> F32:
    """1 where light explains what is seen, else 0; `burnt`: where light has burnt the picture out."""
    mean = _box(p, 7)
    around = (_box(x, 7) + 4) / (mean + 4)
    apart = x - around * p
    # Without slopes: those of a wall that gets darker to one side come and go with the light.
    texture = _variance(p - mean, 5) * around * around
    variance, slope = _variance(apart, 5), _slope(apart)
    another = variance > _UNEVEN * texture + _FLOOR + 8 * noise
    steep = slope > _STEEP + np.sqrt(noise) + 0.05 * np.sqrt(texture)
    if burnt is not None and burnt.any():
        # It has lost its texture there, and the edges against what is not stand out more, or less, than before.
        there = cv2.dilate(burnt.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        known_edge = cv2.dilate((_slope(p) > _STEEP).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        another, steep = another & ~there, steep & ~(there & known_edge)
    # Closed over a few pixels: where an outline is faint for a moment light does not leak through.
    soft = _inside(_slope(around) * mean)
    sharp = (another & (variance > _SOFT[1] * np.square(_box(soft, 5)))) | (steep & (slope > _SOFT[0] * soft))
    cut = cv2.morphologyEx(_with(another | steep, sharp), cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    cut = cv2.dilate(cut, np.ones((3, 3), np.uint8))
    count, labels = cv2.connectedComponents(1 - cut, connectivity=4)
    # A thing's own outline is texture too, and stays when the thing becomes darker: what counts is away from cuts.
    inner = cv2.dilate(cut, np.ones((7, 7), np.uint8)) == 0
    as_before = np.abs(_box(x - p, 3)) < _AS_BEFORE
    known = as_before | ((texture > 4 * (_FLOOR + noise)) & inner)
    # White that stays white may be in any light.
    clipped = (x > 250) | (x < 4)
    area = np.bincount(labels.ravel(), weights=~clipped.ravel(), minlength=count)
    share = np.bincount(labels.ravel(), weights=(known & ~clipped).ravel(), minlength=count) / np.maximum(area, 1)
    good = (share > _KNOWN) & (share * area > _LEAST)
    good[0] = False
    # Light changes nothing where nothing has changed, be it a strip between an edge of light and the picture's.
    same = cv2.morphologyEx((as_before & ~another).astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8)) > 0
    return np.asarray((good[labels] | same) & seen & ~clipped, np.float32)


def _inside(slope: F32) -> F32:
    """`slope` of means of 7x7 pixels; within 3 of the picture's edge, where those are mirrored, that further in."""
    if min(slope.shape) <= 2 * _MIRRORED:
        return slope
    inner = slope[_MIRRORED:-_MIRRORED, _MIRRORED:-_MIRRORED]
    return cast(F32, cv2.copyMakeBorder(inner, *(_MIRRORED,) * 4, cv2.BORDER_REPLICATE))


def _with(edges: NDArray[np.bool_], sharp: NDArray[np.bool_]) -> U8:
    """1 where `edges` are that hang together with enough that is `sharp`; an edge of light is soft all along."""
    count, labels = cv2.connectedComponents(edges.astype(np.uint8), connectivity=8)
    inside = np.zeros_like(edges)
    inside[_EDGE:-_EDGE, _EDGE:-_EDGE] = True
    length = np.bincount(labels[edges & inside], minlength=count)
    # At the picture's edge itself it is not known how soft they are.
    there = (np.bincount(labels[sharp & inside], minlength=count) > _SHARP * length) | (length == 0)
    there[0] = False
    return np.asarray(there[labels], np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class _Whites:
    """Places that are white and were not: light may have burnt them out."""

    labels: NDArray[np.int32]
    count: int
    rim: NDArray[np.bool_]
    """Two pixels away from one."""
    of_rim: NDArray[np.int32]
    """The place that each pixel of the rim belongs to."""

    @classmethod
    def of(cls, x: F32, p: F32, seen: NDArray[np.bool_]) -> "_Whites | None":
        white = (x > _WHITE) & (p < _WHITE) & (p * GAINS[1] > _WHITE) & seen
        if np.count_nonzero(white) < _LEAST:
            return None
        mask = white.astype(np.uint8)
        count, labels = cv2.connectedComponents(mask, connectivity=8)
        grown = cv2.dilate(labels.astype(np.float32), np.ones((5, 5), np.uint8)).astype(np.int32)
        rim = (grown > 0) & (cv2.dilate(mask, np.ones((3, 3), np.uint8)) == 0)
        return cls(cast(NDArray[np.int32], labels), count, rim, grown)

    def where(self, good: NDArray[np.bool_]) -> NDArray[np.bool_]:
        good[0] = False
        return good[self.labels]

    def brighter(self, x: F32, p: F32) -> NDArray[np.float64]:
        """On which part of its rim each place has become brighter, nearly as much as it takes to make it white. A
        white thing on a wall has no such rim."""
        brighter = (x + 4) / (p + 4) - 1 > _RIM * (_WHITE / np.maximum(p, np.float32(1)) - 1)
        return self._share(brighter, self.rim & (p < _WHITE - 8))

    def in_light(self, p: F32, gain: F32) -> NDArray[np.float64]:
        """On which part of its rim there is a light that makes all of the place white."""
        area = np.maximum(np.bincount(self.labels.ravel(), minlength=self.count), 1)
        level = np.bincount(self.labels.ravel(), weights=p.ravel(), minlength=self.count) / area
        return self._share(gain * level[self.of_rim] > _WHITE, self.rim)

    def _share(self, there: NDArray[np.bool_], rim: NDArray[np.bool_]) -> NDArray[np.float64]:
        length = np.maximum(np.bincount(self.of_rim[rim], minlength=self.count), 1)
        return np.bincount(self.of_rim[rim & there], minlength=self.count) / length


def _gain_inwards(x: F32, p: F32, lit: F32, burnt: NDArray[np.bool_]) -> F32:
    """The factor near each place; at least what makes white what is `burnt` out, taken from the rim inwards."""
    gain, needed = _gain(x, p, lit), np.float32(256) / np.maximum(p, np.float32(1))
    known = np.zeros_like(burnt)
    for _ in range(_INWARDS):
        before = np.count_nonzero(known)
        known |= burnt & (1 + _STRONGER * (gain - 1) > needed)
        if np.count_nonzero(known) < before + _LEAST:
            break
        gain = _gain(np.where(known, np.maximum(x, p * gain), x), p, np.where(known, np.float32(1), lit))
    return np.where(known, np.maximum(gain, needed), gain)


def _gain(x: F32, p: F32, lit: F32) -> F32:
    near, weight = _factor(x, p, lit, _NEAR, 2)
    far, _ = _factor(x, p, lit, _FAR, 4)
    trust = np.minimum(weight * 4, np.float32(1))
    return np.asarray(np.clip(near * trust + far * (1 - trust), *GAINS), np.float32)


def _factor(x: F32, p: F32, lit: F32, reach: float, coarser: int) -> tuple[F32, F32]:
    """Mean brightness of what is lit over the expected one, near each place; and how much there is of it.

    Both are as smooth as `reach`, and are computed from means of `coarser` x `coarser` pixels.
    """
    size = (x.shape[1], x.shape[0])
    small = (-(-size[0] // coarser), -(-size[1] // coarser))

    def around(values: F32) -> MatLike:
        return cv2.GaussianBlur(cv2.resize(values, small, interpolation=cv2.INTER_AREA), (0, 0), reach / coarser)

    # Where there is nothing, and where it is all but black, the factor is 1.
    little = np.float32(0.5)
    factor = (around(x * lit) + little) / (around(p * lit) + little)
    return cast(tuple[F32, F32], tuple(cv2.resize(one, size) for one in (factor, around(lit))))


def _slope(values: F32) -> F32:
    return cast(F32, cv2.magnitude(*(cv2.Sobel(values, cv2.CV_32F, dx, 1 - dx, scale=1 / 8) for dx in (1, 0))))


def _box(values: F32, side: int) -> F32:
    return cast(F32, cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT))


def _variance(values: F32, side: int) -> F32:
    mean = _box(values, side)
    return np.asarray(np.maximum(_box(values * values, side) - mean * mean, 0), np.float32)
