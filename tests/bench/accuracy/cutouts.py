"""Real people and vehicles, cut out of labelled sequences along their masks."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from tests.bench.accuracy.material import SEQUENCES
from tests.bench.accuracy.pixels import truth_mask

_EVERY = {"highway": 90, "office": 20, "HallAndMonitor": 12, "HighwayI": 25, "IBMtest2": 8}
"""Every so many of a sequence's pictures are looked at, so that the same person is not taken too often."""

_LEAST = 700
"""Pixels: smaller ones would be enlarged until nothing real is left of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """`picture` uint8 BGR (h, w, 3), `cover` float32 (h, w) 0-1: how much of it hides what is behind."""

    name: str
    picture: np.ndarray
    cover: np.ndarray

    @property
    def area(self) -> float:
        return float(self.cover.sum())

    def scaled(self, factor: float) -> "Cutout":
        """The same, larger or smaller."""
        how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
        size = tuple(max(2, round(side * factor)) for side in self.cover.shape[::-1])
        picture = cv2.resize(self.picture, size, interpolation=how)
        return Cutout(self.name, picture, np.clip(cv2.resize(self.cover, size, interpolation=how), 0, 1))


@cache
def cutouts() -> tuple[Cutout, ...]:
    """Whole ones only: what touches the picture's border or a part that is not scored is left out."""
    found = []
    for sequence in SEQUENCES:
        for path in sorted(sequence.input.iterdir())[:: _EVERY[sequence.name]]:
            truth = truth_mask(str(sequence.truth_of(path.name)))
            if (truth == 255).any():
                picture = cv2.imread(str(path))
                assert picture is not None
                found += _cut(f"{sequence.name} {path.stem}", picture, truth)
    return tuple(found)


@cache
def drawn_cutouts() -> tuple[Cutout, ...]:
    """Somebody drawn: head, body and legs, each of its own brightness; dark and bright ones."""
    found = []
    for name, (head, body, legs) in {"dark": (120, 40, 20), "bright": (170, 225, 90)}.items():
        picture, cover = np.zeros((90, 40, 3), np.uint8), np.zeros((90, 40), np.uint8)
        for centre, axes, level in (
            ((20, 12), (8, 10), head),
            ((20, 40), (14, 22), body),
            ((20, 72), (10, 17), legs),
        ):
            cv2.ellipse(picture, centre, axes, 0, 0, 360, (level, level - 10, level + 10), -1)
            cv2.ellipse(cover, centre, axes, 0, 0, 360, 1, -1)
        found.append(Cutout(name, picture, cv2.GaussianBlur(cover.astype(np.float32), (0, 0), 0.7)))
    return tuple(found)


def _cut(name: str, picture: np.ndarray, truth: np.ndarray) -> list[Cutout]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats((truth == 255).astype(np.uint8))
    found = []
    for number in range(1, count):
        x, y, width, height, area = (int(value) for value in stats[number])
        inside = x > 1 and y > 1 and x + width < truth.shape[1] - 1 and y + height < truth.shape[0] - 1
        if area < _LEAST or not inside:
            continue
        where = (slice(y - 2, y + height + 2), slice(x - 2, x + width + 2))
        cover = (labels[where] == number).astype(np.float32)
        if (cover.shape[0], cover.shape[1]) == (height + 4, width + 4):
            found.append(Cutout(name, picture[where].copy(), cv2.GaussianBlur(cover, (0, 0), 0.7)))
    return found
