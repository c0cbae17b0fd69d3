"""Boxes and polygons. Index ``[y, x]``, boxes x first, `size` is (width, height), `shape` is (H, W)."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Size = tuple[int, int]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True, order=True)
class Box:
    """An axis-aligned rectangle in full-frame pixels, half-open: x1 and y1 are just outside."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def width(self) -> int:
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        return self.y1 - self.y0

    @property
    def area(self) -> int:
        return max(0, self.width) * max(0, self.height)

    def union(self, other: "Box") -> "Box":
        """The smallest box that holds both."""
        return Box(min(self.x0, other.x0), min(self.y0, other.y0), max(self.x1, other.x1), max(self.y1, other.y1))

    def intersection(self, other: "Box") -> "Box":
        """What both share; its area is 0 where they do not meet."""
        return Box(max(self.x0, other.x0), max(self.y0, other.y0), min(self.x1, other.x1), min(self.y1, other.y1))

    def iou(self, other: "Box") -> float:
        """Intersection over union, 0 to 1."""
        shared = self.intersection(other).area
        whole = self.area + other.area - shared
        return shared / whole if whole else 0.0

    def grown(self, margin: int) -> "Box":
        """The box with `margin` pixels more on every side."""
        return Box(self.x0 - margin, self.y0 - margin, self.x1 + margin, self.y1 + margin)

    def scaled(self, fx: float, fy: float, size: Size) -> "Box":
        """The box in a picture `fx`, `fy` times as large, rounded outward and kept inside `size`."""
        width, height = size
        return Box(
            max(0, int(self.x0 * fx)),
            max(0, int(self.y0 * fy)),
            min(width, -int(-self.x1 * fx // 1)),
            min(height, -int(-self.y1 * fy // 1)),
        )


def polygon_mask(points: Sequence[Point], size: Size) -> "NDArray[np.bool_]":
    """Pixels whose centre lies inside the polygon; polygons that share an edge share no pixel and leave none out.

    Parameters
    ----------
    points : at least three (x, y), fractions 0-1 of the picture.
    size : (width, height) of the mask wanted.

    Returns
    -------
    bool array of shape (height, width), True inside.
    """
    import numpy as np

    if len(points) < 3:
        raise ValueError(f"a polygon needs at least 3 points, got {len(points)}")
    width, height = size
    flips = np.zeros((height, width + 1), np.bool_)
    # Even-odd by rows: every edge turns over what is to the right of it. OpenCV's fillPoly paints the outline too.
    for one, other in zip(points, [*points[1:], points[0]], strict=True):
        (x0, y0), (x1, y1) = sorted((one, other), key=lambda point: point[1])
        first, last = (min(max(math.ceil(y * height - 0.5), 0), height) for y in (y0, y1))
        rows = np.arange(first, last)
        if rows.size:
            across = x0 + ((rows + 0.5) / height - y0) * (x1 - x0) / (y1 - y0)
            columns = np.clip(np.ceil(across * width - 0.5), 0, width).astype(np.intp)
            flips[rows, columns] ^= True
    inside: NDArray[np.bool_] = np.logical_xor.accumulate(flips, axis=1)[:, :width]
    return inside


def watched_mask(
    size: Size, zones: Iterable[Sequence[Point]], hidden: Iterable[Sequence[Point]]
) -> "NDArray[np.bool_]":
    """What is looked at: the zones (the whole picture where there are none) less what is hidden."""
    import numpy as np

    zones = list(zones)
    watched = np.zeros((size[1], size[0]), np.bool_) if zones else np.ones((size[1], size[0]), np.bool_)
    for points in zones:
        watched |= polygon_mask(points, size)
    for points in hidden:
        watched &= ~polygon_mask(points, size)
    return watched
