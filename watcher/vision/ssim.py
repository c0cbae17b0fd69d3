"""The structural similarity index as a map, fast against a reference that stays.

Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli, "Image quality assessment: from error visibility to
structural similarity", IEEE Transactions on Image Processing 13(4), 2004, doi:10.1109/TIP.2003.819861.

For a frame x and a reference y, with Gaussian-weighted means m, variances v and the covariance c of a window,

    SSIM = luminance x structure,  luminance = (2 mx my + C1) / (mx^2 + my^2 + C1),
                                   structure = (2 c + C2) / (vx + vy + C2)

Everything here rests on the difference e = x - y. Since vx + vy - 2 c = ve, the structure term is exactly

    1 - structure = ve / (vx + vy + C2)

so change is the variance of the difference over the variance there is. That form keeps its precision in
float32 where frame and reference agree, tells at once what noise adds (its variance, to ve) and needs for a
quiet frame only the windows of e and e^2: ve / C2 bounds the change from above.
"""

from dataclasses import dataclass
from functools import cache
from typing import cast

import cv2
import numpy as np
from cv2.typing import MatLike

from watcher.vision.arrays import F32, U8, Window, at_least_0
from watcher.vision.scratch import borrowed, give_back, zeros

SIGMA = 1.5
C1 = (0.01 * 255) ** 2
C2 = (0.03 * 255) ** 2


def window_side(sigma: float) -> int:
    """Side of the window in pixels."""
    return 2 * int(3.5 * sigma + 0.5) + 1


def window_mean(picture: MatLike, sigma: float, out: F32 | None = None) -> F32:
    """Gaussian-weighted mean around every pixel, float32; borders mirrored, cut off at 3.5 sigma.

    Written into `out` where given. The same window as scikit-image's `structural_similarity` with
    ``gaussian_weights=True``.
    """
    side = window_side(sigma)
    return cast(F32, cv2.GaussianBlur(picture, (side, side), sigma, dst=out, borderType=cv2.BORDER_REFLECT))


@cache
def _window(sigma: float) -> tuple[F32, F32]:
    """The window's weights along a row, and down a column."""
    weights = cast(F32, cv2.getGaussianKernel(window_side(sigma), sigma, cv2.CV_32F))
    return np.ascontiguousarray(weights.T), weights


def window_weights(sigma: float = SIGMA) -> F32:
    """The window's weights along a row; their products are those of the window."""
    return _window(sigma)[0].ravel()


def _mean_into(out: F32, picture: F32, sigma: float, between: F32) -> None:
    """`window_mean` of a picture of 320x180 or so, in 6/7 of its time: two plain filters are faster there than the
    one that is made for it. `between`: of the picture's shape, may be overwritten."""
    along, down = _window(sigma)
    cv2.filter2D(picture, -1, along, dst=between, borderType=cv2.BORDER_REFLECT)
    cv2.filter2D(between, -1, down, dst=out, borderType=cv2.BORDER_REFLECT)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Windowed statistics of the difference inside a `window`, float32 of its shape: mean, its square, variance."""

    window: Window
    mean: F32
    mean_square: F32
    variance: F32

    def within(self, window: Window) -> "Part":
        """The same for a window inside of this one."""
        rows, columns = (
            slice(one.start - whole.start, one.stop - whole.start)
            for one, whole in zip(window, self.window, strict=True)
        )
        return Part(window, self.mean[rows, columns], self.mean_square[rows, columns], self.variance[rows, columns])


class Comparison:
    """The window statistics of frames against one reference, in buffers that are used again.

    Set a reference, `load` or `see` a frame, then ask for what is needed; what only a changed frame needs is
    computed only when asked for, and where it is. All arrays are float32 of shape (h, w), belong to the comparison
    and hold until the next call; whoever keeps one copies it. Those of the frame are lent to others when the
    comparison may `rest`.

    Parameters
    ----------
    shape : (h, w) of frames and reference.
    sigma : of the Gaussian window, pixels. 1.5 is Wang's; 1.2 hugs objects more closely.

    Attributes
    ----------
    frame, same : as seen, until the comparison may `rest`; None where nothing more is computed from them.
    """

    _subtracted: list[Window]
    _squared: list[Window]
    _difference: F32
    _square: F32
    _scratch: F32
    _variance: F32
    _mean: F32
    _mean_square: F32
    _similar: F32
    _product: F32

    def __init__(self, shape: tuple[int, int], sigma: float = SIGMA) -> None:
        self.shape = shape
        self.sigma = sigma
        (self.reference, self._reference_mean) = _buffers(shape, 2)
        (self._reference_structure,) = _buffers(shape, 1)
        self._reference_level: F32 | None = None
        self._whole = (slice(0, shape[0]), slice(0, shape[1]))
        self._at_work = False
        self.frame: U8 | F32 | None = None
        self.same: U8 | None = None
        self._let_go()
        self._parts: list[Part] = []
        self._is_split = self._asked_level = False

    def set_reference(self, reference: U8 | F32) -> None:
        """Take a copy of `reference` (float32 or uint8, 0-255) and what is needed of it."""
        if reference.shape != self.shape:
            raise ValueError(f"expected a reference of shape {self.shape}, got {reference.shape}")
        np.copyto(self.reference, reference)
        # Centred on mid grey: the squares then lose less to rounding.
        mean, structure, scratch = self._reference_mean, self._reference_structure, borrowed(self.shape, np.float32)
        centred = np.subtract(self.reference, 128, out=scratch)
        window_mean(centred, self.sigma, mean)
        variance = window_mean(cv2.multiply(centred, centred, dst=scratch), self.sigma, structure)
        cv2.subtract(variance, cv2.multiply(mean, mean, dst=scratch), dst=variance)
        at_least_0(variance)
        np.multiply(variance, 2, out=structure)
        structure += C2
        np.add(mean, 128, out=mean)
        give_back(scratch)
        self._reference_level, self._asked_level = None, False

    @property
    def reference_variance(self) -> F32:
        """Windowed variance of the reference."""
        return (self._reference_structure - np.float32(C2)) * np.float32(0.5)

    def plus_reference_variance(self, spread: F32, times: float, part: float, out: F32) -> F32:
        """`times` spread, and a `part` of the reference's windowed variance and C2, written into `out`."""
        # The structure is 2 vy + C2.
        return cast(
            F32, cv2.addWeighted(spread, times, self._reference_structure, part / 2, part * C2 / 2, dst=out)
        )

    def load(self, frame: U8 | F32, same: U8 | None = None) -> None:
        """Compare `frame` (uint8 or float32, 0-255) with the reference; in `same` (255) it does not differ."""
        self.see(frame, same)
        self._subtract(self._whole)
        self.frame = self.same = None

    def see(self, frame: U8 | F32, same: U8 | None = None) -> None:
        """The same, of a frame that stays as it is until `rest`: nothing is computed before it is asked for."""
        if frame.shape != self.shape:
            raise ValueError(f"expected a frame of shape {self.shape}, got {frame.shape}")
        self._parts, self._is_split = [], False
        self._subtracted, self._squared = [], []
        self.frame, self.same = frame, same

    def _subtract(self, window: Window) -> F32:
        """The difference, which holds inside of `window` from now on; of no size where there is no frame."""
        if self.frame is None or _among(self._subtracted, window):
            return self._difference
        if not self._at_work:
            self._at_work = True
            (self._difference, self._square, self._scratch, self._variance) = self._borrowed(4)
        there = self._difference[window]
        # As everywhere here: what stays where it is takes two thirds of the time of what goes to a third place.
        np.negative(self.reference[window], out=there)
        cv2.accumulate(self.frame[window], there)
        if self.same is not None:
            cv2.copyTo(zeros(self.shape, np.float32)[window], self.same[window], there)
        self._subtracted.append(window)
        return self._difference

    @property
    def difference(self) -> F32:
        """frame - reference."""
        return self._subtract(self._whole)

    def difference_in(self, window: Window) -> F32:
        """The same, of the whole picture's shape, but to be looked at inside of `window` alone."""
        return self._subtract(window)

    def most_in(self, window: Window) -> F32:
        """What inside a window neither `variance` nor `mean_square` exceeds: their sum."""
        if not _among(self._squared, window):
            around, inside = _grown(window, window_side(self.sigma) // 2, self.shape)
            near = self._subtract(around)[around]
            square, between = self._scratch[around], self._variance[around]
            np.square(near, out=square)
            if around == window:
                _mean_into(self._square[window], square, self.sigma, between)
            else:
                mean = np.empty_like(near)
                _mean_into(mean, square, self.sigma, between)
                self._square[window] = mean[inside]
            self._squared.append(window)
        return self._square[window]

    @property
    def mean(self) -> F32:
        """Windowed mean of the difference."""
        self._split()
        return self._mean

    @property
    def mean_square(self) -> F32:
        """Square of `mean`."""
        self._split()
        return self._mean_square

    @property
    def variance(self) -> F32:
        """Windowed variance of the difference."""
        self._split()
        return self._variance

    def part(self, window: Window) -> Part:
        """Mean, its square and variance inside a window; computed there alone, once."""
        if window == self._whole:
            self._split()
        for part in self._parts:
            if _holds(part.window, window):
                return part.within(window)
        most = self.most_in(window)
        around, inside = _grown(window, window_side(self.sigma) // 2, self.shape)
        near = self._subtract(around)[around]
        mean: F32 = np.empty_like(near)
        _mean_into(mean, near, self.sigma, self._scratch[around])
        mean = mean[inside]
        square = cast(F32, cv2.multiply(mean, mean))
        part = Part(window, mean, square, cast(F32, cv2.subtract(most, square)))
        self._parts.append(part)
        return part

    def _split(self) -> None:
        if not self._is_split:
            most = self.most_in(self._whole)
            if self._mean is _NONE:
                (self._mean, self._mean_square) = self._borrowed(2)
            _mean_into(self._mean, self._difference, self.sigma, self._variance)
            np.square(self._mean, out=self._mean_square)
            np.subtract(most, self._mean_square, out=self._variance)
            self._parts = [Part(self._whole, self._mean, self._mean_square, self._variance)]
            self._is_split = True

    def rest(self) -> None:
        """Nothing more is asked about this frame: lend what it took to others, until the next one."""
        lent, self._parts, self._at_work = self._of_the_frame, [], False
        self._let_go()
        give_back(*lent)

    def _borrowed(self, count: int) -> list[F32]:
        """Arrays until `rest`; no more than this frame needs, because others want them at the same time."""
        more = [borrowed(self.shape, np.float32) for _ in range(count)]
        self._of_the_frame += more
        return more

    def _let_go(self) -> None:
        self._of_the_frame: list[F32] = []
        self.frame = self.same = None
        self._subtracted, self._squared = [], []
        self._difference = self._square = self._scratch = self._variance = _NONE
        self._mean = self._mean_square = self._similar = self._product = _NONE

    def structure_in(self, part: Part) -> F32:
        """``vx + vy + C2`` in the window of a `part`: the structure around each pixel; change is a part of it."""
        window = part.window
        around, inside = _grown(window, window_side(self.sigma) // 2, self.shape)
        product = cv2.multiply(self._subtract(around)[around], self.reference[around])
        shared = window_mean(product, self.sigma, cast(F32, product))[inside]
        found = cv2.multiply(part.mean, self._reference_mean[window])
        cv2.subtract(shared, found, dst=found)
        cv2.scaleAdd(found, 2, self._reference_structure[window], dst=found)
        return cast(F32, cv2.add(found, part.variance, dst=found))

    def ssim(self) -> F32:
        """The SSIM map, -1 to 1, of the (light-matched) frame against the reference; holds until the next call."""
        difference = self.difference
        if self._product is _NONE:
            (self._similar, self._product) = self._borrowed(2)
        similar, product, unlike = self._similar, self._product, self._scratch
        np.multiply(difference, self.reference, out=unlike)
        _mean_into(similar, unlike, self.sigma, product)
        np.multiply(self.mean, self._reference_mean, out=product)
        # 2 c + C2 = 2 cov(e, y) + 2 vy + C2, and what it lacks of vx + vy + C2 is the variance of the difference.
        similar -= product
        cv2.scaleAdd(similar, 2, self._reference_structure, dst=similar)
        # 2 mx my + C1 = 2 m my + 2 my^2 + C1, and what it lacks of mx^2 + my^2 + C1 is the square of m.
        level = cast(F32, cv2.scaleAdd(product, 2, self._level(into=unlike), dst=product))
        np.add(similar, self.variance, out=unlike)
        similar *= level
        level += self.mean_square
        unlike *= level
        similar /= unlike
        return similar

    def _level(self, into: F32) -> F32:
        """2 my^2 + C1; kept from the second time on: a camera's reference has moved before that."""
        if self._reference_level is not None:
            return self._reference_level
        if self._asked_level:
            into = self._reference_level = np.empty_like(into)
        self._asked_level = True
        cv2.multiply(self._reference_mean, self._reference_mean, dst=into, scale=2)
        return cast(F32, np.add(into, np.float32(C1), out=into))


_NONE: F32 = np.empty((0, 0), np.float32)


def _holds(whole: Window, window: Window) -> bool:
    """Whether `window` lies inside of the `whole`."""
    (high, wide), (rows, columns) = whole, window
    if rows.start < high.start or high.stop < rows.stop:
        return False
    return bool(wide.start <= columns.start and columns.stop <= wide.stop)


def _among(windows: list[Window], window: Window) -> bool:
    return any(_holds(one, window) for one in windows)


def _grown(window: Window, reach: int, shape: tuple[int, int]) -> tuple[Window, Window]:
    """The window with so many pixels around it, as far as there are any; and where it lies in that."""
    rows, columns = window
    top, left = max(0, rows.start - reach), max(0, columns.start - reach)
    around = slice(top, min(shape[0], rows.stop + reach)), slice(left, min(shape[1], columns.stop + reach))
    inside = slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left)
    return around, inside


def _buffers(shape: tuple[int, int], count: int) -> list[F32]:
    return [np.zeros(shape, np.float32) for _ in range(count)]


def ssim_map(picture: U8, reference: U8, sigma: float = SIGMA) -> F32:
    """SSIM of two grey pictures (uint8 or float32, 0-255) at every pixel, float32 of their shape.

    Equal to scikit-image's ``structural_similarity(..., gaussian_weights=True, sigma=sigma,
    use_sample_covariance=False, data_range=255, full=True)[1]`` to 2e-4.
    """
    comparison = Comparison(cast(tuple[int, int], reference.shape), sigma)
    comparison.set_reference(reference)
    comparison.load(picture)
    return comparison.ssim()
