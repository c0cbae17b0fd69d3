"""Light that is not the same everywhere: a lamp to one side, a vignette, a reflection without a border.

A smooth factor over the part, a polynomial of the fourth degree as is used for shading of microscopes and cameras
(D. Tomazevic, B. Likar, F. Pernus, "Comparative evaluation of retrospective shading correction methods", Journal of
Microscopy 208(3), 2002, doi:10.1046/j.1365-2818.2002.01079.x), fitted to the flat places of the golden part with
Geman-McClure weights. It is far smoother than any defect that does not cover a quarter of the part.
"""

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.vision.arrays import F32, F64, U8, Mask
from watcher.vision.geometry import Size

Places = NDArray[np.intp]

DEGREE = 4
_POWERS = sorted(((i, j) for i in range(DEGREE + 1) for j in range(DEGREE + 1 - i)), key=sum)
_DEGREES = np.array([sum(powers) for powers in _POWERS])
_STARTS = (1, 1, 2, 2, 3, 3, 4, 4, 4)
"""Degrees of the rounds: what a defect takes for light must not be led by it from the beginning."""
_CELLS = 6
"""The part is looked at in so many cells across and down before anything is fitted."""
_SEEN = 3.0
"""Grey levels by which a cell must be off; less is what passes anyway."""
_FEWEST = 150
HALF = 0.5
"""Part of the places that must be neither black nor burnt out: what those tell who are left may be a stain."""
_MOST = 3000
_ENOUGH = 5
"""Places of a cell without which it says nothing."""
_BLACK, _BURNT = 3.0, 252.0
"""Grey levels beyond which light is lost."""
_FAINT = 30.0
"""Grey levels of the golden part; what is darker tells of a factor hardly anything."""
_TRUSTED = 0.25
_FAR = 20.0
_BETTER = 0.8
"""Part of what is off without it that may be left."""
_RANGE = (0.3, 3.0)
_MIDDLE = 100.0
"""Grey levels: the unit of the offset, so that it is as stiff as the rest."""
_RIDGE = 0.003
"""Pull towards even light where nothing flat tells of it, per place."""
_SCALE = 2.0
"""Grey levels: residuals below this are as good as none."""


@dataclass(frozen=True, slots=True, eq=False)
class Uneven:
    """How the light is spread: a factor for every place, 1 on average; `least`, `most` of it where it was seen."""

    coefficients: F64
    least: float
    most: float

    def at(self, size: Size) -> F32:
        """The factor for every pixel of a golden picture of that size, float32 (height, width)."""
        rows, columns = np.mgrid[0:18, 0:32].astype(np.float64)
        coarse = _columns((columns.ravel() + 0.5) / 32, (rows.ravel() + 0.5) / 18) @ self.coefficients
        factor = np.clip(coarse, self.least, self.most).reshape(18, 32).astype(np.float32)
        return cast(F32, cv2.resize(factor, size, interpolation=cv2.INTER_CUBIC))

    def evened(self, picture: F32, gain: float, offset: float) -> U8:
        """`picture` (float32, grey or BGR, laid onto the golden one) less offset, over gain and factor; uint8."""
        inverse = np.reciprocal(self.at((picture.shape[1], picture.shape[0])))
        inverse = cv2.merge([inverse] * 3) if picture.ndim == 3 else inverse
        level = cv2.addWeighted(picture, 1, picture, 0, -offset)
        return cast(U8, cv2.multiply(level, inverse, scale=1 / gain, dtype=cv2.CV_8U))


class Shading:
    """Where light is looked at: `places` (rows, columns) of a golden picture of `size`, and its `values` there."""

    def __init__(self, places: tuple[Places, Places], values: F32, size: Size) -> None:
        self._every = slice(None, None, max(1, len(values) // _MOST))
        rows, columns = (np.asarray(part, np.float64)[self._every] for part in places)
        x, y = (columns + 0.5) / size[0], (rows + 0.5) / size[1]
        self._values = values[self._every]
        self._cell = (y * _CELLS).astype(np.intp) * _CELLS + (x * _CELLS).astype(np.intp)
        self._columns = _columns(x, y)

    def on(self, seen: F32, shown: Mask, gain: float, offset: float) -> Uneven | None:
        """How the light is spread on a picture whose grey levels at the places are `seen`, where they are `shown`;
        gain and offset: of the light as a whole. None where it is even, or nothing tells."""
        seen, telling = seen[self._every], shown[self._every] & (self._values > _FAINT)
        usable = telling & (seen > _BLACK) & (seen < _BURNT)
        seen = (seen - np.float32(offset)) / np.float32(gain)
        enough = np.count_nonzero(usable) >= max(_FEWEST, HALF * np.count_nonzero(telling))
        if not enough or not self._differs(seen - self._values, usable):
            return None
        seen, values, columns = seen[usable], self._values[usable], self._columns[usable]
        found, trust = _fitted(seen, values, columns)
        factor = columns @ found[:-1]
        sure = factor[trust > _TRUSTED]
        mean = float(sure.mean()) if len(sure) >= _FEWEST else 0.0
        if mean < _RANGE[0] or _off(seen, factor * values + found[-1]) > _BETTER * _off(seen, values):
            return None
        least, most = (float(np.clip(value / mean, *_RANGE)) for value in (sure.min(), sure.max()))
        return Uneven(found[:-1] / mean, least, most)

    def _differs(self, off: F32, usable: Mask) -> bool:
        """Whether any part of the picture is brighter or darker as a whole."""
        cells, off = self._cell[usable], np.clip(off[usable], -4 * _SEEN, 4 * _SEEN)
        count = np.bincount(cells, minlength=_CELLS**2)
        total = np.bincount(cells, off, minlength=_CELLS**2)
        known = count >= _ENOUGH
        return bool((np.abs(total[known] / count[known]) > _SEEN).any())


def _off(seen: F32, due: F32 | F64) -> float:
    """How far both lie apart on average; what lies far off is no light."""
    return float(np.minimum(np.abs(seen - due), _FAR).mean())


def _fitted(seen: F32, values: F32, columns: F64) -> tuple[F64, F64]:
    """Coefficients of factor and, last, of an offset, so that seen = factor x values + offset; and what each place
    counted for in the end."""
    found = np.zeros(columns.shape[1] + 1)
    found[0] = 1.0
    unknowns = np.column_stack([columns * values[:, None], np.full(len(values), _MIDDLE)])
    trust = np.ones(len(values))
    for degree in _STARTS:
        residual = seen - unknowns @ found
        scale = max(_SCALE, 1.4826 * float(np.median(np.abs(residual))))
        trust = 1 / np.square(1 + np.square(residual / (2 * scale)))
        used = np.flatnonzero([*(degree >= _DEGREES), True])
        some = unknowns[:, used]
        weighted = some * trust[:, None]
        normal = weighted.T @ some
        normal[np.diag_indices(len(used))] += _RIDGE * len(values) * _MIDDLE**2 * (used > 0)
        found[used] += np.linalg.solve(normal, weighted.T @ residual)
    found[-1] *= _MIDDLE
    return found, trust


def _columns(x: F64, y: F64) -> F64:
    """Legendre polynomials of x and y (0 to 1), lowest first: float64 (n, 15)."""
    across, down = (np.polynomial.legendre.legvander(2 * part - 1, DEGREE) for part in (x, y))
    return np.stack([across[:, i] * down[:, j] for i, j in _POWERS], axis=1)
