"""A pose: where each point of the reference lies in the picture."""

from dataclasses import dataclass, field
from typing import Any, cast

import cv2
import numpy as np

from watcher.vision.arrays import F64, U8
from watcher.vision.geometry import Box, Size

_cv2: Any = cv2


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """A projective map (3x3, float64) of points (x, y, 1) of the reference to points of the picture.

    Pixel centres are whole numbers, as OpenCV has them.
    """

    matrix: F64 = field(default_factory=lambda: np.eye(3))

    @classmethod
    def of(cls, shift: tuple[float, float], angle: float, scale: float, size: Size) -> "Pose":
        """Turned by `angle` degrees and scaled about the centre of a reference of `size`, then shifted (pixels)."""
        x, y = (size[0] - 1) / 2, (size[1] - 1) / 2
        cos, sin = scale * np.cos(np.radians(angle)), scale * np.sin(np.radians(angle))
        return cls(
            np.array(
                [
                    [cos, -sin, x - cos * x + sin * y + shift[0]],
                    [sin, cos, y - sin * x - cos * y + shift[1]],
                    [0.0, 0.0, 1.0],
                ]
            )
        )

    @property
    def is_affine(self) -> bool:
        """Whether parallels stay parallel."""
        return not np.any(self.matrix[2, :2])

    def box(self, box: Box, size: Size) -> Box:
        """The bounds, in a picture of `size`, of a box of the reference."""
        x0, y0, x1, y1 = box.x0 - 0.5, box.y0 - 0.5, box.x1 - 0.5, box.y1 - 0.5
        corners = self.points(np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])) + 0.5
        low, high = np.floor(corners.min(0) + 0.25), np.ceil(corners.max(0) - 0.25)
        left, top = (int(min(max(v, 0), side - 1)) for v, side in zip(low, size, strict=True))
        right, bottom = (int(min(max(v, 1), side)) for v, side in zip(high, size, strict=True))
        return Box(left, top, max(right, left + 1), max(bottom, top + 1))

    def points(self, points: F64) -> F64:
        """Points (n, 2) of the reference in the picture."""
        x, y = points[:, 0], points[:, 1]
        m = self.matrix
        depth = m[2, 0] * x + m[2, 1] * y + m[2, 2]
        return np.stack(
            [(m[0, 0] * x + m[0, 1] * y + m[0, 2]) / depth, (m[1, 0] * x + m[1, 1] * y + m[1, 2]) / depth], axis=1
        )

    def drawn_back(self, picture: U8, size: Size, beyond: int | None = None) -> U8:
        """`picture` as it would look from where the reference was taken, at the reference's `size`.

        What lies beyond the picture is `beyond`, or as its border is.
        """
        border = cv2.BORDER_REPLICATE if beyond is None else cv2.BORDER_CONSTANT
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        warp, matrix = (_cv2.warpAffine, self.matrix[:2]) if self.is_affine else (_cv2.warpPerspective, self.matrix)
        drawn = warp(picture, matrix, size, flags=flags, borderMode=border, borderValue=(beyond or 0,) * 3)
        return cast(U8, drawn)

    def back(self) -> "Pose":
        """From the picture to the reference."""
        return Pose(np.asarray(np.linalg.inv(self.matrix), np.float64))

    def resized(self, fx: float, fy: float) -> "Pose":
        """The same between pictures `fx`, `fy` times as large."""
        to = np.array([[fx, 0, fx / 2 - 0.5], [0, fy, fy / 2 - 0.5], [0, 0, 1.0]])
        return Pose(np.asarray(to @ self.matrix @ np.linalg.inv(to), np.float64))

    def drawn_onto(self, seen: U8, size: Size, beyond: int = 0) -> U8:
        """What is `seen` in the reference's frame, in a picture of `size`; `beyond` where there is nothing."""
        return self.back().drawn_back(seen, size, beyond)

    def parameters(self, size: Size) -> tuple[tuple[float, float], float, float]:
        """Shift (x, y) of the centre in pixels, angle in degrees, scale, of a reference of `size`."""
        centre = np.array([(size[0] - 1) / 2, (size[1] - 1) / 2])
        ends = self.points(centre + np.array([[0, 0], [1, 0], [0, 1]]))
        across, down = ends[1] - ends[0], ends[2] - ends[0]
        turned = complex(across[0] + down[1], across[1] - down[0]) / 2
        shift = ends[0] - centre
        scale = float(np.sqrt(abs(across[0] * down[1] - across[1] * down[0])))
        return (float(shift[0]), float(shift[1])), float(np.degrees(np.angle(turned))), scale
