"""Parts that are drawn: seeded boards in grey and colour, and what can happen to them."""

import cv2
import numpy as np

from watcher.vision.pose import Pose


def board(seed=1, size=(400, 320), ground=190, artwork=50):
    """A grey board: lines, pads and holes, uint8 (H, W)."""
    rng = np.random.default_rng(seed)
    width, height = size
    picture = np.full((height, width), ground, np.uint8)
    for _ in range(width // 14):
        x, y = int(rng.integers(10, width - 10)), int(rng.integers(10, height - 10))
        across, down = int(rng.integers(-90, 90)), int(rng.integers(-90, 90))
        cv2.line(picture, (x, y), (x + across, y), artwork, 7, cv2.LINE_AA)
        cv2.line(picture, (x + across, y), (x + across, y + down), artwork, 7, cv2.LINE_AA)
        cv2.circle(picture, (x, y), 11, artwork, -1, cv2.LINE_AA)
        cv2.circle(picture, (x, y), 4, ground, -1, cv2.LINE_AA)
    return picture


def coloured(seed=1, size=(400, 320)):
    """The same in colour: brown lines on green, uint8 BGR (H, W, 3)."""
    share = (board(seed, size, 255, 0).astype(np.float32) / 255)[..., None]
    green, brown = np.array([70, 120, 40], np.float32), np.array([60, 100, 170], np.float32)
    return np.round(share * green + (1 - share) * brown).astype(np.uint8)


def taken(picture, shift=(0.0, 0.0), angle=0.0, scale=1.0, gain=1.0, offset=0.0, noise=2.0, seed=5):
    """As a camera shows it when it lies so in such light; uint8."""
    height, width = picture.shape[:2]
    pose = Pose.of(shift, angle, scale, (width, height))
    seen = picture
    if shift != (0.0, 0.0) or angle or scale != 1:
        seen = cv2.warpAffine(
            picture, pose.matrix[:2], (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
    noisy = seen * gain + offset + np.random.default_rng(seed).normal(0, noise, seen.shape)
    return np.clip(np.round(noisy), 0, 255).astype(np.uint8)


def spot(picture, centre, radius=6, value=120):
    """A copy with a round blot."""
    spoilt = picture.copy()
    cv2.circle(spoilt, centre, radius, value, -1, cv2.LINE_AA)
    return spoilt
