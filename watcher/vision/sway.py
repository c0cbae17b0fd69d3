"""Where a reference lies in a picture of a camera that shakes or drifts: turned a little, and shifted."""

import math
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from watcher.vision.arrays import F32, F64, U8, Window
from watcher.vision.geometry import Box, Size


@dataclass(frozen=True, slots=True)
class Sway:
    """The reference lies turned by `angle` (radians, from x towards y) about its centre, then shifted by `x`, `y`
    (pixels of the analysed picture)."""

    x: float = 0.0
    y: float = 0.0
    angle: float = 0.0

    def matrix(self, size: Size) -> F64:
        """2x3, from pixels (x, y) of the reference to those of the picture, both of `size` (width, height)."""
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        cx, cy = (size[0] - 1) / 2, (size[1] - 1) / 2
        return np.array(
            [[cos, -sin, cx - cos * cx + sin * cy + self.x], [sin, cos, cy - sin * cx - cos * cy + self.y]]
        )

    def reach(self, size: Size) -> float:
        """How far the corner that moves most is moved, pixels of a picture of `size`; a little too much."""
        return math.hypot(self.x, self.y) + abs(self.angle) * math.hypot(*size) / 2

    def apart(self, other: "Sway", size: Size) -> float:
        """The same between two of them."""
        return Sway(self.x - other.x, self.y - other.y, self.angle - other.angle).reach(size)

    def halved(self) -> "Sway":
        """The same in a picture of half the size."""
        return Sway(self.x / 2, self.y / 2, self.angle)

    def doubled(self) -> "Sway":
        """The same in a picture of twice the size."""
        return Sway(self.x * 2, self.y * 2, self.angle)


STANDING = Sway()


def drawn_back(picture: U8, sway: Sway, beyond: U8) -> U8:
    """`picture` (uint8 (h, w)) as the reference lies, written into `beyond`, which keeps what it does not show.

    Cubic, because a linear interpolation takes fine texture away, which then differs from the reference.
    """
    size = (picture.shape[1], picture.shape[0])
    matrix = sway.matrix(size)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    turned = cv2.warpAffine(picture, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    inner = _shown(matrix, size)
    beyond[inner] = turned[inner]
    return beyond


def outward(shown: U8 | F32, sway: Sway) -> U8 | F32:
    """A mask or map of the reference (h, w) as it lies in the picture; 0 where the reference has nothing."""
    if sway == STANDING:
        return shown
    size = (shown.shape[1], shown.shape[0])
    return cast(U8, cv2.warpAffine(shown, sway.matrix(size), size, flags=cv2.INTER_NEAREST))


def moved_box(box: Box, sway: Sway, scale: tuple[float, float], full: Size) -> Box:
    """The bounds, in a picture of size `full`, of a box of the reference; `scale` leads from analysed to full."""
    size = (round(full[0] / scale[0]), round(full[1] / scale[1]))
    matrix = sway.matrix(size)
    xs = np.array([box.x0, box.x1, box.x0, box.x1]) / scale[0] - 0.5
    ys = np.array([box.y0, box.y0, box.y1, box.y1]) / scale[1] - 0.5
    x, y = matrix @ np.stack([xs, ys, np.ones(4)])
    left, right = (x.min() + 0.5) * scale[0], (x.max() + 0.5) * scale[0]
    top, bottom = (y.min() + 0.5) * scale[1], (y.max() + 0.5) * scale[1]
    x0, y0 = min(max(0, round(left)), full[0] - 1), min(max(0, round(top)), full[1] - 1)
    return Box(x0, y0, max(x0 + 1, min(full[0], round(right))), max(y0 + 1, min(full[1], round(bottom))))


def _shown(matrix: F64, size: Size) -> Window:
    """The largest upright part of the reference of which the picture shows every pixel, for a small turn."""
    (cos, across, x), (down, _, y) = matrix
    width, height = size
    slant = sorted((0.0, across * (height - 1)))
    left, right = math.ceil((-x - slant[0]) / cos), math.floor((width - 1 - x - slant[1]) / cos)
    slant = sorted((0.0, down * (width - 1)))
    top, bottom = math.ceil((-y - slant[0]) / cos), math.floor((height - 1 - y - slant[1]) / cos)
    return slice(max(0, top), max(0, bottom + 1)), slice(max(0, left), max(0, right + 1))
