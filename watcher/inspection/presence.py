"""Whether a part lies in its place, and whether anything moves: at a small size, a millisecond a frame."""

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.inspection.gate import Place
from watcher.vision.arrays import F32, U8
from watcher.vision.geometry import Size

LONGER_SIDE = 160
"""Pixels of the view: a part that moves by a pixel of a 1280-pixel picture changes its edges by several levels."""
_STEP = 5.0
"""Grey levels that are never motion: flicker, compression, rounding."""
_MOVING = 0.0015
"""Part of the picture that must have moved; less is a speck of noise."""
_APART = 14.0
"""Grey levels by which a place differs from the empty one where something lies on it."""
_LEAST = 0.003
"""Part of the picture that must differ from the empty place, at least: less is dirt and noise."""
_SHARE = 0.25
"""A part is there when a quarter of what the golden one changes has changed: it may be another, or lie askew."""
_ALIKE = 0.4
"""Correlation with the golden picture from which on a part is there, while the empty place is not known."""
_FOREIGN = 0.3
_REST = 1.0
"""Seconds that a still scene unlike the golden one has lasted when it is taken for the empty place."""
_FOLLOW = 0.02


def view_size(full: Size) -> Size:
    """The size at which presence is looked at."""
    factor = min(1.0, LONGER_SIDE / max(full))
    return max(8, round(full[0] * factor)), max(8, round(full[1] * factor))


class Presence:
    """Looks at small grey pictures, one after the other.

    Parameters
    ----------
    golden : uint8 (h, w), the golden part at the size of the views.
    empty : the same of the empty place; None: it is learnt, as a still scene unlike the golden one.
    watched : bool (h, w); what happens elsewhere is not looked at. None: everything is.
    """

    def __init__(self, golden: U8, empty: U8 | None = None, watched: NDArray[np.bool_] | None = None) -> None:
        self._golden = _smooth(golden)
        self._watched = np.ones(golden.shape, np.bool_) if watched is None else watched
        self._learns = empty is None
        self._empty: F32 | None = None
        self._needed = 0.0
        if empty is not None:
            self._know(_smooth(empty))
        self._before: F32 | None = None
        self._rested: F32 | None = None
        self._rests_since: float | None = None

    @property
    def knows_empty(self) -> bool:
        """Whether it is known how the place looks without a part."""
        return self._empty is not None

    @property
    def trouble(self) -> str:
        """Why a part cannot be told from the empty place; empty where it can."""
        if self._empty is None or self._covered(self._golden) >= 2 * _LEAST:
            return ""
        return (
            "the place without a part looks like the golden part: take it again without one, bring the camera"
            " nearer, or inspect on triggers"
        )

    def look(self, view: U8, at: float) -> Place:
        """One frame, uint8 (h, w), captured at `at` seconds."""
        now = _smooth(view)
        still = self._still(now)
        if not still or self._rests_since is None:
            self._rests_since = at
        if self._learns and still and at - self._rests_since >= _REST:
            self._learn(now)
        present = self._present(now)
        if still and not present and self._empty is not None:
            # Light changes over the day; what is empty now is what empty looks like.
            cv2.accumulateWeighted(now, self._empty, _FOLLOW)
        return Place(still, present)

    def _still(self, now: F32) -> bool:
        """Whether nothing moves, neither since the last frame nor, slowly, since everything came to rest."""
        before, self._before = self._before, now
        if before is None:
            self._rested = now
            return False
        if self._moved(now, before) > _MOVING or self._rested is None or self._moved(now, self._rested) > _MOVING:
            self._rested = now
            return False
        return True

    def _moved(self, now: F32, before: F32) -> float:
        step = now - before
        # Exposure that swings moves every pixel by about the same: what most of the picture does is not motion.
        step -= np.median(step)
        noise = float(np.median(np.abs(step))) / 0.6745
        return float(np.mean((np.abs(step) > _STEP + 5 * noise) & self._watched))

    def _present(self, now: F32) -> bool:
        if self._empty is None:
            return self._likeness(now) >= _ALIKE
        return self._covered(now) >= self._needed

    def _covered(self, now: F32) -> float:
        """Part of the picture that differs from the empty place."""
        assert self._empty is not None
        apart = now - self._empty
        apart -= np.median(apart)
        return float(np.mean((np.abs(apart) > _APART) & self._watched))

    def _learn(self, now: F32) -> None:
        if self._empty is None and self._likeness(now) < _FOREIGN:
            self._know(now)

    def _know(self, empty: F32) -> None:
        self._empty = empty.copy()
        self._needed = max(_LEAST, _SHARE * self._covered(self._golden))

    def not_a_part(self) -> None:
        """What was taken for a part could not be inspected and is unlike the golden one: perhaps that is the empty
        place, and what was learnt as such was not."""
        if self._learns and self._before is not None and self._likeness(self._before) < _FOREIGN:
            self._know(self._before)

    def _likeness(self, now: F32) -> float:
        """The best correlation with the golden picture, moved by up to an eighth of it."""
        height, width = now.shape
        inner = self._golden[height // 8 : height - height // 8, width // 8 : width - width // 8]
        if float(inner.std()) < 1.0:
            return 0.0
        return float(cv2.matchTemplate(now, inner, cv2.TM_CCOEFF_NORMED).max())


def _smooth(view: U8) -> F32:
    return cast(F32, cv2.GaussianBlur(view.astype(np.float32), (0, 0), 1.0))
