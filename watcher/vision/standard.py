"""The score that other tools give, for comparison with them: it decides nothing here."""

from typing import Any, cast

import cv2
import numpy as np

from watcher.vision.arrays import F32, F64, U8

_REACH = 5
_KERNEL = np.exp(-0.5 * (np.arange(-_REACH, _REACH + 1) / 1.5) ** 2)
_KERNEL /= _KERNEL.sum()
_cv2: Any = cv2


def standard_score(reference: U8, picture: U8) -> float | None:
    """scikit-image's mean structural similarity of two grey pictures, with the parameters of Wang et al.

    Gaussian weights of sigma 1.5 over 11x11 pixels, population covariance, `data_range` 255; None where a side is
    shorter than the window. The same numbers to rounding (double precision throughout) in a quarter of the time
    and, worked out in bands, in 100 MB where 100 megapixels would take 8 GB: scikit-image leaves out five pixels
    along the edges, and a window reaches no further.

    Wang, Bovik, Sheikh, Simoncelli: Image quality assessment: from error visibility to structural similarity,
    2004, https://doi.org/10.1109/TIP.2003.819861
    """
    height, width = (int(side) for side in reference.shape)
    if min(height, width) <= 2 * _REACH:
        return None
    rows = max(64, 1_000_000 // width)
    total = 0.0
    for top in range(_REACH, height - _REACH, rows):
        band = slice(top - _REACH, min(top + rows + _REACH, height))
        total += float(_similar(reference[band].astype(np.float64), picture[band].astype(np.float64)).sum())
    return total / ((height - 2 * _REACH) * (width - 2 * _REACH))


def quick_score(reference: U8, picture: U8) -> float | None:
    """`standard_score` to 1e-4 (single precision), in a third of its time: for verdicts that somebody waits for."""
    height, width = (int(side) for side in reference.shape)
    if min(height, width) <= 2 * _REACH:
        return None
    rows = max(16, 60_000 // width)  # so many fit the cache
    total = 0.0
    for top in range(_REACH, height - _REACH, rows):
        band = slice(top - _REACH, min(top + rows + _REACH, height))
        total += _similar_sum(*(one[band].astype(np.float32) - np.float32(128) for one in (reference, picture)))
    return total / ((height - 2 * _REACH) * (width - 2 * _REACH))


def _similar_sum(x: F32, y: F32) -> float:
    """Sum of SSIM; `x`, `y` are grey levels less 128: their squares lose less to rounding."""
    one, two, middle = np.float32((0.01 * 255) ** 2), np.float32((0.03 * 255) ** 2), np.float32(128)
    kernel = _KERNEL.astype(np.float32)
    squares, shared = x * x + y * y, x * y
    mean_x, mean_y, squares, shared = (
        cast(F32, _cv2.sepFilter2D(part, cv2.CV_32F, kernel, kernel)[_REACH:-_REACH, _REACH:-_REACH])
        for part in (x, y, squares, shared)
    )
    squares = squares - (mean_x * mean_x + mean_y * mean_y) + two
    shared = 2 * (shared - mean_x * mean_y) + two
    mean_x, mean_y = mean_x + middle, mean_y + middle
    level = (2 * mean_x * mean_y + one) / (mean_x * mean_x + mean_y * mean_y + one)
    return float(np.sum(level * shared / squares, dtype=np.float64))


def _similar(x: F64, y: F64) -> F64:
    """SSIM of every pixel that a whole window fits around."""
    one, two = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean_x, mean_y = _mean(x), _mean(y)
    product = mean_x * mean_y
    squares = mean_x * mean_x + mean_y * mean_y
    spread = _mean(x * x + y * y) - squares
    shared = _mean(x * y) - product
    similar: F64 = (2 * product + one) * (2 * shared + two) / ((squares + one) * (spread + two))
    return similar


def _mean(values: F64) -> F64:
    whole = _cv2.sepFilter2D(values, cv2.CV_64F, _KERNEL, _KERNEL)
    return cast(F64, whole[_REACH:-_REACH, _REACH:-_REACH])
