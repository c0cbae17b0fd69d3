"""What is wrong with a picture, if anything: half decoded, black, burnt out, or not of this scene.

Measures of one picture, cheap enough for every frame, and dearer ones for pictures in which something is odd. All
take luma at the analysed size, uint8 (h, w), 0-255.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, cast

import cv2
import numpy as np

from watcher.vision.arrays import F32, U8
from watcher.vision.frame import Chroma

BLACK, BURNT = 24, 250
"""Grey levels: a picture that is nowhere above the one, or nearly everywhere above the other, shows nothing."""

_DARK, _BRIGHT = 0.01, 0.95
"""Part of the picture above these levels, at most and at least."""

_DARKEST_MEAN = BLACK + _DARK * (255 - BLACK)
_BRIGHTEST_MEAN = BURNT * _BRIGHT
"""Grey levels: the mean of a dark picture is not above the one, that of a bright one not below the other."""

_FILL = (126, 132)
"""What decoders put where they have nothing: 128, or 130 where video levels have been spread."""

_BAND = 0.06
"""Part of the picture's height that a fault takes at least; text and lines take less."""

_LEAST_SIDE = 64
"""Pixels of the shorter side: in less, chance makes rows alike."""

_GREEN = 0.03
_FILLED = 0.4
_WIDE = 0.4
"""Part of the width of a row that differs from the reference at least where it is broken."""

_STRUCTURED = 6.0
"""Standard deviation, grey levels, of a part of the picture in which something can be recognised."""

_APART = round(2 * _STRUCTURED)
"""Grey levels by which nothing differs that has not changed."""

_LIKE = 0.7
"""Correlation of a part of two pictures that show the same."""

_FAINTEST = 1.5
"""Variance of a part that noise and a shade over it alone do not give."""

_LEAST_PARTS = 8
_PART = 12
"""Side of the parts in pixels of half the size."""

_OF_NOISE = 0.037
"""What `_fine` leaves of the variance of noise."""

_FINEST = 1.0
"""Grey levels: fine structure of less than that drowns in what encoders leave."""


def some_known(expected: F32) -> U8:
    """Of what the reference shows those pixels that a picture is held against first."""
    return cast(U8, cv2.convertScaleAbs(expected[4::8, 4::8].copy()))


def is_dark(luma: U8) -> bool:
    """Whether the picture is black, but for a lamp or two."""
    return _above(luma, BLACK) <= _DARK


def is_bright(luma: U8) -> bool:
    """Whether the picture is burnt out."""
    return _above(luma, BURNT - 1) >= _BRIGHT


def exposure(luma: U8) -> Literal["", "dark", "bright"]:
    """Whether the picture is one of the two; most are told by their mean alone to be neither."""
    mean = cv2.mean(_some_of(luma))[0]
    if _DARKEST_MEAN < mean < _BRIGHTEST_MEAN:
        return ""
    return "dark" if is_dark(luma) else "bright" if is_bright(luma) else ""


def is_lit(luma: U8) -> bool:
    """Whether the greater part of the picture shows something: a little more than not dark."""
    return _above(luma, BLACK + 4) >= 0.5


def damage(luma: U8, expected: F32, chroma: Callable[[], Chroma], known: U8 | None = None) -> str:
    """What half-decoded pictures have, in words; empty for a whole one.

    `expected` is what the reference shows, float32 (h, w): what looks like damage there too is none. `chroma` is
    asked for only where blocks may be green. `known` : `some_known` of the reference, be it of a moment ago.
    """
    if min(luma.shape) < _LEAST_SIDE:
        return ""
    some = _some_of(luma)
    if cv2.countNonZero(some) < (1 - _GREEN) * some.size:
        cr, cb = chroma()
        if np.mean((luma < 20) & (cr < 20) & (cb < 20)) > _GREEN:
            return "a part of the picture is green"
    # What is broken is so over the whole width, or nearly: most pictures in which something passes by end here.
    apart = cv2.absdiff(some, some_known(expected) if known is None else known)
    differs, wide = apart > _APART, _WIDE * some.shape[1]
    if np.count_nonzero(differs) < wide or np.count_nonzero(differs, axis=1).max() < wide:
        return ""
    return _broken_rows(luma, expected)


def _broken_rows(luma: U8, expected: F32) -> str:
    least = round(_BAND * luma.shape[0])
    few = luma[:, luma.shape[1] // 16 :: max(1, luma.shape[1] // 8)]
    if np.count_nonzero((few == few[:, :1]).all(axis=1)) >= least:
        rows = (luma == luma[:, :1]).all(axis=1) & (luma[:, 0] >= _FILL[0]) & (luma[:, 0] <= _FILL[1])
        if np.count_nonzero(rows & (expected.std(axis=1) > 3)) >= least:
            return "a part of the picture is grey"
    if np.count_nonzero((few[1:] == few[:-1]).all(axis=1)) >= least and _smeared(luma, expected) >= least:
        return "a part of the picture is smeared"
    some, known = luma[::4, ::4], expected[::4, ::4]
    most = np.bincount(some[(some >= _FILL[0]) & (some <= _FILL[1])], minlength=1).max()
    if most > (_FILLED + np.mean((known >= _FILL[0]) & (known <= _FILL[1]))) * some.size:
        return "most of the picture is grey"
    return ""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How a picture compares with the reference, part by part, where the reference shows something.

    Attributes
    ----------
    known : part of them that shows the same, whatever the light, 0 to 1.
    flat : part of them in which nothing is to be seen any more, 0 to 1.
    """

    known: float
    flat: float


def likeness(luma: U8, expected: F32) -> Likeness | None:
    """`luma` against the reference `expected`, float32 (h, w); None where the reference shows too little."""
    now, before = _half(luma), _half(expected)
    mean_now, mean_before = _parts(now), _parts(before)
    var_now = np.maximum(_parts(now * now) - mean_now * mean_now, 0)
    var_before = np.maximum(_parts(before * before) - mean_before * mean_before, 0)
    shared = _parts(now * before) - mean_now * mean_before
    told = var_before > _STRUCTURED**2
    count = int(np.count_nonzero(told))
    if count < _LEAST_PARTS or count < 0.15 * told.size:
        return None
    like = (shared > _LIKE * np.sqrt(var_now * var_before) + 1.0) & (var_now > _FAINTEST)
    flat = var_now < np.maximum(9.0, 0.1 * var_before)
    return Likeness(
        known=float(np.count_nonzero(like & told)) / count, flat=float(np.count_nonzero(flat & told)) / count
    )


def sharpness(luma: U8, expected: F32, variance: float) -> float | None:
    """Fine structure of `luma` over that of the reference `expected`, relative to their coarse structure.

    1 where the picture is as sharp as its reference, whatever its contrast; the middle over all parts, so that what
    passes by does not count. `variance` is that of the noise. None where the reference has too little of it.
    """
    now = luma.astype(np.float32)
    fine_now, fine_before = _fine(now), _fine(expected)
    noise = _OF_NOISE * variance
    energy_now = np.maximum(_parts(fine_now) - np.float32(noise), 0)
    energy_before = _parts(fine_before)
    coarse_now, coarse_before = _spread(now), _spread(expected)
    contrast = np.clip(coarse_now / np.maximum(coarse_before, 1), 0.02, 1.0)
    # In a dim light fine structure drowns in noise, and that is no blur.
    told = (energy_before * contrast > max(_FINEST**2, 2 * noise)) & (coarse_before > _STRUCTURED**2)
    if np.count_nonzero(told) < _LEAST_PARTS:
        return None
    return float(np.sqrt(np.median(energy_now[told] / energy_before[told] / contrast[told])))


def _above(luma: U8, level: int) -> float:
    some = _some_of(luma)
    return float(np.count_nonzero(some > level)) / some.size


def _some_of(luma: U8) -> U8:
    """Some pixels that stand for all of them, in an array of their own."""
    return luma[4::8, 4::8].copy() if min(luma.shape) >= _LEAST_SIDE else luma


def _smeared(luma: U8, expected: F32) -> int:
    """Rows that repeat the one above, have something in them, and do not do so in the reference."""
    repeats = (luma[1:] == luma[:-1]).all(axis=1) & (luma[1:].std(axis=1) > 4)
    alive = np.abs(expected[1:] - expected[:-1]).mean(axis=1) > 2
    return int(np.count_nonzero(repeats & alive))


def _half(picture: U8 | F32) -> F32:
    size = (max(1, picture.shape[1] // 2), max(1, picture.shape[0] // 2))
    half = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    # A step aside by a pixel or two, and noise, do not make it another picture.
    return cast(F32, cv2.GaussianBlur(half, (5, 5), 1.2).astype(np.float32))


def _parts(picture: F32) -> F32:
    """Means of the parts."""
    size = (max(1, picture.shape[1] // _PART), max(1, picture.shape[0] // _PART))
    if picture.shape[0] % 2 == 0 and picture.shape[1] % 2 == 0:
        # To half of the size first: 2:1 is what OpenCV does fast.
        half = (picture.shape[1] // 2, picture.shape[0] // 2)
        picture = cast(F32, cv2.resize(picture, half, interpolation=cv2.INTER_AREA))
    return cast(F32, cv2.resize(picture, size, interpolation=cv2.INTER_AREA))


def _fine(picture: F32) -> F32:
    """Square of what lies between a blur by one pixel and one by two: finer than that is mostly noise."""
    between = cv2.subtract(cv2.GaussianBlur(picture, (5, 5), 1.0), cv2.GaussianBlur(picture, (9, 9), 2.0))
    return cast(F32, np.square(between))


def _spread(picture: F32) -> F32:
    """Variance of the parts without their fine structure."""
    smooth = cast(F32, cv2.GaussianBlur(picture, (9, 9), 2.5))
    return _parts(smooth * smooth) - np.square(_parts(smooth))
