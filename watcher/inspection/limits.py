"""What a place may look like: how bright and how dark at most, before it counts as changed."""

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from watcher.vision.arrays import U8

_AROUND = 7
"""Pixels to each side over which contrast is looked at."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Sizes in pixels of the analysed picture, all from the smallest defect.

    defect : the smallest defect. edge : edges may lie so far off. core : the side of the smallest spot of change
    that counts. rim : the outermost pixels, where the end of the artwork and that of the picture are one.
    """

    defect: float
    edge: int
    core: int
    rim: int

    @classmethod
    def of(cls, defect: float) -> "Reach":
        """For the smallest defect wanted, in pixels of the analysed picture."""
        edge = max(1, round(defect / 3))
        return cls(defect, edge, max(1, round(defect / 2)), edge + 2)


def softened(picture: U8) -> U8:
    """Noise of single pixels taken off: what is judged, on both sides."""
    return cast(U8, cv2.GaussianBlur(picture, (3, 3), 0.7))


def blurred(picture: U8) -> U8:
    """As a lens a little out of focus shows it."""
    return cast(U8, cv2.GaussianBlur(picture, (7, 7), 1.0))


def brightest(picture: U8, edge: int) -> U8:
    """The brightest within `edge` pixels of every place."""
    return cast(U8, cv2.dilate(picture, disc(2 * edge + 1)))


def darkest(picture: U8, edge: int) -> U8:
    """The darkest within `edge` pixels of every place."""
    return cast(U8, cv2.erode(picture, disc(2 * edge + 1)))


def disc(side: int) -> U8:
    """A round structuring element so many pixels wide."""
    return cast(U8, cv2.getStructuringElement(cv2.MORPH_ELLIPSE if side > 2 else cv2.MORPH_RECT, (side, side)))


def contrast(picture: U8) -> U8:
    """How far bright and dark lie apart around every place."""
    side = np.ones((2 * _AROUND + 1, 2 * _AROUND + 1), np.uint8)
    return cast(U8, cv2.subtract(cv2.dilate(picture, side), cv2.erode(picture, side)))
