"""A drawn part on a belt: a board with tracks and pads, good or with something missing, seeded."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

SIZE = (320, 200)
PAD = (150, 90, 24, 20)
"""x, y, width, height of the pad that bad parts lack."""
Picture = NDArray[np.uint8]


def empty(seed: int = 0) -> Picture:
    """The belt without a part."""
    random = np.random.default_rng(11)
    belt = cv2.GaussianBlur(random.integers(50, 110, (SIZE[1], SIZE[0]), dtype=np.uint8), (0, 0), 3)
    return noisy(cv2.cvtColor(belt, cv2.COLOR_GRAY2BGR), seed)


def part(*, bad: bool = False, x: int = 0, y: int = 0, seed: int = 0, design: int = 3) -> Picture:
    """A board on the belt, shifted by (x, y); `bad`: a pad is missing; `design`: another is another product."""
    random = np.random.default_rng(design)
    board = np.full((140, 240, 3), (70, 110, 40), np.uint8)
    for _ in range(26):
        x0, y0 = int(random.integers(4, 210)), int(random.integers(4, 120))
        length, across = int(random.integers(20, 90)), random.random() < 0.5
        end = (min(235, x0 + length), y0) if across else (x0, min(135, y0 + length))
        cv2.line(board, (x0, y0), end, (150, 190, 130), 3)
    for _ in range(14):
        x0, y0 = int(random.integers(6, 215)), int(random.integers(6, 115))
        cv2.rectangle(board, (x0, y0), (x0 + 14, y0 + 10), (200, 205, 210), -1)
    left, top, width, height = PAD[0] - 40, PAD[1] - 30, PAD[2], PAD[3]
    colour = (70, 110, 40) if bad else (225, 230, 235)
    cv2.rectangle(board, (left, top), (left + width, top + height), colour, -1)
    picture = empty(-1)
    picture[30 + y : 170 + y, 40 + x : 280 + x] = board
    return noisy(cv2.GaussianBlur(picture, (0, 0), 0.7), seed)


def noisy(picture: Picture, seed: int) -> Picture:
    """With a camera's noise of 1.5 grey levels; a negative seed: without."""
    if seed < 0:
        return picture
    noise = np.random.default_rng(seed).normal(0, 1.5, picture.shape)
    return np.clip(np.round(picture + noise), 0, 255).astype(np.uint8)


def written(folder: Path, pictures: Sequence[Picture]) -> Path:
    """A folder with these pictures, 00.png and so on."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(pictures):
        assert cv2.imwrite(str(folder / f"{number:02d}.png"), picture)
    return folder
