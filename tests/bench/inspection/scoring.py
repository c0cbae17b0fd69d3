"""Boxes found against true ones, as the data's README says; what a person at a line would count."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tests.bench.inspection.boards import Corners, Pair
from watcher.vision.pose import Pose

MATCHES = 0.33
NEAR = 10.0


@dataclass
class Score:
    """Sums over pictures."""

    right: int = 0
    false: int = 0
    missed: int = 0
    touched: int = 0
    true: int = 0
    pictures: int = 0

    @property
    def f(self) -> float:
        return 2 * self.right / max(1, 2 * self.right + self.false + self.missed)

    @property
    def false_each(self) -> float:
        return self.false / max(1, self.pictures)

    @property
    def touched_share(self) -> float:
        return self.touched / max(1, self.true)

    def add(self, found: Sequence[Corners], pair: Pair) -> None:
        """One picture: one box found to one true box, best overlap first."""
        there, gone = true_boxes(pair)
        overlaps = [(overlap(f, t), i, j) for i, f in enumerate(found) for j, t in enumerate(there)]
        found_used: set[int] = set()
        true_used: set[int] = set()
        for value, i, j in sorted(overlaps, reverse=True):
            if value > MATCHES and i not in found_used and j not in true_used:
                found_used.add(i)
                true_used.add(j)
        false = [f for i, f in enumerate(found) if i not in found_used and not any(meet(f, g) for g in gone)]
        self.right += len(true_used)
        self.false += len(false)
        self.missed += len(there) - len(true_used)
        self.touched += sum(any(meet(f, t) for f in found) for t in there)
        self.true += len(there)
        self.pictures += 1

    def add_touches(self, found: Sequence[Corners], pair: Pair) -> None:
        """One photograph: authors' boxes touched; a box within 10 px of any listed one is not false."""
        there, gone = true_boxes(pair)
        if pair.by == "authors":
            self.touched += sum(any(meet(f, t) for f in found) for t in there)
            self.true += len(there)
        self.false += sum(not any(meet(f, t, NEAR) for t in (*there, *gone)) for f in found)
        self.pictures += 1


def true_boxes(pair: Pair) -> tuple[list[Corners], list[Corners]]:
    """Where the true boxes lie in the picture: those that are scored, and those that left it by more than half."""
    there, gone = [], []
    width, height = pair.size
    for box in pair.boxes:
        x0, y0, x1, y1 = moved(box, pair.pose)
        shown = max(x0, 0.0), max(y0, 0.0), min(x1, float(width)), min(y1, float(height))
        kept = max(0.0, shown[2] - shown[0]) * max(0.0, shown[3] - shown[1])
        (there if kept >= 0.5 * (x1 - x0) * (y1 - y0) else gone).append(shown)
    return there, gone


def moved(box: Corners, pose: Pose) -> Corners:
    """The bounds of a box of the golden picture where the part was moved to."""
    if np.array_equal(pose.matrix, np.eye(3)):
        return box
    x0, y0, x1, y1 = box
    corners = pose.points(np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]) - 0.5) + 0.5
    (left, top), (right, bottom) = corners.min(0), corners.max(0)
    return float(left), float(top), float(right), float(bottom)


def overlap(a: Corners, b: Corners) -> float:
    """Intersection over union."""
    across, down = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0.0, across) * max(0.0, down)
    whole = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / whole if whole else 0.0


def meet(a: Corners, b: Corners, margin: float = 0.0) -> bool:
    """Whether they share a pixel, or lie within `margin` of each other."""
    return (
        min(a[2], b[2]) + margin > max(a[0], b[0])
        and min(a[3], b[3]) + margin > max(a[1], b[1])
    )  # fmt: skip
