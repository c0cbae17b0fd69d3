"""How like its reference a picture is: the mean SSIM, computed now and then."""

import cv2

from watcher.vision.ssim import Comparison
from watcher.vision.turns import Turns
from watcher.vision.watched import Watched

EVERY = 1.0
"""Seconds for which a similarity holds: it costs as much again as knowing that a frame is quiet."""


class Likeness:
    """Mean SSIM of the watched part, used again for a while, until the outcome is another."""

    def __init__(self, watched: Watched, comparison: Comparison, turns: Turns) -> None:
        self._watched, self._comparison, self._turns = watched, comparison, turns
        self._known: tuple[float, float, str] | None = None

    def forget(self) -> None:
        """Another reference."""
        self._known = None

    def of(self, at: float, outcome: str) -> float | None:
        """That of the loaded frame, rounded; None where nothing is watched."""
        known = self._known
        if known is None or known[2] != outcome or self._turns.mine(at - known[0], EVERY):
            watched = self._watched
            if not watched.pixels:
                return None
            everywhere = watched.pixels == watched.everything.size
            similar = self._comparison.ssim()
            mean = cv2.mean(similar) if everywhere else cv2.mean(similar, mask=watched.everything)
            self._known = known = (at, round(mean[0], 6), outcome)
        return known[1]
