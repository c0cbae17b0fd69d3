"""The arrays that this floor works on, and two OpenCV calls whose stubs know no scalars."""

from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
I16 = NDArray[np.int16]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Mask = NDArray[np.bool_]

Window = tuple[slice, slice]
"""A part of an array: rows, columns."""

Labels = NDArray[np.uint16] | NDArray[np.int32]
"""The number of the part that each pixel belongs to, 0 where it belongs to none."""

_FEW_PARTS = 4 * 65535
"""Pixels of a picture that cannot have more parts than 16 bits count: each keeps the pixels around it free."""

MOST_PARTS = 512
"""So many parts of a mask are told apart at most, those with the largest outlines."""

_cv2: Any = cv2


def window_around(mask: U8, margin: int) -> Window:
    """The smallest window that holds every pixel of `mask` that is not 0, with `margin` pixels around."""
    x, y, width, height = cv2.boundingRect(mask)
    rows = slice(max(0, y - margin), min(mask.shape[0], y + height + margin))
    return rows, slice(max(0, x - margin), min(mask.shape[1], x + width + margin))


def windows_around(mask: U8, margin: int, worth: int, cuts: int = 3) -> list[Window]:
    """The same in several windows that do not meet: one is cut in two, along the widest gap in its rows or columns,
    where that leaves out at least `worth` pixels; and those again, `cuts` times at most."""
    whole = window_around(mask, margin)
    best, least = (0, 0), _area(whole) - worth
    for axis in (1, 0) if least > 0 and cuts else ():
        # Everything lies in there, and the rest need not be read.
        filled = np.maximum.reduce(mask[whole], axis=1 - axis).nonzero()[0] + whole[axis].start
        gaps = filled[1:] - filled[:-1]
        if not gaps.size:
            continue
        widest = int(gaps.argmax())
        gap = int(gaps[widest])
        if gap <= 2 * margin:
            continue
        middle = int(filled[widest]) + gap // 2
        area = sum(_area(window_around(half, margin)) for half in _halves(mask, axis, middle))
        if area <= least:
            best, least = (axis, middle), area
    axis, middle = best
    if not middle:
        return [whole]
    first, second = (windows_around(half, margin, worth, cuts - 1) for half in _halves(mask, axis, middle))
    down, right = (middle, 0) if axis == 0 else (0, middle)
    return first + [_moved(one, down, right) for one in second]


def _halves(mask: U8, axis: int, middle: int) -> tuple[U8, U8]:
    return (mask[:middle], mask[middle:]) if axis == 0 else (mask[:, :middle], mask[:, middle:])


def _area(window: Window) -> int:
    return int((window[0].stop - window[0].start) * (window[1].stop - window[1].start))


def _moved(window: Window, down: int, right: int) -> Window:
    rows, columns = window
    return slice(rows.start + down, rows.stop + down), slice(columns.start + right, columns.stop + right)


def labelled(mask: U8) -> tuple[int, Labels]:
    """Into how many connected parts (8 neighbours) a mask falls, and one for what is not in it; their labels."""
    count, labels = cv2.connectedComponents(mask, connectivity=8, ltype=_label_type(mask))
    return count, cast(Labels, labels)


def parts(mask: U8) -> list[tuple[Window, U8]]:
    """The connected parts (8 neighbours) of a mask, in no order: where each lies, and its pixels there (255).

    From their outlines, because OpenCV takes four times as long to measure parts as to find them.
    """
    outlines, tree = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if not outlines:
        return []
    outer = [outline for outline, (_, _, _, parent) in zip(outlines, tree[0].tolist(), strict=True) if parent < 0]
    if len(outer) > MOST_PARTS:  # noise all over
        outer = sorted(outer, key=cv2.contourArea, reverse=True)[:MOST_PARTS]
    boxes = [cv2.boundingRect(outline) for outline in outer]
    windows = [(slice(y, y + height), slice(x, x + width)) for x, y, width, height in boxes]
    if len(windows) == 1:
        return [(windows[0], mask[windows[0]])]
    _, labels = labelled(mask)
    places = [outline[0, 0].tolist() for outline in outer]
    return [(there, same(labels[there], int(labels[y, x]))) for there, (x, y) in zip(windows, places, strict=True)]


def _label_type(mask: U8) -> int:
    # Labels of 16 bits take a third of the time of those of 32.
    return cv2.CV_16U if mask.size <= _FEW_PARTS else cv2.CV_32S


def median_of(values: NDArray[Any]) -> float:
    """The (upper) median of a few thousand values, without what NumPy's does beside."""
    flat = values.ravel()
    return float(np.partition(flat, flat.size // 2)[flat.size // 2])


def mask_at(places: NDArray[np.intp], like: U8) -> U8:
    """255 at those flat indices, else 0; of the shape of `like`."""
    mask = np.zeros(like.shape, np.uint8)
    mask.ravel()[places] = 255
    return mask


def above(values: F32 | F64 | I16 | U8, limit: F32 | I16 | float) -> U8:
    """255 where `values` are greater than `limit`, else 0."""
    if values.size == 1:  # OpenCV takes one pixel for a scalar, and compares no two scalars
        return (values > limit).astype(np.uint8) * np.uint8(255)
    return cast(U8, _cv2.compare(values, limit, cv2.CMP_GT))


def same(labels: Labels, value: int) -> U8:
    """255 where the labels are `value`, else 0."""
    if labels.size == 1 or labels.dtype != np.uint16:
        return np.where(labels == value, np.uint8(255), np.uint8(0))
    return cast(U8, _cv2.compare(labels, value, cv2.CMP_EQ))


def at_most(values: F32 | F64 | U8, limit: F32 | float) -> U8:
    """255 where `values` are not greater than `limit`, else 0."""
    return cast(U8, cv2.bitwise_not(above(values, limit)))


def at_least_0(values: F32) -> F32:
    """`values` without what is negative, in place: `numpy.maximum` in a quarter of the time."""
    return cast(F32, cv2.threshold(values, 0, 0, cv2.THRESH_TOZERO, dst=values)[1])


def up_to(values: F32, most: float) -> F32:
    """`values`, and `most` instead of what is more, in place."""
    return cast(F32, cv2.threshold(values, most, 0, cv2.THRESH_TRUNC, dst=values)[1])
