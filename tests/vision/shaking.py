"""Pictures of a camera that is pushed and turned: what tests of registration share."""

import cv2
import numpy as np


def pushed(picture, x=0.0, y=0.0, degrees=0.0):
    """`picture` as a pushed camera sees it: everything in it moved by `x`, `y` and turned about the centre."""
    height, width = picture.shape[:2]
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    cx, cy = (width - 1) / 2, (height - 1) / 2
    matrix = np.array([[cos, -sin, cx - cos * cx + sin * cy + x], [sin, cos, cy - sin * cx - cos * cy + y]])
    return cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def shaken(count, seed=0, shift=3.0, degrees=0.3):
    """`count` pushes (x, y, degrees) drawn evenly up to `shift` pixels and `degrees`."""
    chance = np.random.default_rng(seed)
    return [tuple(push) for push in chance.uniform(-1, 1, (count, 3)) * (shift, shift, degrees)]
