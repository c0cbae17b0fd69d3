"""When the light has stepped: a lamp, the infrared filter. Most of the picture differs at once, or its colour goes.

Nothing that arrives does either: it covers a part of the picture, and leaves the colours of the rest.
"""

import math
from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np

from watcher.vision.arrays import U8
from watcher.vision.lit import Lit
from watcher.vision.reference.bank import Look
from watcher.vision.reference.tint import Tint
from watcher.vision.tinge import Tinge

SETTLES = 5.0
"""Seconds after a step for which the light is taken to go on changing: a camera finds its exposure in less."""

MUCH, _MORE, _WITHIN = 0.3, 0.25, 0.35
"""Part of the picture that differs, by how much more than before, and within how many seconds."""

_LOOK_EVERY, _AT_ONCE = 0.25, 0.02
"""Seconds between two looks at the colours of the picture; and by what part of it more must differ than at the last
one for the next to come at once: a picture that loses its colour differs in more than that."""

_SPARSE = 8
"""Every so many pixels, and rows, are looked at for colour."""

_COLORED, _PALE = 2.0, 0.4
"""Levels of colour in the mean that a picture has which is not grey, and what part of it is left of one that is."""


@dataclass(slots=True, eq=False)
class Origin:
    """The look before a step, and the light on it."""

    look: Look
    lit: Lit
    until: float = -math.inf


class Steps:
    """Follows how much differs, and tells when the light has stepped."""

    def __init__(self) -> None:
        self._shares: deque[tuple[float, float]] = deque(maxlen=64)
        self._origin: Origin | None = None
        self._looked_at, self._differed = -math.inf, 0.0

    def forget(self) -> None:
        """Another scene."""
        self._shares.clear()
        self._origin = None

    def begin(self, origin: Origin, at: float) -> None:
        """The light has stepped; `origin` is what was before."""
        origin.until = at + SETTLES
        self._origin = origin

    def origin(self, at: float) -> Origin | None:
        """What was before the last step, while the light may go on changing."""
        if self._origin is not None and not 0 <= self._origin.until - at <= SETTLES:
            self._origin = None
        return self._origin

    def sudden(self, share: float, at: float) -> bool:
        """Whether so much differs so suddenly; `share` of what is watched, 0 to 1."""
        while self._shares and not 0 <= at - self._shares[0][0] <= _WITHIN:
            self._shares.popleft()
        least = min((one for _, one in self._shares), default=0.0)
        self._shares.append((at, share))
        return share > MUCH and share - least > _MORE

    def look_due(self, share: float, at: float) -> bool:
        """Whether to look at the colours of a frame of which so much differs: they are not asked for every time."""
        if 0 <= at - self._looked_at < _LOOK_EVERY and share <= self._differed + _AT_ONCE:
            return False
        self._looked_at, self._differed = at, share
        return share > 0

    def quiet(self, at: float) -> None:
        """A frame in which nothing differs."""
        self._shares.append((at, 0.0))


def color_flipped(colors: Tinge, tint: Tint, watched: U8) -> bool:
    """Whether the picture has lost its colour, or got one."""
    seen = watched[::_SPARSE, ::_SPARSE]
    known = tint.planes(every=_SPARSE)
    if not known or not cv2.countNonZero(seen):
        return False
    now, before = 0.0, 0.0
    for plane, expected in zip(colors.half, known, strict=True):
        some = plane[:: _SPARSE // 2, :: _SPARSE // 2]
        now += cv2.norm(some, np.full_like(some, 128), cv2.NORM_L1, seen)
        before += cv2.norm(expected, cv2.NORM_L1, seen)
    pixels = cv2.countNonZero(seen)
    now, before = now / pixels, before / pixels
    more, less = max(now, before), min(now, before)
    return more > _COLORED and less < _PALE * more
