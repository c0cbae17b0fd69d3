"""The measuring data of inspection, and what is done to it: moved, re-lit, blurred, noisy, naturally varied."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from watcher.vision.pose import Pose

FOLDER = Path(os.environ.get("WATCHER_DATA", Path(__file__).parents[3] / ".." / "shared" / "data")).resolve()
PRODUCTS_CHOSEN_ON = frozenset({"00041", "20085", "50600", "92000"})
"""Settings were chosen on these products of DeepPCB; the others (13000, 44000, 77000) were only measured."""

Corners = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Pair:
    """A golden picture, a test picture, its true boxes (x0, y0, x1, y1), who drew them, and how it was moved."""

    name: str
    golden: np.ndarray
    picture: np.ndarray
    boxes: tuple[Corners, ...]
    by: str = "authors"
    pose: Pose = field(default_factory=Pose)

    @property
    def size(self) -> tuple[int, int]:
        return self.golden.shape[1], self.golden.shape[0]


def deeppcb() -> list[Pair]:
    folder = FOLDER / "deeppcb"
    pairs = []
    for truth in sorted(folder.glob("*.txt")):
        lines = [line.split() for line in truth.read_text().splitlines() if line.strip()]
        boxes = tuple(tuple(float(value) for value in line[:4]) for line in lines)
        golden, picture = (cv2.imread(str(folder / f"{truth.stem}_{kind}.jpg")) for kind in ("temp", "test"))
        pairs.append(Pair(truth.stem, golden, picture, boxes))
    return pairs


def hripcb() -> Iterator[Pair]:
    folder = FOLDER / "hripcb"
    for name, one in json.loads((folder / "boxes.json").read_text()).items():
        golden, picture = (cv2.imread(str(folder / one[kind])) for kind in ("template", "test"))
        boxes = tuple(tuple(float(value) for value in box) for box in one["boxes"])
        yield Pair(name, golden, picture, boxes, one["boxes_by"])


@dataclass(frozen=True)
class Trouble:
    """What is done to a picture, at most, each way: pixels, degrees, fractions, grey levels;
    `uneven`: part of the light that is lost at the darkest place."""

    shift: float = 0.0
    angle: float = 0.0
    scale: float = 0.0
    gain: float = 0.0
    offset: float = 0.0
    blur: float = 0.0
    noise: float = 0.0
    jpeg: int = 0
    uneven: float = 0.0

    def on(self, pair: Pair, rng: np.random.Generator) -> Pair:
        """The pair with its picture in trouble; where the picture ends its border is repeated."""
        shift = rng.uniform(-self.shift, self.shift, 2)
        angle, scale = rng.uniform(-self.angle, self.angle), 1 + rng.uniform(-self.scale, self.scale)
        pose = Pose.of((float(shift[0]), float(shift[1])), float(angle), float(scale), pair.size)
        picture = pair.picture
        if not np.allclose(pose.matrix, np.eye(3)):
            picture = cv2.warpAffine(
                picture, pose.matrix[:2], pair.size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
            )
        seen = picture.astype(np.float32) * rng.uniform(1 - self.gain, 1 + self.gain)
        seen += rng.uniform(-self.offset, self.offset)
        if self.uneven:
            seen *= spread(pair.size, self.uneven, rng).reshape(*seen.shape[:2], *[1] * (seen.ndim - 2))
        if self.blur:
            seen = cv2.GaussianBlur(seen, (0, 0), self.blur)
        if self.noise:
            seen += rng.normal(0, self.noise, seen.shape)
        picture = np.clip(np.round(seen), 0, 255).astype(np.uint8)
        if self.jpeg:
            data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, self.jpeg])[1]
            picture = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
        return Pair(pair.name, pair.golden, picture, pair.boxes, pair.by, pose)


ALONE = {
    "moved 12 px": Trouble(shift=12),
    "turned 2 degrees": Trouble(angle=2),
    "scaled 1 %": Trouble(scale=0.01),
    "gain 0.8-1.2": Trouble(gain=0.2),
    "offset 20": Trouble(offset=20),
    "blur 1": Trouble(blur=1),
    "noise 4": Trouble(noise=4),
    "JPEG 70": Trouble(jpeg=70),
    "light uneven by 25 %": Trouble(uneven=0.25),
}
ALL = Trouble(shift=12, angle=2, scale=0.01, gain=0.2, offset=20, blur=1, noise=4, jpeg=70)


def spread(size: tuple[int, int], most: float, rng: np.random.Generator) -> np.ndarray:
    """Light from one side and darker corners, together at most so much less than full light; float32 (H, W)."""
    y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
    x, y = 2 * x / size[0] - 1, 2 * y / size[1] - 1
    side, ramp = rng.uniform(0, 2 * np.pi), rng.uniform(0, 1)
    along = (x * np.cos(side) + y * np.sin(side)) / np.sqrt(2)
    lost: np.ndarray = most * (ramp * (1 + along) / 2 + (1 - ramp) * (x * x + y * y) / 2)
    return 1 - lost


def varied(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A good part as another one of the same product is: edges up to a pixel in or out, tone up to 5 off, by
    place, changing over some 40 pixels."""
    height, width = picture.shape[:2]
    axes = (..., None) if picture.ndim == 3 else ...

    def by_place(most: float) -> np.ndarray:
        coarse = rng.uniform(-most, most, (max(2, height // 40), max(2, width // 40))).astype(np.float32)
        return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)[axes]

    side = np.ones((3, 3), np.uint8)
    growth = by_place(1.0)
    fuller, thinner = (step(picture, side).astype(np.float32) for step in (cv2.dilate, cv2.erode))
    exact = picture.astype(np.float32)
    mixed = exact + np.maximum(growth, 0) * (fuller - exact) - np.maximum(-growth, 0) * (exact - thinner)
    return np.clip(np.round(mixed + by_place(5.0)), 0, 255).astype(np.uint8)
