"""The colour of the scene, learnt beside the reference: a shadow darkens a place and leaves its colour."""

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.vision.arrays import F32, U8, Window
from watcher.vision.frame import Chroma
from watcher.vision.reference.scene import Memory
from watcher.vision.ssim import window_mean

EVERY = 1.0
"""Seconds between two steps of learning: the colour of a scene moves slowly."""

QUIET = 30.0
"""The same while nothing happens: a quiet frame is to cost next to nothing, and colour is a conversion."""

FIRST = 8
"""Frames that are learnt from as they come, before that."""

TIME = 10.0
"""Seconds over which it is learnt."""

SIGMA = 2.0
"""Of the window over which colour is averaged: cameras and JPEG halve its resolution, and it is noisy."""


class Tint:
    """Cr and Cb of the scene, float32 of shape (2, h, w), centred on 0; None until it has been learnt."""

    def __init__(self) -> None:
        self._expected: list[F32] | None = None
        self._count = 0
        self._at = 0.0

    @property
    def planes(self) -> tuple[F32, ...]:
        """Cr and Cb, centred on 0; nothing while they are unknown."""
        return () if self._expected is None else tuple(self._expected)

    def memory(self) -> dict[str, NDArray[np.generic]]:
        """What must survive a restart: sixteenths of a level."""
        return {"tint": np.round(np.stack(self._expected) * 16).astype(np.int16)} if self._expected else {}

    def remember(self, memory: Memory, shape: tuple[int, int]) -> None:
        """Go on with what `memory` gave before, where it is of `shape` (h, w)."""
        kept = memory.get("tint")
        if kept is not None and kept.shape == (2, *shape) and kept.dtype == np.int16:
            self._expected, self._count = [plane.astype(np.float32) / np.float32(16) for plane in kept], FIRST

    def due(self, at: float, quiet: bool) -> bool:
        """Whether it is time to learn from a frame, `quiet` or with change."""
        if self._count < FIRST:
            return True
        return not 0 <= at - self._at < (QUIET if quiet else EVERY)

    def learn(self, chroma: Chroma, unchanged: U8, at: float) -> None:
        """Learn from a frame (uint8 (h, w) each) where it is `unchanged` (uint8, 255)."""
        self._at = at
        if self._expected is None or self._expected[0].shape != chroma[0].shape:
            self._expected, self._count = [plane.astype(np.float32) - np.float32(128) for plane in chroma], 1
            return
        self._count += 1
        weight = max(1 / self._count, EVERY / TIME)
        for kept, plane in zip(self._expected, chroma, strict=True):
            cv2.accumulateWeighted(plane.astype(np.float32) - np.float32(128), kept, weight, mask=unchanged)

    def apart(self, chroma: Chroma, ratio: F32, window: Window) -> F32 | None:
        """Distance in the Cr, Cb plane from the colour expected in a light of `ratio` (h, w of the window)."""
        if self._expected is None or self._expected[0].shape != chroma[0].shape:
            return None
        apart = (
            window_mean(now[window] - np.float32(128) - ratio * kept[window], SIGMA)
            for now, kept in zip(chroma, self._expected, strict=True)
        )
        return cast(F32, cv2.magnitude(*apart))
