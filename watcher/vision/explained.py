"""What light explains: shadows and patches of light, told from things that came or went.

A place that only lies in another light shows the same texture, darker or brighter by one factor, in the same
colour. That is so of the flat parts of things as well, so pixels alone cannot decide; what they belong to can:

* Pixels that light could explain, enclosed by those that it cannot, are the thing's own flat parts and stay.
* Beside such a thing they are its shadow, and go; so do the same pixels on their own where they are as dark as
  shadows have lately been here (F. Porikli, J. Thornton, "Shadow flow: a recursive method to learn moving cast
  shadows", ICCV 2005, doi:10.1109/ICCV.2005.217).
* A patch of tone without a sharp border is light: a lamp's cone, a cloud's edge.

The test of pixels is that of R. Cucchiara et al., "Detecting moving objects, ghosts, and shadows in video
streams", IEEE TPAMI 25(10), 2003, doi:10.1109/TPAMI.2003.1233909 (ratio of brightness, distance of colour), with
the texture's test of A. Leone, C. Distante, "Shadow detection for moving objects based on texture analysis",
Pattern Recognition 40(4), 2007, doi:10.1016/j.patcog.2006.09.017.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.vision.arrays import F32, U8, Labels, labelled

MOST_EXPLAINED = 0.4
"""Part of what is watched beyond which change is no shadow and no patch of light, but another scene."""

RATIOS = (0.38, 0.93)
"""Brightness in shadow over brightness in the open, in the camera's (gamma-coded) levels."""

COLOR_APART = 4.0
"""Levels in the Cr, Cb plane beyond which it is another colour, and no shadow."""

LAMP_APART = 10.0
"""The same for a patch of light: lamps are warmer or colder than the day."""

_UNEVEN = 6.0
"""How many times the noise's variance (plus `_ROUNDING`) the texture may differ by."""
_ROUNDING = 6.0

_ENCLOSED = 0.7
"""Part of an outline that must lie on the thing for what is inside to be part of it."""

_SOFT = 0.3
"""Part of an outline that is sharp, below which a patch is light."""

_EVENLY = 0.85
"""Part of such a patch in which the texture is the same but for its brightness."""

_SHADED = 0.3
"""Part of a shadow whose pixels a shadow explains; the rest are its rims."""

_KNOWN_TIME = 300.0
"""Seconds after which half of what is known of shadows here is forgotten."""

_ALIKE = 0.15
"""Two shadows are of the same light where their ratios lie within this part of each other."""

_SOLID = 0.6
"""Part of its hull that a thing fills; what fills less has arms and legs, between which is no thing."""
_LEAST = 30
"""Pixels of a hull below which it is a speck."""

_NEAR = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
_SQUARE = np.ones((3, 3), np.uint8)
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
_DISC = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))


@dataclass(slots=True)
class Shade:
    """How dark shadows have lately been here."""

    ratio: float = 0.0
    weight: float = 0.0
    at: float = 0.0

    def learn(self, ratio: float, pixels: float, at: float) -> None:
        """A shadow of so many pixels, thrown by something, was as dark as this."""
        self._fade(at)
        self.ratio = (self.ratio * self.weight + ratio * pixels) / (self.weight + pixels)
        self.weight = min(self.weight + pixels, 1e5)

    def known(self, at: float) -> float | None:
        """The ratio, where enough has been seen of shadows."""
        self._fade(at)
        return self.ratio if self.weight > _ENOUGH else None

    def _fade(self, at: float) -> None:
        self.weight *= 0.5 ** (max(0.0, at - self.at) / _KNOWN_TIME)
        self.at = at


_ENOUGH = 1000.0
"""Pixels, summed over frames, after which the shade of this place is known."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What is known of the pixels in question, all of shape (h, w): the window that is looked at."""

    changed: U8
    """255 where something has changed."""
    sharp: U8
    """255 where the structure has changed: near edges that came or went."""
    reference: F32
    difference: F32
    noise: F32
    """Variance of the difference where nothing changes."""
    color: Callable[[F32], F32 | None]
    """Distance of colour for a map of ratios, or None where nothing is known of colour."""


def unexplained(seen: Seen, shade: Shade, at: float) -> U8:
    """`seen.changed` without what light explains (uint8, 255); learns the shade."""
    ratio, even, shaded = _light_like(seen)
    changed = _with_a_border(seen.changed, seen.sharp, even)
    core = cv2.bitwise_and(changed, cv2.bitwise_not(shaded))
    core = cv2.morphologyEx(core, cv2.MORPH_OPEN, _CROSS)
    core = cast(U8, cv2.bitwise_and(cv2.morphologyEx(core, cv2.MORPH_CLOSE, _DISC), changed))
    parts = _Parts.of(cast(U8, cv2.subtract(changed, core)))
    if parts.count == 1:
        return changed
    # Where a shadow ends is a rim that light does not explain either; what throws one is thicker.
    body = cast(U8, cv2.bitwise_and(cv2.dilate(cv2.morphologyEx(core, cv2.MORPH_OPEN, _DISC), _DISC), core))
    gone = _shadows(parts, parts.share_of_outline(body), ratio, shaded, shade, at)
    left_out = gone[parts.labels].astype(np.uint8) * np.uint8(255)
    rims = cv2.subtract(cv2.bitwise_and(core, cv2.dilate(left_out, _NEAR)), body)
    kept = cv2.subtract(cv2.subtract(changed, rims), left_out)
    return cast(U8, cv2.bitwise_and(changed, _whole(cast(U8, kept))))


def _with_a_border(changed: U8, sharp: U8, even: U8) -> U8:
    """`changed` without the parts that are evenly lit, and fade out instead of ending."""
    parts = _Parts.of(changed)
    borders = parts.share_of_outline(cast(U8, cv2.dilate(sharp, _CROSS)))
    faded = (borders < _SOFT) & (parts.mean(even) / 255 > _EVENLY)
    faded[0] = False
    if not faded.any():
        return changed
    return cast(U8, cv2.subtract(changed, faded[parts.labels].astype(np.uint8) * np.uint8(255)))


def _shadows(
    parts: "_Parts", enclosed: NDArray[np.float64], ratio: F32, shaded: U8, shade: Shade, at: float
) -> NDArray[np.bool_]:
    """Which parts are shadows; `enclosed` is how much of each one's outline lies on a thing."""
    tone = parts.mean(ratio)
    shadow = (parts.mean(shaded) / 255 > _SHADED) & (tone > RATIOS[0]) & (tone < RATIOS[1])
    shadow &= enclosed < _ENCLOSED
    shadow[0] = False
    thrown = shadow & (enclosed > 0)
    lone = shadow & (enclosed == 0)
    known = shade.known(at)
    lone &= (np.abs(tone - known) < _ALIKE * known) if known is not None else False
    if thrown.any():
        pixels = float(parts.area[thrown].sum())
        shade.learn(float(tone[thrown] @ parts.area[thrown]) / pixels, pixels, at)
    return cast(NDArray[np.bool_], thrown | lone)


def _whole(kept: U8) -> U8:
    """`kept` with the dents filled that a thing's flat parts left: the hull of what lies together."""
    together = cv2.morphologyEx(kept, cv2.MORPH_CLOSE, _NEAR)
    outlines, _ = cv2.findContours(together, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    whole = kept.copy()
    for outline in outlines:
        hull = cv2.convexHull(outline)
        area = cv2.contourArea(hull)
        if area >= _LEAST and cv2.contourArea(outline) > _SOLID * area:
            cv2.fillConvexPoly(whole, hull, 255)
    return whole


def _light_like(seen: Seen) -> tuple[F32, U8, U8]:
    """The ratio of brightness around every pixel; 255 where texture and colour are the same but for it; 255
    where a shadow would explain it."""
    x = seen.reference + seen.difference
    mean, expected = _box(x), _box(seen.reference)
    ratio = cast(F32, mean / np.maximum(expected, np.float32(4)))
    left = cast(F32, cv2.subtract(x, cv2.multiply(ratio, seen.reference)))
    # 3x3, so that a narrow shadow has an inside too. The ratio changes little within it.
    centre = _box(left)
    uneven = cv2.subtract(_box(cast(F32, cv2.multiply(left, left))), cv2.multiply(centre, centre))
    even = uneven < _UNEVEN * (seen.noise * (1 + ratio * ratio) + np.float32(_ROUNDING))
    shaded = even & (ratio > RATIOS[0]) & (ratio < RATIOS[1])
    color = seen.color(ratio)
    if color is not None:
        shaded &= color < COLOR_APART
        even &= color < LAMP_APART
    return ratio, _mask(even), _mask(shaded)


def _mask(where: NDArray[np.bool_]) -> U8:
    return where.astype(np.uint8) * np.uint8(255)


def _box(values: F32) -> F32:
    return cast(F32, cv2.blur(values, (3, 3), borderType=cv2.BORDER_REFLECT))


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """The connected parts of a mask, number 0 being what is not in it."""

    labels: Labels
    count: int
    places: NDArray[np.intp]
    """Flat indices of the pixels in the parts."""
    part: Labels
    """The part that each of these belongs to."""
    area: NDArray[np.float64]
    outline: NDArray[np.intp]
    """Flat indices of the pixels just outside of the parts."""
    around: NDArray[np.int32]
    """The part that each of these belongs to."""

    @classmethod
    def of(cls, mask: U8) -> "_Parts":
        count, labels = labelled(mask)
        flat = labels.ravel()
        places = np.flatnonzero(flat > 0)
        part = flat[places]
        grown = cv2.dilate(labels if labels.dtype == np.uint16 else labels.astype(np.float32), _SQUARE).ravel()
        outline = np.flatnonzero((grown > 0) & (flat == 0))
        area = np.bincount(part, minlength=count).astype(np.float64)
        return cls(labels, count, places, part, area, outline, grown[outline].astype(np.int32))

    def share_of_outline(self, where: U8) -> NDArray[np.float64]:
        """Part of each outline that lies in `where`, 0 to 1."""
        there = where.ravel()[self.outline] > 0
        length = np.bincount(self.around, minlength=self.count)
        return np.bincount(self.around, weights=there, minlength=self.count) / np.maximum(length, 1)

    def mean(self, values: F32 | U8) -> NDArray[np.float64]:
        """Mean of `values` over each part."""
        total = np.bincount(self.part, weights=values.ravel()[self.places], minlength=self.count)
        return total / np.maximum(self.area, 1)
