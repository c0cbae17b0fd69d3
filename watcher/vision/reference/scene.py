"""What the scene is expected to look like, pixel by pixel: learnt, adapted, and patched by what has settled.

`expected` is what frames are compared with. Where a change has settled, `expected` shows the change and
`beneath` keeps what the reference shows there, so that what stayed is no new event, is not forgotten either,
and its going again is seen. Absorbing is to forget what was beneath.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.errors import ReferenceUnusable
from watcher.vision.arrays import F32, F64, U8, Mask
from watcher.vision.median import median
from watcher.vision.noise import sample_variance
from watcher.vision.scratch import zeros

Planes = tuple[U8, ...]
"""Luma, or luma, Cr and Cb of a frame: uint8 of shape (h, w)."""
Memory = Mapping[str, NDArray[np.generic]]

SAMPLES = 15
"""Pictures kept while learning. A median of 15 forgets whatever stood there for less than half of them."""

_FIRST = 9
"""Pictures after which one that began with a single picture learns as slowly as any."""

SPREAD_TIME = 10.0
"""Seconds over which a pixel's own variation is learnt."""


class Scene:
    """The learnt picture. All planes are float32 of shape (h, w), 0-255: luma, and Cr, Cb where colour is watched.

    Attributes
    ----------
    expected : planes, shape (n, h, w).
    settled : uint8 (h, w), 255 where a change has settled.
    spread : variance of luma where nothing changes, float32 (h, w); None while unknown.
    """

    def __init__(self, expected: F32, spread: F32 | None = None) -> None:
        self.expected = expected
        self.settled: U8 = zeros(expected.shape[1:], np.uint8)
        # Of most scenes nothing has settled, most of the time.
        self._beneath: F32 | None = None
        self._settled_at: F64 | None = None
        self.spread = spread
        self._pictures = 0

    def begin(self) -> None:
        """It rests on one picture alone: the next few count as much."""
        self._pictures = 1

    @property
    def beneath(self) -> F32:
        """What the reference shows where something settled, shape (n, h, w); meaningless elsewhere."""
        return self.expected if self._beneath is None else self._beneath

    @property
    def any_settled(self) -> bool:
        return cv2.countNonZero(self.settled) > 0

    def adapt(self, planes: Planes, unchanged: U8, weight: float) -> None:
        """Move `expected` towards `planes` by `weight` (0-1) where `unchanged` (255)."""
        if self._pictures:
            self._pictures += 1
            weight = max(weight, 1 / self._pictures)
            self._pictures %= _FIRST
        for kept, now in zip(self.expected, planes, strict=True):
            cv2.accumulateWeighted(now, kept, weight, mask=unchanged)

    def follow(self, lit: Callable[[F32], F32], covered: U8, weight: float) -> None:
        """Move what cannot be seen towards its brightness in the present light, as `adapt` moves what can be.

        `lit` puts luma (float32, (h, w)) into that light; `covered` (255) is where `adapt` learnt nothing.
        """
        if cv2.countNonZero(covered):
            cv2.accumulateWeighted(lit(self.expected[0]), self.expected[0], weight, mask=covered)
        if self._beneath is not None and self.any_settled:
            cv2.accumulateWeighted(lit(self.beneath[0]), self.beneath[0], weight, mask=self.settled)

    def adapt_spread(self, difference: F32, unchanged: U8, seconds: float) -> None:
        """Learn the variation of each pixel from the light-matched `difference` (h, w)."""
        if self.spread is not None:
            weight = 1 - math.exp(-seconds / SPREAD_TIME)
            cv2.accumulateWeighted(cv2.multiply(difference, difference), self.spread, weight, mask=unchanged)

    def settle(self, where: U8, planes: Sequence[U8 | F32], same: U8, at: float) -> None:
        """What differs in `where` (255) has come to stay, in the light of `expected`.

        In `same` (255) it looks as `before` does: that is no settled change, or none any more.
        """
        back = (where > 0) & (same > 0)
        stays = (where > 0) & ~back
        new = stays & (self.settled == 0)
        beneath, settled_at = self._kept_beneath()
        beneath[:, new] = self.expected[:, new]
        self.settled = self.settled.copy()  # what it begins with is everybody's
        for kept, now in zip(self.expected, planes, strict=True):
            np.copyto(kept, now, where=where > 0)
        self.settled[stays] = 255
        self.settled[back] = 0
        # Specks are what noise leaves at the rim of what was put back.
        self.settled = cast(U8, cv2.morphologyEx(self.settled, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)))
        settled_at[stays] = at
        self._tidy()

    def settle_as(self, other: "Scene") -> None:
        """What has settled on `other`, another look of the same scene, lies here as well."""
        if other._settled_at is not None and other.any_settled:
            self.settled, self._settled_at = other.settled.copy(), other._settled_at.copy()
            self._beneath = np.clip(self.expected + other.beneath - other.expected, 0, 255)

    def catch_up(self, where: Mask, luma: F32, other: "Scene") -> None:
        """In `where` it looks like `luma` now (float32 (h, w)); what has settled is what has on `other`."""
        settled = other.settled > 0
        if other._settled_at is not None and settled.any():
            beneath, settled_at = self._kept_beneath()
            beneath[:, where] = self.expected[:, where]
            settled_at[settled] = other._settled_at[settled]
        self.expected[0][where] = luma[where]
        self.settled = self.settled.copy()
        self.settled[where] = 0
        self.settled[settled] = 255
        self._tidy()

    def before(self) -> F32:
        """The planes without what has settled on them, shape (n, h, w)."""
        return np.where(self.settled > 0, self.beneath, self.expected)

    def _kept_beneath(self) -> tuple[F32, F64]:
        if self._beneath is None or self._settled_at is None:
            self._beneath, self._settled_at = self.expected.copy(), np.zeros(self.settled.shape)
        return self._beneath, self._settled_at

    def _tidy(self) -> None:
        if not self.any_settled:
            self._beneath = self._settled_at = None
            self.settled = zeros(self.settled.shape, np.uint8)

    def absorb(self, before: float) -> bool:
        """What settled before `before` seconds becomes the reference; whether there was any."""
        if self._settled_at is None:
            return False
        old = (self.settled > 0) & (self._settled_at < before)
        if not old.any():
            return False
        self.settled[old] = 0
        self._tidy()
        return True

    def memory(self) -> dict[str, NDArray[np.generic]]:
        """What must survive a restart: the reference without what has settled on it."""
        planes = np.clip(np.round(self.before() * 16), 0, 255 * 16).astype(np.uint16)
        kept: dict[str, NDArray[np.generic]] = {"planes": planes}
        if self.spread is not None:
            kept["spread"] = self.spread.astype(np.float16)
        return kept


def learnt(samples: Sequence[Planes]) -> Scene:
    """The scene from a few pictures spread over the learning time: their median, pixel by pixel."""
    expected = np.stack([median(plane) for plane in zip(*samples, strict=True)])
    if len(samples) < 5:
        return Scene(expected)
    spread = sample_variance([planes[0] for planes in samples], expected[0])
    # A few samples say little about one pixel; its neighbours know more.
    return Scene(expected, np.asarray(cv2.blur(spread, (5, 5)), np.float32))


def remembered(memory: Memory, shape: tuple[int, int], count: int) -> Scene:
    """The scene from `Scene.memory`, if it is of `shape` (h, w) and `count` planes; else ReferenceUnusable."""
    planes = memory.get("planes")
    if planes is None or planes.ndim != 3 or planes.dtype != np.uint16:
        raise ReferenceUnusable("the stored reference holds no picture")
    if planes.shape[1:] != shape:
        (h, w), (height, width) = planes.shape[1:], shape
        raise ReferenceUnusable(f"the stored reference is {w}x{h}, the analysed picture {width}x{height}")
    if planes.shape[0] < count:
        raise ReferenceUnusable("the stored reference has no colour, and colour is watched")
    spread = memory.get("spread")
    if spread is not None and (spread.shape != shape or not np.all(np.isfinite(spread.astype(np.float32)))):
        raise ReferenceUnusable("the stored reference's noise is broken")
    return Scene(
        planes[:count].astype(np.float32) / np.float32(16), None if spread is None else spread.astype(np.float32)
    )
