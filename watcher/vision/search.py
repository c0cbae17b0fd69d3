"""Where a part may lie, roughly, from nothing: every angle and scale within limits against every shift at once.

Both pictures are small, freed of the light (local mean off, local contrast to 1), and correlated by Fourier
transforms; shifts are therefore free. Candidates, not answers: on periodic artwork several are about as good.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np

from watcher.vision.arrays import F32
from watcher.vision.geometry import Size
from watcher.vision.pose import Pose

_STEP = 1.5
"""Pixels by which the corners move from one angle or scale to the next."""
_MOST = 8
_APART = 3
"""Pixels between two candidates of one angle and scale."""

_cv2: Any = cv2


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where a part may lie: pixels of the full picture, degrees, fractions."""

    shift: float
    angle: float
    scale: float
    perspective: bool = False

    def hold(self, pose: Pose, size: Size) -> bool:
        """Whether a part that lies so lies within them, with a little to spare for what measuring adds."""
        (x, y), angle, scale = pose.parameters(size)
        return (
            max(abs(x), abs(y)) <= self.shift * 1.05 + 2
            and abs(angle) <= self.angle * 1.05 + 0.2
            and abs(scale - 1) <= self.scale * 1.05 + 0.004
        )


class Search:
    """A small reference (from `shrunk`, float32), turned and scaled every way that the limits allow."""

    def __init__(self, reference: F32, full: Size, limits: Limits) -> None:
        self._full = full
        self._limits = limits
        self.size: Size = (reference.shape[1], reference.shape[0])
        self._reach = int(np.ceil(limits.shift * self.size[0] / full[0])) + 1
        self._padded = tuple(cv2.getOptimalDFTSize(side + self._reach) for side in reference.shape)
        levelled = _levelled(reference)
        self._spectra = [(pose, self._spectrum(self._turned(levelled, pose))) for pose in self._poses()]

    def candidates(self, picture: F32) -> list[Pose]:
        """Poses worth a closer look, the best first."""
        spectrum = self._spectrum(_levelled(picture))
        found = [peak for pose, template in self._spectra for peak in self._peaks(spectrum, template, pose)]
        found.sort(key=lambda one: -one[0])
        return [pose for _, pose in found[:_MOST]]

    def _poses(self) -> Iterator[Pose]:
        corner = float(np.hypot(*self.size)) / 2
        angles = _spaced(self._limits.angle, float(np.degrees(_STEP / corner)))
        scales = _spaced(self._limits.scale, _STEP / (max(self.size) / 2))
        yield from (Pose.of((0.0, 0.0), a, 1 + s, self._full) for a in angles for s in scales)

    def _turned(self, levelled: F32, pose: Pose) -> F32:
        fx, fy = self.size[0] / self._full[0], self.size[1] / self._full[1]
        there = np.array([[fx, 0, fx / 2 - 0.5], [0, fy, fy / 2 - 0.5], [0, 0, 1.0]])
        matrix = there @ pose.matrix @ np.linalg.inv(there)
        return cast(F32, _cv2.warpAffine(levelled, matrix[:2], self.size))

    def _spectrum(self, levelled: F32) -> F32:
        height, width = levelled.shape
        padded = cv2.copyMakeBorder(
            levelled, 0, self._padded[0] - height, 0, self._padded[1] - width, cv2.BORDER_CONSTANT
        )
        return cast(F32, cv2.dft(padded))

    def _peaks(self, spectrum: F32, template: F32, pose: Pose) -> Iterator[tuple[float, Pose]]:
        product = cv2.mulSpectrums(spectrum, template, 0, conjB=True)
        score = cv2.dft(product, flags=cv2.DFT_INVERSE | cv2.DFT_SCALE | cv2.DFT_REAL_OUTPUT)
        reach = self._reach
        near = np.roll(score, (reach, reach), axis=(0, 1))[: 2 * reach + 1, : 2 * reach + 1]
        near = np.ascontiguousarray(near)
        for _ in range(2):
            _, best, _, (x, y) = cv2.minMaxLoc(near)
            shift = (x - reach) * self._full[0] / self.size[0], (y - reach) * self._full[1] / self.size[1]
            moved = np.eye(3)
            moved[:2, 2] = shift
            yield float(best), Pose(moved @ pose.matrix)
            near[max(0, y - _APART) : y + _APART + 1, max(0, x - _APART) : x + _APART + 1] = -np.inf


def _levelled(picture: F32) -> F32:
    """Local mean off, local contrast to at most 1: what is dark or faint counts like what is bright."""
    mean = cv2.GaussianBlur(picture, (0, 0), 4)
    apart = picture - mean
    contrast = np.sqrt(cv2.GaussianBlur(apart * apart, (0, 0), 6))
    return cast(F32, apart / (contrast + np.float32(6)))


def _spaced(most: float, step: float) -> list[float]:
    """Values from -most to most, about `step` apart, 0 among them."""
    count = int(np.ceil(most / step))
    return [most * n / count for n in range(-count, count + 1)] if count else [0.0]
