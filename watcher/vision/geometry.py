"""Boxes and polygons. Index ``[y, x]``, boxes x first, `size` is (width, height), `shape` is (H, W)."""

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
        return Box(
            min(self.x0, other.x0), min(self.y0, other.y0), max(self.x1, other.x1), max(self.y1, other.y1)
        )

    def intersection(self, other: "Box") -> "Box":
        """What both share; its area is 0 where they do not meet."""
        return Box(
            max(self.x0, other.x0), max(self.y0, other.y0), min(self.x1, other.x1), min(self.y1, other.y1)
        )

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
    """Pixels whose centre lies inside the polygon.

    Parameters
    ----------
    points : at least three (x, y), fractions 0-1 of the picture.
    size : (width, height) of the mask wanted.

    Returns
    -------
    bool array of shape (height, width), True inside.
    """
    import cv2
    import numpy as np

    if len(points) < 3:
        raise ValueError(f"a polygon needs at least 3 points, got {len(points)}")
    width, height = size
    # fillPoly draws pixel centres at integers and paints the outline too; 4 fractional bits and half a
    # pixel off make a polygon from 0 to 1 cover every pixel and neighbours share an edge without overlap.
    corners = np.array([(x * width - 0.5, y * height - 0.5) for x, y in points])
    canvas = np.zeros((height, width), np.uint8)
    cv2.fillPoly(canvas, [np.round(corners * 16).astype(np.int32)], 255, lineType=cv2.LINE_8, shift=4)
    return canvas > 0


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
