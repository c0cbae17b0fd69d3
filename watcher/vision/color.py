"""Change of colour at equal brightness, which grey cannot see."""

from collections.abc import Sequence

import cv2
import numpy as np

from watcher.vision.arrays import F32, U8
from watcher.vision.ssim import window_mean

SIGMA = 2.0
"""Of the window over which colour is averaged: cameras and JPEG halve its resolution, and it is noisier than
brightness."""


def color_difference(frame: Sequence[U8], reference: Sequence[F32] | F32, balanced: bool, gain: float = 1.0) -> F32:
    """Distance in the Cr, Cb plane, averaged over a small window.

    Parameters
    ----------
    frame, reference : Cr and Cb, each uint8 or float32 of shape (h, w), 0-255.
    balanced : take a common shift of the whole picture (white balance) off first.
    gain : of the light on the frame; colour grows and fades with contrast.

    Returns
    -------
    float32 of shape (h, w), in levels; pure red to green of equal brightness is about 150.
    """
    shifts = []
    for now, before in zip(frame, reference, strict=True):
        difference = (now - np.float32(128)) / np.float32(gain) + np.float32(128) - before
        if balanced:
            difference -= np.median(difference[::4, ::4])
        shifts.append(window_mean(difference, SIGMA))
    return np.asarray(cv2.magnitude(*shifts), np.float32)
