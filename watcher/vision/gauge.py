"""What frames are held against: the reference in the light of the moment, and the limits that its noise sets."""

import numpy as np

from watcher.vision.arrays import F32, U8
from watcher.vision.change import Levels, Limits
from watcher.vision.lit import Lit
from watcher.vision.noise import LARGEST_GUESS, LEAST_VARIANCE, difference_variance
from watcher.vision.ssim import Comparison
from watcher.vision.still import Stillness

_HOLDS = 0.1
"""Part by which light may become brighter before the noise in it is computed anew at once."""


class Gauge:
    """Compares frames with what `lit` shows; `still` is told of the noise, too.

    Attributes
    ----------
    comparison, limits : with what is expected now.
    noise : variance of the noise of most pixels.
    guess : variance of each pixel, guessed from the first frame; None while it is not known, or need not be.
    """

    def __init__(self, shape: tuple[int, int], lit: Lit, level: Levels, still: Stillness) -> None:
        self.comparison = Comparison(shape)
        self._limits: Limits | None = None
        self.noise = 0.0
        self.guess: F32 | None = None
        self._lit, self._level, self._still = lit, level, still
        self._tried = -1.0
        self._light: tuple[F32 | None, float] = (None, 1.0)

    @property
    def limits(self) -> Limits:
        if self._limits is None:
            raise ValueError("nothing is known of the noise yet")
        return self._limits

    def load(self, luma: U8, known: F32 | None) -> None:
        """Compare a frame, which stays as it is until the comparison may rest; `known` is the variance of each
        pixel, guessed from the frame where it is None."""
        self.comparison.see(luma, self._lit.clipped(luma))
        if known is None and self.guess is None:
            guess = min(difference_variance(self.comparison.difference), LARGEST_GUESS)
            if guess == self._tried:
                return
            self._tried = guess
            spread = np.full(luma.shape, guess, np.float32)
            self.follow_noise(spread)
            # The very frame that became the reference differs in nothing from it: that is not its noise.
            self.guess = spread if guess > LEAST_VARIANCE else None

    def show(self, known: F32 | None, noise: bool) -> None:
        """What is expected, or the light on it, is another; the `noise` in it is computed anew if wanted."""
        self.comparison.set_reference(self._lit.picture)
        if known is None and self.guess is None:
            self._tried = -1.0
            return
        field, gain = self._light
        if noise or field is not self._lit.field or abs(self._lit.light.gain - gain) > _HOLDS * gain:
            self.follow_noise(known)
        else:
            self.limits.follow()

    def follow_noise(self, known: F32 | None) -> None:
        """The noise of the scene is another."""
        spread = self.guess if known is None else known
        if spread is None:
            return
        self._light = (self._lit.field, self._lit.light.gain)
        spread = self._lit.spread(spread)
        self.noise = float(np.median(spread[::8, ::8]))
        if self._limits is None:
            self._limits = Limits(spread, self.comparison, self._level)
        else:
            self._limits.renew(spread)
        self._still.set_noise(spread)
