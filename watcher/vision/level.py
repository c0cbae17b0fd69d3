"""The reference at one size, and the steps that bring a pose nearer to the truth there.

Inverse compositional Gauss-Newton (S. Baker, I. Matthews, "Lucas-Kanade 20 years on: a unifying framework", IJCV
56(3), 2004, doi:10.1023/B:VISI.0000011205.11775.fd) on the strongest edges alone, with the light's gain and offset
among the unknowns and Geman-McClure weights: defects, a hand or a cable have no say.
"""

from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np

from watcher.vision.arrays import F32, F64, U8, Mask
from watcher.vision.geometry import Size
from watcher.vision.pose import Pose

_CELL = 8
_PER_CELL = 4
"""Of every cell of 8x8 pixels the strongest edges are looked at: artwork everywhere has its say."""
_MOST = 16_000
_WEAK_EDGE = 2.0
"""Grey levels per pixel: what is weaker is noise, and says nothing of where a part lies."""
_WEAKER = 0.08
"""Part of the strongest edges below which an edge is a smudge or compression."""
_FEWEST = 24
_LEAST_SCALE = 4.0
"""Grey levels: residuals below this are as good as none."""
_RIDGE = 1e-4
"""What the artwork does not tell (how far stripes moved along themselves) stays as it was."""
_STIFF = 0.02
"""How firmly a part is held to turning and scaling as a whole: artwork that tells of one direction alone (stripes)
shall not stretch it in the other."""

_cv2: Any = cv2


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """A pose, and what speaks for it.

    `agreement` : part of the artwork's edges that are there, 0 to 1. `inside` : part of them that the picture
    shows at all. `gain`, `offset` : of the light, picture = gain x reference + offset. `sharpness` : how steep the
    edges are against the reference's: the gain where they are as sharp.
    """

    pose: Pose
    agreement: float = 0.0
    inside: float = 0.0
    gain: float = 1.0
    offset: float = 0.0
    sharpness: float = 1.0


def shrunk(picture: U8, size: Size) -> F32:
    """`picture` at a level's size, a little smoothed, so that steps towards it see their way. float32."""
    while picture.shape[1] >= 2 * size[0] and picture.shape[1] % 2 == 0 and picture.shape[0] % 2 == 0:
        picture = cast(U8, cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    if (picture.shape[1], picture.shape[0]) != size:
        picture = cast(U8, cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
    return cast(F32, cv2.GaussianBlur(picture, (5, 5), 1.0).astype(np.float32))


class Level:
    """The reference's strongest edges at one size, and how their brightness changes with the pose."""

    def __init__(self, reference: U8, size: Size, watched: U8 | None, perspective: bool) -> None:
        self.size = size
        fx, fy = size[0] / reference.shape[1], size[1] / reference.shape[0]
        self._to = np.array([[fx, 0, fx / 2 - 0.5], [0, fy, fy / 2 - 0.5], [0, 0, 1.0]])
        self._from = np.linalg.inv(self._to)
        picture = shrunk(reference, size)
        across, down = (cv2.Sobel(picture, cv2.CV_32F, dx, 1 - dx, scale=1 / 8) for dx in (1, 0))
        strength = cast(F32, cv2.magnitude(across, down))
        if watched is not None:
            strength[cv2.resize(watched, size, interpolation=cv2.INTER_AREA) < 255] = 0
        rows, columns = _strongest(strength)
        self.points: F64 = np.stack([columns, rows], axis=1).astype(np.float64)
        self.values: F32 = picture[rows, columns]
        self.slopes: F32 = np.stack([across[rows, columns], down[rows, columns]], axis=1)
        self._centre = (size[0] - 1) / 2, (size[1] - 1) / 2
        self._half = max(size) / 2
        self._columns = self._steps(perspective)

    def refined(self, picture: F32, pose: Pose, most: int) -> Registration:
        """The pose after at most so many steps from `pose`; `picture` comes from `shrunk`."""
        if len(self.points) < _FEWEST:
            return Registration(pose)
        matrix = self._to @ pose.matrix @ self._from
        gain, offset = 1.0, 0.0
        for turn in range(most):
            seen, inside = _seen(picture, matrix, self.points)
            if np.count_nonzero(inside) < _FEWEST:
                return Registration(pose)
            if turn == 0:
                gain, offset = _light(seen[inside], self.values[inside])
            step, gain, offset = self._step(seen, inside, matrix, gain, offset)
            matrix = matrix @ np.linalg.inv(step)
            matrix /= matrix[2, 2]
            if np.abs(step @ (*self.size, 1.0) - (*self.size, 1.0)).max() < 0.02:
                break
        agreement, inside_part, sharpness = self._agreement(picture, matrix, gain)
        there = self._from @ matrix @ self._to
        return Registration(Pose(there / there[2, 2]), agreement, inside_part, gain, offset, sharpness)

    def _steps(self, perspective: bool) -> F32:
        """What each parameter of the pose does to each value, float32 (n, 6 or 8), in units of the half side."""
        u, v = ((self.points[:, axis] - self._centre[axis]) / self._half for axis in (0, 1))
        gx, gy = (self.slopes[:, axis] * self._half for axis in (0, 1))
        columns = [gx * u + gy * v, gy * u - gx * v, gx, gy, gx * u - gy * v, gx * v + gy * u]
        if perspective:
            along = gx * u + gy * v
            columns += [-along * u, -along * v]
        return np.stack(columns, axis=1).astype(np.float32)

    def _step(self, seen: F32, inside: Mask, matrix: F64, gain: float, offset: float) -> tuple[F64, float, float]:
        """One weighted least-squares step: a matrix near 1 in this level's pixels, and the light."""
        residual = seen - gain * self.values - offset
        scale = max(_LEAST_SCALE, 1.4826 * float(np.median(np.abs(residual[inside]))))
        trust = inside / np.square(1 + np.square(residual / (2 * scale)))
        light = np.stack([self.values, np.ones_like(self.values)], axis=1)
        columns = np.concatenate([gain * self._columns, light], axis=1)
        weighted = columns * trust[:, None].astype(np.float32)
        normal = (weighted.T @ columns).astype(np.float64)
        wanted = (weighted.T @ residual).astype(np.float64)
        (x, y), half = self._centre, self._half
        out = np.array([[half, 0, x], [0, half, y], [0, 0, 1.0]])
        now = np.linalg.inv(out) @ matrix @ out
        count = self._columns.shape[1]
        level = np.trace(normal[:count, :count]) / count
        normal[range(count), range(count)] += _RIDGE * level
        for index, bent in _bent(now, count):
            normal[index, index] += _STIFF * level
            wanted[index] += _STIFF * level * bent
        found = np.linalg.lstsq(normal, wanted, rcond=None)[0]
        local = out @ _local(found[:count]) @ np.linalg.inv(out)
        return local, gain + float(found[-2]), offset + float(found[-1])

    def _agreement(self, picture: F32, matrix: F64, gain: float) -> tuple[float, float, float]:
        """Part of the edges inside the picture that run there as they should, part that is inside, sharpness."""
        ends = []
        inside = np.ones(len(self.points), np.bool_)
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            seen, within = _seen(picture, matrix, self.points + np.array([dx, dy]))
            ends.append(seen)
            inside &= within
        across, down = (ends[0] - ends[1]) / 2, (ends[2] - ends[3]) / 2
        gx, gy = self.slopes[:, 0], self.slopes[:, 1]
        along = across * gx + down * gy
        athwart = across * gy - down * gx
        steep = along / (gx * gx + gy * gy)
        good = inside & (along > 0) & (np.abs(athwart) < along)
        there = max(1, int(np.count_nonzero(inside)))
        sharpness = float(np.median(steep[good])) if good.any() else 0.0
        # A picture out of focus has all of its edges, only none of them steep.
        good &= steep > 0.4 * min(gain, sharpness)
        return float(np.count_nonzero(good)) / there, there / len(inside), sharpness


def _local(p: F64) -> F64:
    """The step with these parameters, in units of the half side."""
    local = np.array([[1 + p[0] + p[4], p[5] - p[1], p[2]], [p[5] + p[1], 1 + p[0] - p[4], p[3]], [0, 0, 1]])
    local[2, :2] = p[6:8] if len(p) == 8 else 0
    return local


def _bent(matrix: F64, count: int) -> list[tuple[int, float]]:
    """Parameters that a part turned and scaled as a whole has not, and how much of each a pose has."""
    bent = [(4, (matrix[0, 0] - matrix[1, 1]) / 2), (5, (matrix[0, 1] + matrix[1, 0]) / 2)]
    return bent + ([(6, matrix[2, 0]), (7, matrix[2, 1])] if count == 8 else [])


def _strongest(strength: F32) -> tuple[Any, Any]:
    """Rows and columns of the strongest edges of every cell."""
    strength[:2], strength[-2:], strength[:, :2], strength[:, -2:] = 0, 0, 0, 0
    height, width = (side // _CELL * _CELL for side in strength.shape)
    split = strength[:height, :width].reshape(height // _CELL, _CELL, width // _CELL, _CELL)
    cells = split.transpose(0, 2, 1, 3).reshape(-1, _CELL * _CELL)
    count = max(1, min(_PER_CELL, _MOST // max(1, len(cells))))
    order = np.argpartition(cells, -count, axis=1)[:, -count:]
    which = np.arange(len(cells))[:, None]
    rows = which // (width // _CELL) * _CELL + order // _CELL
    columns = which % (width // _CELL) * _CELL + order % _CELL
    weak = max(_WEAK_EDGE, _WEAKER * float(np.percentile(strength, 99.5)), 6 * float(np.median(strength[::3, ::3])))
    keep = cells[which, order] > min(weak, max(_WEAK_EDGE, 0.3 * float(strength.max())))
    rows, columns = rows[keep], columns[keep]
    thin = slice(None, None, -(-len(rows) // _MOST) or 1)
    return rows[thin], columns[thin]


def _seen(picture: F32, matrix: F64, points: F64) -> tuple[F32, Mask]:
    """Values of `picture` where the points of the reference lie, and which of them lie inside it."""
    there = Pose(matrix).points(points).astype(np.float32)
    height, width = picture.shape
    inside = (there >= 0).all(axis=1) & (there[:, 0] <= width - 1) & (there[:, 1] <= height - 1)
    seen = _cv2.remap(picture, there[None], None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return seen[0], inside


def _light(seen: F32, values: F32) -> tuple[float, float]:
    """A first guess of gain and offset that no pose can spoil: spread and middle of the brightness."""
    low, middle, high = np.percentile(seen, (20, 50, 80))
    was_low, was_middle, was_high = np.percentile(values, (20, 50, 80))
    gain = float(np.clip((high - low) / max(was_high - was_low, 1.0), 0.3, 3.0))
    return gain, float(middle - gain * was_middle)
