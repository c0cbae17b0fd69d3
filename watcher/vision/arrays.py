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

Labels = NDArray[np.uint16] | NDArray[np.int32]
"""The number of the part that each pixel belongs to, 0 where it belongs to none."""

_FEW_PARTS = 4 * 65535
"""Pixels of a picture that cannot have more parts than 16 bits count: each keeps the pixels around it free."""

_cv2: Any = cv2


def window_around(mask: U8, margin: int) -> Window:
    """The smallest window that holds every pixel of `mask` that is not 0, with `margin` pixels around."""
    x, y, width, height = cv2.boundingRect(mask)
    rows = slice(max(0, y - margin), min(mask.shape[0], y + height + margin))
    return rows, slice(max(0, x - margin), min(mask.shape[1], x + width + margin))


def windows_around(mask: U8, margin: int, worth: int) -> list[Window]:
    """The same in several windows that do not meet: one is split in two, along the widest gap in its rows or
    columns, where that leaves out at least `worth` pixels."""
    whole = window_around(mask, margin)
    for axis in (0, 1):
        filled = np.flatnonzero(mask.any(axis=1 - axis))
        gaps = np.diff(filled)
        if not gaps.size or gaps.max() <= 2 * margin:
            continue
        middle = int(filled[gaps.argmax()]) + int(gaps.max()) // 2
        halves = (mask[:middle], mask[middle:]) if axis == 0 else (mask[:, :middle], mask[:, middle:])
        if _area(whole) - sum(_area(window_around(half, margin)) for half in halves) < worth:
            continue
        first, second = (windows_around(half, margin, worth) for half in halves)
        down, right = (middle, 0) if axis == 0 else (0, middle)
        return first + [_moved(one, down, right) for one in second]
    return [whole]


def _area(window: Window) -> int:
    return int((window[0].stop - window[0].start) * (window[1].stop - window[1].start))


def _moved(window: Window, down: int, right: int) -> Window:
    rows, columns = window
    return slice(rows.start + down, rows.stop + down), slice(columns.start + right, columns.stop + right)


def labelled(mask: U8) -> tuple[int, Labels]:
    """Into how many connected parts (8 neighbours) a mask falls, and one for what is not in it; their labels."""
    count, labels = cv2.connectedComponents(mask, connectivity=8, ltype=_label_type(mask))
    return count, cast(Labels, labels)


def measured_parts(mask: U8) -> tuple[int, Labels, NDArray[np.int32], F64]:
    """The same, with OpenCV's statistics (left, top, width, height, area) of the parts and their centres."""
    found = cv2.connectedComponentsWithStats(mask, connectivity=8, ltype=_label_type(mask))
    return cast(tuple[int, Labels, NDArray[np.int32], F64], tuple(found))


def _label_type(mask: U8) -> int:
    # Labels of 16 bits take a third of the time of those of 32.
    return cv2.CV_16U if mask.size <= _FEW_PARTS else cv2.CV_32S


def median_of(values: NDArray[Any]) -> float:
    """The (upper) median of a few thousand values, without what NumPy's does beside."""
    flat = values.ravel()
    return float(np.partition(flat, flat.size // 2)[flat.size // 2])


def above(values: F32 | U8, limit: F32 | float) -> U8:
    """255 where `values` are greater than `limit`, else 0."""
    if values.size == 1:  # OpenCV takes one pixel for a scalar, and compares no two scalars
        return (values > limit).astype(np.uint8) * np.uint8(255)
    return cast(U8, _cv2.compare(values, limit, cv2.CMP_GT))


def at_most(values: F32 | U8, limit: F32 | float) -> U8:
    """255 where `values` are not greater than `limit`, else 0."""
    return cast(U8, cv2.bitwise_not(above(values, limit)))
