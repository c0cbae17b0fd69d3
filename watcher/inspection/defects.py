"""From changed pixels to defects: what belongs together, how much of it there is, and where."""

from dataclasses import dataclass

import cv2
import numpy as np

from watcher.inspection.difference import CAP, Differences
from watcher.inspection.limits import disc
from watcher.vision.arrays import F32, U8, Mask
from watcher.vision.geometry import Box

MOST = 64
"""The largest so many are told apart; a part with more is another part."""
_LOOKED_AT = 512


@dataclass(frozen=True, slots=True, eq=False)
class Defect:
    """A connected place that differs, in pixels of the analysed golden picture.

    weight : sum of change over what passes, of all its pixels. strongest : of its pixels, at most `CAP`. mask : its
    pixels within `box`.
    """

    box: Box
    area: int
    weight: float
    strongest: float
    mean: float
    mask: U8


def defects(found: Differences, join: int, least: F32) -> list[Defect]:
    """The defects of at least the weight `least` (float32 map) at their place, heaviest first.

    What lies within `join` pixels of each other is one.
    """
    if cv2.countNonZero(found.seeds) == 0:
        return []
    whole = cv2.bitwise_or(found.seeds, found.reached)
    joined = cv2.dilate(whole, disc(2 * join + 1))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    largest = np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable")[:_LOOKED_AT] + 1
    told = []
    for index in largest:
        x, y, width, height = (int(value) for value in stats[index][:4])
        rows, columns = slice(y, y + height), slice(x, x + width)
        member = labels[rows, columns] == index
        one = _defect(found, rows, columns, member)
        if one is not None and one.weight >= float(least[rows, columns][member].min()):
            told.append(one)
    return sorted(told, key=lambda defect: -defect.weight)[:MOST]


def _defect(found: Differences, rows: slice, columns: slice, member: Mask) -> Defect | None:
    seeds = member & (found.seeds[rows, columns] > 0)
    if not seeds.any():
        return None
    values = found.strength(rows, columns)[seeds]
    extent = member & ((found.reached[rows, columns] > 0) | seeds)
    mask: U8 = extent.astype(np.uint8) * np.uint8(255)
    x, y, width, height = cv2.boundingRect(mask)
    box = Box(columns.start + x, rows.start + y, columns.start + x + width, rows.start + y + height)
    mask = mask[y : y + height, x : x + width]
    return Defect(box, cv2.countNonZero(mask), float(values.sum()), float(values.max()), float(values.mean()), mask)


__all__ = ["CAP", "MOST", "Defect", "defects"]
