"""What light explains: shadows and patches of light, told from things that came or went.

A place that only lies in another light shows the same texture, darker or brighter by one factor, in the same
colour. That is so of the flat parts of things as well, so pixels alone cannot decide; what they belong to can:

* Pixels that light could explain, enclosed by those that it cannot, are the thing's own flat parts and stay.
* Beside such a thing they are its shadow, and go; so do the same pixels on their own where they are as dark as
  shadows have lately been here (F. Porikli, J. Thornton, "Shadow flow: a recursive method to learn moving cast
  shadows", ICCV 2005, doi:10.1109/ICCV.2005.217).
* A patch of tone without a sharp border is light: a lamp's cone, a cloud's edge.

Every second pixel of every second row is looked at, and masks are as small: what light explains is wider than that.

The test of pixels (`watcher.vision.shadows`) is that of R. Cucchiara et al., "Detecting moving objects, ghosts, and
shadows in video streams", IEEE TPAMI 25(10), 2003, doi:10.1109/TPAMI.2003.1233909 (ratio of brightness, distance of
colour), with the texture's test of A. Leone, C. Distante, "Shadow detection for moving objects based on texture
analysis", Pattern Recognition 40(4), 2007, doi:10.1016/j.patcog.2006.09.017.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.vision.arrays import F32, F64, U8, Labels, Mask, above, labelled, mask_at

MOST_EXPLAINED = 0.4
"""Part of what is watched beyond which change is no shadow and no patch of light, but another scene."""

RATIOS = (0.38, 0.93)
"""Brightness in shadow over brightness in the open, in the camera's (gamma-coded) levels."""

_ENCLOSED = 0.7
"""Part of an outline that must lie on the thing for what is inside to be part of it."""

_SOFT = 0.3
"""Part of an outline that is sharp, below which a patch is light."""

_EVENLY = 0.85
"""Part of such a patch in which the texture is the same but for its brightness."""

_SHADED = 0.3
"""Part of a shadow whose pixels a shadow explains; the rest are its rims."""

_TOGETHER = 4
"""Of a pixel and the eight around it: how many are alike where it is no speck of noise."""

_KNOWN_TIME = 300.0
"""Seconds after which half of what is known of shadows here is forgotten."""

_ALIKE = 0.15
"""Two shadows are of the same light where their ratios lie within this part of each other."""

_SOLID = 0.6
"""Part of its hull that a thing fills; what fills less has arms and legs, between which is no thing."""
_LEAST = 8
"""Pixels of a shadow, or of a hull, below which it is a speck."""

_NEAR = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
_SQUARE = np.ones((3, 3), np.uint8)
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


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
        self.weight = min(self.weight + pixels, _MOST)

    def known(self, at: float) -> float | None:
        """The ratio, where enough has been seen of shadows."""
        self._fade(at)
        return self.ratio if self.weight > _ENOUGH else None

    def _fade(self, at: float) -> None:
        self.weight *= 0.5 ** (max(0.0, at - self.at) / _KNOWN_TIME)
        self.at = at


_ENOUGH = 250.0
"""Pixels, summed over frames, after which the shade of this place is known."""
_MOST = 25e3
"""How many of them count at most: another light is learnt in time."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What is known of the pixels in question."""

    changed: U8
    """255 where something has changed, of shape (h, w), in one piece."""
    sharp: Callable[[], U8]
    """255 where the structure has changed: near edges that came or went."""
    places: NDArray[np.intp]
    """Flat indices of what has changed; what follows is known of these places."""
    ratio: F32
    """Brightness over the one expected."""
    even: Mask
    """Whether texture and colour are the same but for it."""
    shaded: Mask
    """Whether a shadow would explain it."""

    def without(self, lost: Mask) -> "Seen":
        """The rest, but for those places."""
        left = ~lost
        changed = cast(U8, cv2.subtract(self.changed, mask_at(self.places[lost], self.changed)))
        return Seen(changed, self.sharp, self.places[left], self.ratio[left], self.even[left], self.shaded[left])


def explained(seen: Seen, shade: Shade, at: float) -> U8 | None:
    """255 where light explains what has changed; None: nowhere. Learns the shade."""
    if not seen.even.any():
        return None
    kept = _without_shadows(_with_a_border(seen), shade, at)
    return None if kept is seen.changed else cast(U8, cv2.subtract(seen.changed, kept))


def _with_a_border(seen: Seen) -> Seen:
    """Without the parts that are evenly lit, and fade out instead of ending."""
    parts = _Parts.of(seen.changed, seen.places)
    evenly = parts.mean(seen.even) > _EVENLY
    if not evenly.any():
        return seen
    faded = evenly & (parts.share_of_outline(seen.sharp()) < _SOFT)
    return seen.without(faded[parts.part]) if faded.any() else seen


def _without_shadows(seen: Seen, shade: Shade, at: float) -> U8:
    """`seen.changed`, itself where there is none."""
    changed = seen.changed
    shaded = mask_at(seen.places[seen.shaded], changed)
    if not cv2.countNonZero(_together(shaded)):
        return changed
    core = _together(cast(U8, cv2.subtract(changed, shaded)))
    core = cast(U8, cv2.bitwise_and(cv2.morphologyEx(core, cv2.MORPH_CLOSE, _CROSS), changed))
    beside = cast(U8, cv2.subtract(changed, core))
    here = beside.ravel().take(seen.places) > 0
    parts = _Parts.of(beside, seen.places[here])
    tone = parts.mean(seen.ratio[here])
    dark = (parts.area >= _LEAST) & (tone > RATIOS[0]) & (tone < RATIOS[1])
    dark &= parts.mean(seen.shaded[here]) > _SHADED
    if not dark.any():
        return changed
    # Where a shadow ends is a rim that light does not explain either; what throws one is thicker.
    body = cast(U8, cv2.dilate(cv2.morphologyEx(core, cv2.MORPH_OPEN, _CROSS), _CROSS))
    body = cast(U8, cv2.bitwise_and(body, core))
    shadow = _shadows(dark, tone, parts.area, parts.share_of_outline(body), shade, at)
    if not shadow.any():
        return changed
    shadows = mask_at(parts.places[shadow[parts.part]], changed)
    rims = cv2.subtract(cv2.bitwise_and(core, cv2.dilate(shadows, _NEAR)), body)
    kept = cv2.subtract(cv2.subtract(changed, rims), shadows)
    return cast(U8, cv2.bitwise_and(changed, _whole(cast(U8, kept))))


def _together(mask: U8) -> U8:
    """`mask` without its specks."""
    share = cast(U8, cv2.blur(mask, (3, 3), borderType=cv2.BORDER_CONSTANT))
    return cast(U8, cv2.bitwise_and(mask, above(share, 255 * (_TOGETHER - 0.5) / 9)))


def _shadows(dark: Mask, tone: F64, area: F64, enclosed: F64, shade: Shade, at: float) -> Mask:
    """Which of the `dark` parts are shadows; `enclosed` is how much of each one's outline lies on a thing."""
    dark = dark & (enclosed < _ENCLOSED)
    thrown = dark & (enclosed > 0)
    known = shade.known(at)
    if thrown.any():
        pixels = float(area[thrown].sum())
        shade.learn(float(tone[thrown] @ area[thrown]) / pixels, pixels, at)
    if known is None:
        return thrown
    lone: Mask = dark & (enclosed == 0) & (np.abs(tone - known) < _ALIKE * known)
    return thrown | lone


def _whole(kept: U8) -> U8:
    """`kept` with the dents filled that a thing's flat parts left: the hull of what lies together."""
    together = cv2.morphologyEx(kept, cv2.MORPH_CLOSE, _NEAR)
    outlines, _ = cv2.findContours(together, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    for outline in outlines:
        hull = cv2.convexHull(outline)
        area = cv2.contourArea(hull)
        if area >= _LEAST and cv2.contourArea(outline) > _SOLID * area:
            cv2.fillConvexPoly(kept, hull, 255)
    return kept


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """The connected parts of a mask, number 0 being what is not in it."""

    labels: Labels
    places: NDArray[np.intp]
    """Flat indices of the pixels of the mask."""
    part: NDArray[np.intp]
    """The part that each of these belongs to."""
    area: F64

    @classmethod
    def of(cls, mask: U8, places: NDArray[np.intp]) -> "_Parts":
        """Of the mask whose pixels are at these flat indices."""
        count, labels = labelled(mask)
        part = labels.ravel().take(places).astype(np.intp)
        return cls(labels, places, part, np.bincount(part, minlength=count).astype(np.float64))

    def share_of_outline(self, where: U8) -> F64:
        """Part of each outline, just outside of it, that lies in `where`, 0 to 1."""
        labels, count = self.labels, self.area.size
        grown = cv2.dilate(labels if labels.dtype == np.uint16 else labels.astype(np.float32), _SQUARE)
        outline = np.flatnonzero(grown > labels)
        around = grown.ravel().take(outline).astype(np.intp)
        there = where.ravel().take(outline) > 0
        length = np.bincount(around, minlength=count)
        return np.bincount(around[there], minlength=count) / np.maximum(length, 1)

    def mean(self, values: F32 | Mask) -> F64:
        """Mean of `values`, one for each pixel of the mask, over each part; that of number 0 is 0."""
        total = np.bincount(self.part, weights=values, minlength=self.area.size)
        return total / np.maximum(self.area, 1)
