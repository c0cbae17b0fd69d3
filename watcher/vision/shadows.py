"""The test for shadows and patches of light, applied to one frame: only what is near its change is looked at."""

from collections.abc import Callable
from functools import cache
from typing import cast

import cv2
import numpy as np

from watcher.vision.arrays import F32, U8, Window, windows_around
from watcher.vision.change import Limits, most
from watcher.vision.explained import MOST_EXPLAINED, Seen, Shade, unexplained
from watcher.vision.frame import Chroma
from watcher.vision.reference.bank import Look
from watcher.vision.ssim import Comparison
from watcher.vision.watched import Watched

_AROUND = 12
"""Pixels around change that are looked at for what light explains; further apart, changes are told one by one."""

_WORTH_A_WINDOW = 8000
"""Pixels for which a window more takes less time than they do."""


class Shadows:
    """What is known of shadows in one picture, and the comparison that frames are looked at with."""

    def __init__(self, watched: Watched, comparison: Comparison) -> None:
        self._watched, self._comparison = watched, comparison
        self._shade = Shade()

    def conceivable(self, changed: U8) -> bool:
        """Whether there is change, and not so much of it that it must be another scene."""
        return 0 < cv2.countNonZero(changed) < MOST_EXPLAINED * self._watched.pixels

    def removed(
        self,
        changed: U8,
        sharp: U8,
        window: Window,
        limits: Limits,
        look: Look,
        at: float,
        chroma: Callable[[], Chroma],
    ) -> U8:
        """`changed`, in `window`, without shadows and patches of light; `sharp`: 255 where structure changed."""
        once = cache(chroma)
        kept = np.zeros_like(changed)
        for near in windows_around(changed, _AROUND, _WORTH_A_WINDOW):
            kept[near] = self._near(near, changed, sharp, window, limits, look, at, once)
        return kept

    def _near(
        self,
        near: Window,
        changed: U8,
        sharp: U8,
        window: Window,
        limits: Limits,
        look: Look,
        at: float,
        chroma: Callable[[], Chroma],
    ) -> U8:
        rows, columns = (
            slice(whole.start + part.start, whole.start + part.stop)
            for whole, part in zip(window, near, strict=True)
        )

        def color(ratio: F32) -> F32 | None:
            return look.tint.apart(chroma(), ratio, (rows, columns))

        comparison = self._comparison
        here = changed[near]
        seen = Seen(
            here, sharp[near], comparison.reference[rows, columns], comparison.difference[rows, columns],
            limits.spread[rows, columns], color,
        )  # fmt: skip
        left = unexplained(seen, self._shade, at)
        # What leaves a place where it had settled lets the place be seen again: that is no shadow on it.
        left = cast(U8, cv2.bitwise_or(left, cv2.bitwise_and(here, look.scene.settled[rows, columns])))
        return most(left, self._watched.everything[rows, columns])
