"""Some hundred points of a picture that tell where it lies, and how another picture fits them.

The points are those with the steepest edges, the same number in every part of the picture, where noise does not
drown them. Turn and shift are found from them in two ways:

* `refined`: Gauss-Newton with the gradients of the picture that does not move, which are known beforehand (S.
  Baker, I. Matthews, "Lucas-Kanade 20 years on: a unifying framework", IJCV 56(3), 2004,
  doi:10.1023/B:VISI.0000011205.11775.fd). Gain and offset of the light are solved for along with it, and each
  point counts by how well it fits (Geman-McClure; see `watcher.inspection.light`), so that what passes by does not
  drag it along.
* `searched`: every whole-pixel shift, by the truncated difference, which counts what fits and not how badly the
  rest does not. For steps that are larger than edges are wide.
"""

import math
from dataclasses import dataclass, replace
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.vision.arrays import F32, U8, median_of
from watcher.vision.sway import STANDING, Sway

CELL = 20
"""Side in pixels of the parts of a picture that have the same number of points each."""

LEAST_POINTS, LEAST_CELLS = 40, 6
"""With fewer, or in fewer parts of the picture, nothing is said of where it lies."""

_MARGIN = 4
_TOLD = 2.0
"""An edge this many times as steep as the noise tells something."""

_FORGETS = 0.1
_LEAST_TRUST = 0.05

_STIFFNESS = (0.5, 0.5, 0.5, 50.0, 0.5)
"""What holds shift, turn, gain and offset back where the points leave one of them open: edges of one direction."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How a picture relates to the points: where they lie in it, and the light on it.

    The grey level of a point is `gain` times its own about the mean of all points, plus `offset`.
    """

    sway: Sway = STANDING
    gain: float = 1.0
    offset: float = 0.0


class Points:
    """Points of one picture, and what is needed of them.

    Parameters
    ----------
    picture : float32 (h, w).
    places : index of each point in the picture read row by row, none of them on its border.
    noise : variance of each point.

    Attributes
    ----------
    places, values : as given, and the grey levels there.
    cell : the part of the picture in which each point lies.
    limit : difference in grey levels with which a point still fits.
    """

    def __init__(self, picture: F32, places: NDArray[np.intp], noise: F32) -> None:
        height, width = picture.shape
        self._size = (width, height)
        self.places = places
        rows, columns = np.divmod(places, width)
        self.cell = rows // CELL * (width // CELL + 1) + columns // CELL
        self._x = (columns - (width - 1) / 2).astype(np.float32)
        self._y = (rows - (height - 1) / 2).astype(np.float32)
        flat = picture.ravel()
        self.values: F32 = flat[places]
        self._level: F32 = self.values - self.values.mean()
        across = (flat[places + 1] - flat[places - 1]) * np.float32(0.5)
        down = (flat[places + width] - flat[places - width]) * np.float32(0.5)
        self.steep: F32 = np.hypot(across, down)
        self._at_least_1: F32 = np.maximum(self.steep, 1)
        self._arm = math.hypot(width, height) / 2
        turn = (self._x * down - self._y * across) / np.float32(self._arm)
        self._slopes = np.stack([across, down, turn, self._level, np.ones_like(turn)])
        # Between its pixels a picture is only guessed: the steeper, the worse.
        self.limit: F32 = np.float32(2.5) * np.sqrt(noise) + np.float32(0.12) * self.steep + np.float32(1.5)
        # A point tells its place to about half a pixel: strong edges of a car do not outvote the faint road.
        self._hold = np.square(self.limit) + np.square(np.float32(0.4) * self.steep)
        self.trust = np.ones(places.size, np.float32)
        self._lit_by, self._lit_values = (1.0, 0.0), self.values

    @property
    def trust(self) -> F32:
        """How often each point has fitted lately, 0 to 1: a leaf does not, nor what has been learnt by mistake."""
        return self._trust

    @trust.setter
    def trust(self, trust: F32) -> None:
        self._trust, self._all_trust = trust, float(trust.sum())

    def misfit(self, picture: U8 | F32, fit: Fit) -> F32:
        """How far each point is off, in its limits; 1 for points outside of `picture`, float32 (n,)."""
        return self._compared(picture, fit)[1]

    def misfit_standing(self, picture: U8, fit: Fit) -> F32:
        """`misfit` where nothing has moved, whatever the sway of `fit`: in a fifth of the time."""
        off = picture.take(self.places) - self._lit(fit)
        np.abs(off, out=off)
        off /= self.limit
        return off

    def crispness(self, picture: U8) -> float:
        """How steep the edges are in `picture`, which lies as the points do, in parts of how steep they were."""
        flat = picture.ravel()
        across = flat[self.places + 1].astype(np.float32) - flat[self.places - 1]
        down = flat[self.places + self._size[0]].astype(np.float32) - flat[self.places - self._size[0]]
        steep = cast(F32, cv2.magnitude(across, down)).ravel()
        return median_of(steep / self._at_least_1) / 2

    def share(self, misfit: F32) -> float:
        """Part of the points that fit, each counted by its trust."""
        return float(np.add.reduce(self._trust[misfit < 1])) / self._all_trust

    def learn_trust(self, misfit: F32) -> None:
        """Take in how the points fitted a picture that lies as it was thought to."""
        trust = self._trust + np.float32(_FORGETS) * ((misfit < 1) - self._trust)
        self.trust = np.maximum(trust, np.float32(_LEAST_TRUST))

    def refined(self, picture: U8 | F32, fit: Fit, tolerances: tuple[float, ...], light: bool = True) -> Fit:
        """A fit nearer to the picture: one step for each of `tolerances`, those of the weights in limits.

        Where `light` is not wanted, only turn and shift are solved for.
        """
        slopes = self._slopes if light else self._slopes[:3]
        for tolerance in tolerances:
            off, misfit = self._compared(picture, fit)
            weight = self.trust / (self._hold * np.square(1 + np.square(misfit / np.float32(tolerance))))
            weighted = slopes * weight
            normal = weighted @ slopes.T
            normal.flat[:: len(normal) + 1] += _STIFFNESS[: len(normal)]
            step = [float(value) for value in np.linalg.solve(normal, weighted @ off)]
            sway = fit.sway
            # The slopes are those of the points: the step is the points' own, so the picture's is taken back.
            fit = replace(fit, sway=Sway(sway.x - step[0], sway.y - step[1], sway.angle - step[2] / self._arm))
            if light:
                fit = replace(fit, gain=min(max(fit.gain + step[3], 0.3), 3.0), offset=fit.offset + step[4])
            if max(abs(value) for value in step[:3]) < 0.02:
                break
        return fit

    def searched(self, picture: F32, gain: float, reach: int) -> Sway:
        """The whole-pixel shift up to `reach` each way at which most points fit; meant for smoothed pictures."""
        padded = cv2.copyMakeBorder(picture, reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=1e4)
        span = np.arange(-reach, reach + 1)
        rows, columns = np.divmod(self.places, self._size[0])
        width = padded.shape[1]
        places = (rows + reach) * width + columns + reach
        off = padded.ravel()[(span[:, None] * width + span[None]).ravel()[:, None] + places[None]]
        off -= self.values * np.float32(gain)
        np.abs(off, out=off)
        # Half a pixel beside a whole one is still a fit.
        off *= 1 / (self.limit + np.float32(0.8) * self.steep)
        np.minimum(off, 1, out=off)
        down, across = divmod(int(np.argmin(off @ self.trust)), span.size)
        return Sway(float(span[across]), float(span[down]))

    def _lit(self, fit: Fit) -> F32:
        light = (fit.gain, fit.offset)
        if light != self._lit_by:
            self._lit_by = light
            self._lit_values = self.values + np.float32(fit.gain - 1) * self._level + np.float32(fit.offset)
        return self._lit_values

    def _compared(self, picture: U8 | F32, fit: Fit) -> tuple[F32, F32]:
        cos, sin = np.float32(math.cos(fit.sway.angle)), np.float32(math.sin(fit.sway.angle))
        right, bottom = self._size[0] - 1, self._size[1] - 1
        x = cos * self._x - sin * self._y + np.float32(right / 2 + fit.sway.x)
        y = sin * self._x + cos * self._y + np.float32(bottom / 2 + fit.sway.y)
        now = cast(F32, cv2.remap(picture, x[None], y[None], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0])
        off = cast(F32, now - self._lit(fit))
        misfit = cast(F32, np.abs(off) / self.limit)
        misfit[(x < 0) | (y < 0) | (x > right) | (y > bottom)] = 1
        return off, misfit


def edge_places(picture: F32, noise: F32, looked_at: U8, most: int, least: float) -> NDArray[np.intp] | None:
    """Where the steepest pixels of `picture` (float32 (h, w)) are, up to `most` in each part; see `Points`.

    Only where `looked_at` is 255 and edges are at least `least` grey levels a pixel steep. None where there are too
    few to tell anything.
    """
    across = cv2.Sobel(picture, cv2.CV_32F, 1, 0, scale=0.125)
    down = cv2.Sobel(picture, cv2.CV_32F, 0, 1, scale=0.125)
    steep = cast(F32, cv2.magnitude(across, down))
    told = steep / np.sqrt(noise + 2)
    told *= (steep >= least) & (told >= _TOLD) & (looked_at == 255)
    told[:_MARGIN] = told[-_MARGIN:] = 0
    told[:, :_MARGIN] = told[:, -_MARGIN:] = 0
    height, width = picture.shape
    rows, columns = height // CELL, width // CELL
    if rows * columns < LEAST_CELLS:
        return None
    blocks = told[: rows * CELL, : columns * CELL].reshape(rows, CELL, columns, CELL)
    cells = blocks.swapaxes(1, 2).reshape(rows * columns, CELL * CELL)
    cell, inside = _largest(cast(F32, cells), most)
    if cell.size < LEAST_POINTS or np.unique(cell).size < LEAST_CELLS:
        return None
    row, column = cell // columns * CELL + inside // CELL, cell % columns * CELL + inside % CELL
    return cast(NDArray[np.intp], row * width + column)


def _largest(cells: F32, most: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Row and column of the `most` largest values of each row that are above 0; they are taken out of `cells`."""
    each = np.arange(len(cells))
    found: list[tuple[NDArray[np.intp], NDArray[np.intp]]] = []
    for _ in range(most):  # so few that sorting would take three times as long
        inside = cells.argmax(axis=1)
        there = cells[each, inside] > 0
        found.append((each[there], inside[there]))
        cells[each, inside] = 0
    return np.concatenate([cell for cell, _ in found]), np.concatenate([inside for _, inside in found])
