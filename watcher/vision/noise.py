"""How much pixels vary where nothing changes."""

from collections.abc import Sequence

import cv2
import numpy as np

from watcher.vision.arrays import F32, U8
from watcher.vision.median import median

LARGEST_GUESS = 64.0
"""Variance: a guess of the noise from a single pair of pictures above this is not noise but difference."""

LEAST_VARIANCE = 0.5
"""Grey levels squared. Even a still, noiseless picture varies by its rounding, and by compression."""

_ENOUGH = 1 << 14
"""Pixels that tell the noise to a hundredth; of larger pictures only some rows are looked at."""

_TO_SIGMA = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""


def difference_variance(difference: F32) -> float:
    """Variance of the noise in a difference of two pictures (float32, 0-255), from the difference alone.

    Neighbouring pixels of a difference share what changed there, so that the median of their steps sees the
    noise; it holds up to about half of the picture changed. Noise that is the same in both pictures (a fixed
    pattern) is rightly not seen.
    """
    if difference.shape[1] < 2:
        difference = difference.T
    if difference.shape[1] < 2:
        return LEAST_VARIANCE
    some = difference[:: max(1, difference.size // _ENOUGH)]
    steps = np.abs(some[:, 1:] - some[:, :-1])
    # The median of rounded values jumps between whole levels; the mean of the middle half does not.
    quarters = steps.size // 4, steps.size * 3 // 4
    low, high = np.partition(steps, quarters, axis=None)[list(quarters)]
    middle = steps[(steps >= low) & (steps <= high)]
    # For |N(0, s)| the mean between its quartiles is 0.68 s; a step of two pixels has twice the variance.
    sigma = float(middle.mean()) / (0.68 * np.sqrt(2)) if middle.size else 0.0
    return max(sigma**2, LEAST_VARIANCE)


def sample_variance(samples: Sequence[U8], median_of_them: F32) -> F32:
    """Variance of each pixel over `samples` (uint8, shape (h, w)) around their median (h, w), robustly.

    From the median absolute deviation, so that an object passing through fewer than half of the samples does
    not count as noise. float32 of shape (h, w), at least `LEAST_VARIANCE`.
    """
    middle = np.round(median_of_them).astype(np.uint8)
    deviation = median([np.asarray(cv2.absdiff(sample, middle), np.uint8) for sample in samples])
    deviation *= np.float32(_TO_SIGMA)
    variance: F32 = np.maximum(deviation * deviation, np.float32(LEAST_VARIANCE))
    return variance
