"""A picture in another light altogether: lamps on, the infrared filter gone, from one frame to the next.

No tone curve puts the reference into such a light: each material has another brightness in it. What stays is where
things end. So the frame is predicted, near each place, as the sum of the reference's brightness and colours that
comes nearest to it, and what cannot be had so is new. Those sums change slowly from place to place (the guided
filter: K. He, J. Sun, X. Tang, "Guided image filtering", IEEE TPAMI 35(6), 2013, doi:10.1109/TPAMI.2012.213, with
three guides); they are found by iteratively reweighted least squares, so that whoever stands there has no say.

What the camera clips may have been anything beyond: there the prediction takes the frame's place for the next
round (J. Buckley, I. James, "Linear regression with censored data", Biometrika 66(3), 1979).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from watcher.vision.arrays import F32, U8

_SIDE = 31
"""Side of the window in which one sum holds, pixels of half the size: larger than most things that arrive, smaller
than what a lamp makes of a room."""

_STEP = 4
"""Sums are found at every fourth pixel of half the size."""

_RIDGE = 4.0
"""Grey levels squared that pull the sums towards what is already expected."""

_ROUNDS = 4
_TRUST = 3.0
"""How many times as far off as most of the picture is a place whose say is a quarter."""

_WHITE, _BLACK = 249.0, 4.0
_BEYOND = 60.0
"""Grey levels beyond white that are still told apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """`picture` is what the reference looks like in the light of a frame, float32 (h, w), 0-255; `same` (255) is
    where the camera clips what light makes white or black; `spread` the variance of what is left, a number."""

    picture: F32
    same: U8
    spread: float


def predicted(frame: U8, guides: Sequence[F32], start: F32, watched: U8) -> Predicted:
    """The reference in the light of `frame`.

    Parameters
    ----------
    frame : luma, uint8 (h, w).
    guides : planes of the reference, float32 (h, w) each: its luma, and its colours where they are known.
    start : what is expected so far, float32 (h, w).
    watched : uint8 (h, w), 255 where a place has a say.
    """
    half = (max(1, frame.shape[1] // 2), max(1, frame.shape[0] // 2))
    x, base, *small = (_small(plane, half) for plane in (frame.astype(np.float32), start, *guides))
    seen = _small(watched.astype(np.float32), half) / np.float32(255)
    sums = _sums(x, base, small, seen)
    full = (frame.shape[1], frame.shape[0])
    picture = start + _apply([_large(one, full) for one in sums], guides)
    wide = np.clip(picture, -_BEYOND, 255 + _BEYOND)
    same = ((frame >= _WHITE) & (wide >= _WHITE - 9)) | ((frame <= _BLACK) & (wide <= _BLACK + 6))
    clipped = np.clip(wide, 0, 255).astype(np.float32)
    return Predicted(clipped, same.astype(np.uint8) * np.uint8(255), _spread(frame, clipped, same))


def _sums(x: F32, base: F32, guides: Sequence[F32], seen: F32) -> list[F32]:
    """The factors of each guide, and what is added, on the grid of every `_STEP`-th pixel."""
    white, black = x >= _WHITE, x <= _BLACK
    trust, wanted = seen * np.where(white | black, np.float32(0.05), np.float32(1)), x - base
    size = (x.shape[1], x.shape[0])
    sums: list[F32] = []
    for _ in range(_ROUNDS):
        sums = _solved(wanted, guides, trust)
        now = base + _apply([_large(one, size) for one in sums], guides)
        # A clipped place is at least as bright, or dark, as the camera shows it.
        real = np.where(white, np.maximum(x, now), np.where(black, np.minimum(x, now), x))
        real = np.clip(real, -_BEYOND, 255 + _BEYOND)
        wanted = real - base
        off = np.abs(cv2.blur(real - now, (3, 3)))
        scale = np.float32(1.4826 * float(np.median(off)) + 1)
        trust = seen / (1 + (off / (_TRUST * scale)) ** 2) ** 2
        trust *= np.where(white | black, np.float32(0.3), np.float32(1))
    return sums


def _solved(wanted: F32, guides: Sequence[F32], trust: F32) -> list[F32]:
    """Weighted ridge regression of `wanted` on the guides in the window around each place of the grid."""
    weight = _window(trust) + np.float32(1e-3)
    mean = [_window(one * trust) / weight for one in (*guides, wanted)]
    count = len(guides)
    rows, columns = weight.shape
    matrix, right = np.zeros((rows, columns, count, count)), np.zeros((rows, columns, count))
    for i, guide in enumerate(guides):
        right[..., i] = _window(guide * wanted * trust) / weight - mean[i] * mean[count]
        for j in range(i, count):
            shared = _window(guide * guides[j] * trust) / weight - mean[i] * mean[j]
            matrix[..., i, j] = matrix[..., j, i] = shared
        matrix[..., i, i] += _RIDGE
    factors = np.linalg.solve(matrix, right[..., None])[..., 0].astype(np.float32)
    added = mean[count] - np.einsum("...i,i...->...", factors, np.stack(mean[:count]))
    # As in the guided filter: each place takes the mean of the sums of the windows that it lies in.
    side = 2 * (_SIDE // _STEP // 2) + 1
    share = cv2.blur(weight, (side, side))
    planes = [*(np.ascontiguousarray(factors[..., i]) for i in range(count)), added]
    return [cast(F32, cv2.blur(plane * weight, (side, side)) / share) for plane in planes]


def _apply(sums: Sequence[F32], guides: Sequence[F32]) -> F32:
    total = sums[-1].copy()
    for factor, guide in zip(sums[:-1], guides, strict=True):
        total += factor * guide
    return total


def _spread(frame: U8, picture: F32, same: np.ndarray) -> float:
    """The variance of the difference from one pixel to the next, as most of the picture has it."""
    step = np.diff(frame - picture, axis=1)[~(same[:, 1:] | same[:, :-1])]
    if step.size < 100:
        return 4.0
    return float((1.4826 * np.median(np.abs(step))) ** 2 / 2)


def _window(values: F32) -> F32:
    mean = cv2.blur(values, (_SIDE, _SIDE), borderType=cv2.BORDER_REFLECT)
    return np.ascontiguousarray(mean[::_STEP, ::_STEP])


def _small(plane: F32, size: tuple[int, int]) -> F32:
    return cast(F32, cv2.resize(plane, size, interpolation=cv2.INTER_AREA))


def _large(plane: F32, size: tuple[int, int]) -> F32:
    """A plane of the grid at `size`; its first sample lies in the first pixel."""
    rows, columns = plane.shape
    # cv2.resize puts samples into the middle of their cells; those here lie at the beginning of theirs.
    width, height = size
    scale = (width / (columns * _STEP), height / (rows * _STEP))
    move = np.array([[_STEP * scale[0], 0, 0], [0, _STEP * scale[1], 0]], np.float32)
    return cast(F32, cv2.warpAffine(plane, move, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
