"""What is left after the pose: small parts of the artwork that lie a little off, found window by window.

Lucas and Kanade's step ("An iterative image registration technique with an application to stereo vision", IJCAI
1981) for every window at once: products of slopes and differences are averaged over small cells, smoothed, and a
2x2 system is solved in each. Windows are far larger than defects, and large differences weigh little, so that a
defect cannot drag the artwork over itself.
"""

from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np

from watcher.inspection.lighting import Lit
from watcher.vision.arrays import F32, F64, U8
from watcher.vision.geometry import Size
from watcher.vision.level import shrunk
from watcher.vision.pose import Pose

_CELL = 4
"""Pixels of the level that are averaged before anything is solved."""
_WINDOW = 4.0
"""Sigma of the windows in cells: 16 pixels of the level, 32 of a picture twice its size. Smaller ones follow lines
that are printed wider, and then their other side is off."""
_PASSES = (0.0, 100.0, 60.0)
"""Grey levels beyond which a difference weighs little, one pass each; 0: every difference counts, because at first
they are large wherever the artwork lies off."""
_RIDGE = 100.0
"""Slopes squared below which a window has nothing to hold on to, and stays where it is."""
_TELLS = 60.0
"""Slopes squared at which a window says how far it lies off."""
_MOST = 3.0
"""Pixels of the full picture: further off is no residual, it is a defect or another part."""

_cv2: Any = cv2


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """Where each cell's centre of the reference lies in the picture, float32 (cells down, across), one cell more
    on every side than the reference has; `residual`: median of what was left, in pixels of the full picture."""

    x: F32
    y: F32
    cell: int
    residual: float

    def maps(self, size: Size) -> tuple[F32, F32]:
        """For `cv2.remap`: where every pixel of the reference, of `size`, lies in the picture."""
        whole = (self.x.shape[1] * self.cell, self.x.shape[0] * self.cell)
        inner = (slice(self.cell, self.cell + size[1]), slice(self.cell, self.cell + size[0]))
        x, y = (cv2.resize(part, whole, interpolation=cv2.INTER_LINEAR)[inner] for part in (self.x, self.y))
        return cast(F32, x), cast(F32, y)


class Local:
    """A reference (uint8, grey) in windows, at a level's `size`."""

    def __init__(self, reference: U8, size: Size) -> None:
        self._full: Size = (reference.shape[1], reference.shape[0])
        self.size = size
        self._reference = shrunk(reference, size)
        gx, gy = (cv2.Sobel(self._reference, cv2.CV_32F, dx, 1 - dx, scale=1 / 8) for dx in (1, 0))
        self._slopes = gx, gy
        self._cells: Size = (-(-size[0] // _CELL), -(-size[1] // _CELL))
        xx, xy, yy = self._windows(gx * gx), self._windows(gx * gy), self._windows(gy * gy)
        self._tensor = xx + _RIDGE, xy, yy + _RIDGE
        self._determinant = self._tensor[0] * self._tensor[2] - xy * xy
        self._tells = (xx + yy) > _TELLS
        rows, columns = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
        self._columns, self._rows = columns, rows

    def field(self, picture: F32, pose: Pose, lit: Lit) -> Field:
        """How `picture` (from `shrunk`, at the same level) lies off `pose`, window by window."""
        fx, fy = self.size[0] / self._full[0], self.size[1] / self._full[1]
        there = pose.resized(fx, fy)
        posed = there.drawn_back(cast(U8, picture), self.size)
        shown = self._shown(there)
        levelled = lit.evenly(cast(F32, posed))
        dx, dy = np.zeros((2, self._cells[1], self._cells[0]), np.float32)
        most = _MOST * fx
        for number, enough in enumerate(_PASSES):
            seen = levelled if number == 0 else self._moved(levelled, dx, dy)
            step_x, step_y = self._step(seen, shown, enough)
            dx, dy = np.clip(dx + step_x, -most, most), np.clip(dy + step_y, -most, most)
        off = np.hypot(dx, dy)[self._tells]
        return self._placed(dx / fx, dy / fy, pose, float(np.median(off)) / fx if off.size else 0.0)

    def _shown(self, pose: Pose) -> F32 | None:
        """1 where the picture shows the part, 0 beyond its border; None where it shows all of it."""
        width, height = self.size
        ends = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], np.float64)
        there = pose.points(ends)
        if there.min() >= -0.5 and (there - (width, height)).max() <= -0.5:
            return None
        shown = np.zeros((height, width), np.float32)
        back = pose.back().points(ends)
        cv2.fillConvexPoly(shown, np.round(back).astype(np.int32), (1,))
        return cast(F32, cv2.erode(shown, np.ones((5, 5), np.uint8), borderValue=(1,)))

    def _windows(self, values: F32) -> F32:
        small = cv2.resize(values, self._cells, interpolation=cv2.INTER_AREA)
        return cast(F32, cv2.GaussianBlur(small, (0, 0), _WINDOW))

    def _moved(self, picture: F32, dx: F32, dy: F32) -> F32:
        x, y = (cv2.resize(part, self.size, interpolation=cv2.INTER_LINEAR) for part in (dx, dy))
        cv2.add(x, self._columns, dst=x)
        cv2.add(y, self._rows, dst=y)
        return cast(F32, cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))

    def _step(self, seen: F32, shown: F32 | None, enough: float) -> tuple[F32, F32]:
        difference = cv2.subtract(self._reference, seen)
        if shown is not None:
            cv2.multiply(difference, shown, dst=difference)
        if enough:
            weight = cv2.multiply(difference, difference, scale=1 / enough**2)
            _cv2.add(weight, (1.0,), dst=weight)
            cv2.divide(difference, cv2.multiply(weight, weight, dst=weight), dst=difference)
        bx, by = (self._windows(cast(F32, cv2.multiply(slope, difference))) for slope in self._slopes)
        xx, xy, yy = self._tensor
        return (yy * bx - xy * by) / self._determinant, (xx * by - xy * bx) / self._determinant

    def _placed(self, dx: F32, dy: F32, pose: Pose, residual: float) -> Field:
        """The field with one cell more around, in pixels of the full picture."""
        cell = round(_CELL * self._full[0] / self.size[0])
        dx, dy = (np.pad(part, 1, mode="edge") for part in (dx, dy))
        down, across = dx.shape
        x = (np.arange(across) - 0.5) * cell - 0.5
        y = (np.arange(down) - 0.5) * cell - 0.5
        points: F64 = np.stack([(x + dx).ravel(), (y[:, None] + dy).ravel()], axis=1).astype(np.float64)
        there = pose.points(points).astype(np.float32)
        return Field(there[:, 0].reshape(down, across), there[:, 1].reshape(down, across), cell, residual)
