"""Pixels counted against masks of truth, summed over a sequence, as CDnet counts them.

N. Goyette, P.-M. Jodoin, F. Porikli, J. Konrad, P. Ishwar, "Changedetection.net: A new change detection benchmark
dataset", CVPR Workshops 2012, doi:10.1109/CVPRW.2012.6238919.
"""

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(slots=True)
class Count:
    """Right, false and missed pixels of change."""

    right: int = 0
    false: int = 0
    missed: int = 0

    def add(self, changed: np.ndarray, truth: np.ndarray) -> None:
        """One frame: `changed` is 255 where the program says so, `truth` the mask; both uint8 (H, W)."""
        there, scored = truth == 255, (truth != 85) & (truth != 170)
        said = changed == 255
        self.right += int(np.count_nonzero(said & there))
        self.false += int(np.count_nonzero(said & scored & ~there))
        self.missed += int(np.count_nonzero(~said & there))

    @property
    def precision(self) -> float:
        return self.right / max(self.right + self.false, 1)

    @property
    def recall(self) -> float:
        return self.right / max(self.right + self.missed, 1)

    @property
    def f(self) -> float:
        """The harmonic mean of precision and recall."""
        return 2 * self.right / max(2 * self.right + self.false + self.missed, 1)


def truth_mask(path: str) -> np.ndarray:
    """A mask of truth, uint8 (H, W)."""
    mask = cv2.imread(path, cv2.IMREAD_GRAYSCALE)
    assert mask is not None, f"{path} cannot be read"
    return mask
