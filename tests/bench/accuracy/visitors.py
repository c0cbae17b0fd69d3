"""Who arrives in a trial: a real cut-out that walks in, comes out of somewhere and goes on, or appears and stays.

Of the frame 1 to 10 % (log-uniform), at the light of the place: the change of light lies over both. Drawn again
until it can be seen: the mean colour difference from what it covers, after the change, is 15 or more (CIE 1976,
in the final light, where it arrives and where it is a second later), and less than a fifth of it is clipped (luma
under 2 or over 253). It arrives at a time drawn evenly from the change's ramp (the first one, where it goes
back).

A third each: *walks* in over the left or right edge with 15 to 50 % of the width a second, and has arrived when
half of it is in the picture (and 1 % of the frame); *appears* at once, as somebody does who steps out of a door
when the light goes on, and goes on with 5 to 25 % of the width a second; *stays* where it has appeared.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from tests.bench.accuracy.cutouts import Cutout
from tests.bench.accuracy.lights import Change, Lighting
from watcher.vision.geometry import Box

LEAST_DIFFERENCE = 15.0
MOST_CLIPPED = 0.2
_SCALES = (0.4, 3.0)
_TRIES = 100


@dataclass(frozen=True, slots=True, eq=False)
class Visit:
    """Somebody who has arrived `at` seconds after the change of light began. `first` is the top left corner at that
    moment; `before` and `after` are how fast it moves sideways until then and from then on, in pixels a second;
    `since` the first moment at which it is there at all, in seconds from its arrival."""

    at: float
    who: Cutout
    how: str
    first: tuple[float, float]
    before: float
    after: float
    since: float
    difference: float
    size: tuple[int, int]

    def __str__(self) -> str:
        share = self.who.area / (self.size[0] * self.size[1])
        return f"{self.who.name} {self.how}, {share:.1%}, difference {self.difference:.0f}, at {self.at:+.2f} s"

    def corner(self, since: float) -> tuple[int, int]:
        """Where its top left corner is so many seconds after its arrival."""
        return round(self.first[0] + since * (self.before if since < 0 else self.after)), round(self.first[1])

    def pasted(self, picture: np.ndarray, since: float) -> np.ndarray:
        """The picture with it, so many seconds after its arrival."""
        if since < self.since - 1e-6:
            return picture
        shown = picture.copy()
        there = _paste(shown, self.who, self.corner(since))
        return shown if there else picture

    def box(self, since: float) -> Box | None:
        """Bounds of what is seen of it."""
        x, y = self.corner(since)
        rows, columns = np.where(self.who.cover > 0.5)
        x0, x1 = max(0, x + int(columns.min())), min(self.size[0], x + int(columns.max()) + 1)
        y0, y1 = max(0, y + int(rows.min())), min(self.size[1], y + int(rows.max()) + 1)
        return Box(x0, y0, x1, y1) if x1 > x0 and y1 > y0 and since >= self.since - 1e-6 else None


def visit_during(
    change: Change, picture: np.ndarray, fps: float, known: Sequence[Cutout], chance: np.random.Generator
) -> Visit | None:
    """One of the `known` who arrives while the light changes over `picture` (uint8 BGR), as `chance` has it; None
    where nobody could be seen in that light."""
    # On a frame's time: what arrives between two frames is there with the second.
    at = math.ceil(float(chance.uniform(0, change.ramp)) * fps) / fps
    size = (picture.shape[1], picture.shape[0])
    lit = Lighting(change, size, chance)
    behind = lit.on(picture, 1.0)
    for _ in range(_TRIES):
        visit = _somebody(at, size, known, chance)
        differences = [_difference(visit, picture, behind, lit, since) for since in (0.0, 1.0)]
        if min(differences) >= LEAST_DIFFERENCE:
            return Visit(at, visit.who, visit.how, visit.first, visit.before, visit.after, visit.since,
                         min(differences), size)  # fmt: skip
    return None


def _somebody(at: float, size: tuple[int, int], known: Sequence[Cutout], chance: np.random.Generator) -> Visit:
    while True:
        one = known[int(chance.integers(len(known)))]
        wanted = math.exp(chance.uniform(math.log(0.01), math.log(0.10))) * size[0] * size[1]
        factor = math.sqrt(wanted / one.area)
        height, width = (side * factor for side in one.cover.shape)
        if _SCALES[0] <= factor <= _SCALES[1] and height < size[1] and width < 0.7 * size[0]:
            break
    if chance.random() < 0.5:
        one = Cutout(one.name, one.picture[:, ::-1].copy(), one.cover[:, ::-1].copy())
    who = one.scaled(factor)
    how = ("walks", "appears", "stays")[int(chance.integers(3))]
    height, width = who.cover.shape
    y = float(chance.uniform(0, size[1] - height))
    direction = 1.0 if chance.random() < 0.5 else -1.0
    speed = direction * size[0] * float(chance.uniform(*((0.15, 0.5) if how == "walks" else (0.05, 0.25))))
    if how != "walks":
        x = float(chance.uniform(0, size[0] - width))
        return Visit(at, who, how, (x, y), 0.0, 0.0 if how == "stays" else speed, 0.0, 0.0, size)
    x = _half_in(who, size, direction)
    return Visit(at, who, how, (x, y), speed, speed, -width / abs(speed), 0.0, size)


def _half_in(who: Cutout, size: tuple[int, int], direction: float) -> float:
    """Where its left side is when half of it, and at least 1 % of the frame, has come in over the edge."""
    needed = max(0.5 * who.area, min(0.01 * size[0] * size[1], who.area))
    columns = who.cover.sum(axis=0)
    if direction > 0:
        seen = int(np.searchsorted(np.cumsum(columns[::-1]), needed)) + 1
        return float(min(seen, len(columns)) - len(columns))
    seen = int(np.searchsorted(np.cumsum(columns), needed)) + 1
    return float(size[0] - min(seen, len(columns)))


def _difference(visit: Visit, picture: np.ndarray, behind: np.ndarray, lit: Lighting, since: float) -> float:
    """Mean colour difference of what is seen of it from what it covers, 0 where too much of it is clipped."""
    cover = np.zeros((visit.size[1], visit.size[0]), np.float32)
    shown = picture.copy()
    if not _paste(shown, visit.who, visit.corner(since), cover):
        return 0.0
    there, after = cover > 0.5, lit.on(shown, 1.0)
    if np.count_nonzero(there) < 0.4 * visit.who.area:
        return 0.0  # it would have left the picture again
    luma = cv2.cvtColor(after, cv2.COLOR_BGR2GRAY)[there]
    if np.mean((luma < 2) | (luma > 253)) >= MOST_CLIPPED:
        return 0.0
    apart = _lab(after[there]) - _lab(behind[there])
    return float(np.sqrt((apart**2).sum(axis=-1)).mean())


def _lab(colors: np.ndarray) -> np.ndarray:
    """CIE L*a*b* (D65) of uint8 BGR colours of shape (n, 3)."""
    return cv2.cvtColor((colors[None].astype(np.float32) / 255), cv2.COLOR_BGR2LAB)[0]


def _paste(picture: np.ndarray, who: Cutout, corner: tuple[int, int], cover: np.ndarray | None = None) -> bool:
    """Paint it into the picture, in place, and its cover into `cover`; whether any of it is in the picture."""
    height, width = picture.shape[:2]
    x, y = corner
    x0, y0, x1, y1 = max(0, x), max(0, y), min(width, x + who.cover.shape[1]), min(height, y + who.cover.shape[0])
    if x1 <= x0 or y1 <= y0:
        return False
    part = (slice(y0 - y, y1 - y), slice(x0 - x, x1 - x))
    hides = who.cover[part][..., None]
    under = picture[y0:y1, x0:x1]
    under[:] = np.round(who.picture[part] * hides + under * (1 - hides)).astype(np.uint8)
    if cover is not None:
        cover[y0:y1, x0:x1] = who.cover[part]
    return True
