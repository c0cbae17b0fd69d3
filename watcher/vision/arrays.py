"""The arrays that this floor works on, and two OpenCV calls whose stubs know no scalars."""

from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Mask = NDArray[np.bool_]

Window = tuple[slice, slice]
"""A part of an array: rows, columns."""

_cv2: Any = cv2


def window_around(mask: U8, margin: int) -> Window:
    """The smallest window that holds every pixel of `mask` that is not 0, with `margin` pixels around."""
    x, y, width, height = cv2.boundingRect(mask)
    rows = slice(max(0, y - margin), min(mask.shape[0], y + height + margin))
    return rows, slice(max(0, x - margin), min(mask.shape[1], x + width + margin))


def above(values: F32 | U8, limit: F32 | float) -> U8:
    """255 where `values` are greater than `limit`, else 0."""
    if values.size == 1:  # OpenCV takes one pixel for a scalar, and compares no two scalars
        return (values > limit).astype(np.uint8) * np.uint8(255)
    return cast(U8, _cv2.compare(values, limit, cv2.CMP_GT))


def at_most(values: F32 | U8, limit: F32 | float) -> U8:
    """255 where `values` are not greater than `limit`, else 0."""
    return cast(U8, cv2.bitwise_not(above(values, limit)))
