"""Pictures for people: what was reported, where, and what was wrong with it."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from watcher.vision.detector import Detector
from watcher.vision.draw import scaled_mask
from watcher.vision.frame import Frame
from watcher.vision.geometry import Box


def save_sheet(
    path: Path, seen: Frame, detector: Detector, boxes: Sequence[Box], truth: Box | None, words: str
) -> None:
    """A frame with its boxes (red: reported, green: true), what changed, and what was expected."""
    picture, size = seen.bgr(), seen.size
    shown = picture.copy()
    for box, color in [(box, (0, 0, 255)) for box in boxes] + ([(truth, (0, 255, 0))] if truth else []):
        cv2.rectangle(shown, (box.x0, box.y0), (box.x1 - 1, box.y1 - 1), color, 1 + size[0] // 800)
    parts = [shown, cv2.cvtColor(scaled_mask(detector.changed, size), cv2.COLOR_GRAY2BGR)]
    expected = detector.expected()
    if expected is not None:
        grey = expected if expected.ndim == 3 else cv2.cvtColor(expected, cv2.COLOR_GRAY2BGR)
        parts.append(cv2.resize(grey, size))
    _write(path, np.hstack(parts), words)


def save_errors(path: Path, seen: Frame, said: np.ndarray, truth: np.ndarray, words: str) -> None:
    """A frame beside itself with its changed pixels painted: green right, red false, blue missed, grey not
    scored."""
    picture = seen.bgr()
    painted = picture // 2
    changed, there, scored = said == 255, truth == 255, (truth != 85) & (truth != 170)
    for where, color in (
        (changed & there, (0, 200, 0)), (changed & scored & ~there, (0, 0, 230)), (~changed & there, (230, 80, 0)),
        (~scored, (90, 90, 90)),
    ):  # fmt: skip
        painted[where] = color
    _write(path, np.hstack([picture, painted]), words)


def _write(path: Path, sheet: np.ndarray, words: str) -> None:
    if sheet.shape[1] > 1920:
        sheet = cv2.resize(
            sheet, (1920, round(sheet.shape[0] * 1920 / sheet.shape[1])), interpolation=cv2.INTER_AREA
        )
    note = np.zeros((18, sheet.shape[1], 3), np.uint8)
    cv2.putText(note, words, (4, 13), cv2.FONT_HERSHEY_PLAIN, 0.9, (255, 255, 255))
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.vstack([sheet, note]))
