"""Recordings to measure with: drawn here from a seed, in the form in which cameras send them."""

import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

SIZE = (1920, 1080)
FPS = 25
SECONDS = 10

_REAL = "clips/one-by-one-person-detection.mp4"
_SHARED = Path(os.environ.get("WATCHER_DATA", Path(__file__).parents[3] / "shared" / "data"))

# As surveillance cameras encode: no B frames, one reference, a keyframe every two seconds. This quality gives
# 3.7 Mbit/s of the drawn place and of the real recording; a constant rate would be kept with filler, which decodes
# for nothing.
_LIKE_A_CAMERA = {
    "profile": "main", "preset": "medium", "bf": "0", "refs": "1", "g": "50", "crf": "18",
    "x264-params": "scenecut=0:force-cfr=1:threads=1",
}  # fmt: skip


def drawn_frames(seconds: float = SECONDS, crossing: float = 4) -> Iterator[np.ndarray]:
    """A textured place with sensor noise, uint8 BGR; something crosses it from the second `crossing` to the end."""
    random = np.random.default_rng(7)
    place, noise = _place(random, SIZE), _noise(random, SIZE)
    width, height = SIZE
    count = round(seconds * FPS)
    for index in range(count):
        picture = place.copy()
        way = (index / FPS - crossing) / max(seconds - crossing, 1)
        if way > 0:
            x, y = int(way * width), int(0.55 * height + 0.05 * height * np.sin(9 * way))
            cv2.ellipse(picture, (x, y), (width // 22, height // 6), 0, 0, 360, (40, 60, 190), -1, cv2.LINE_AA)
        shift = tuple(int(step) for step in random.integers(0, 64, 2))
        grain = noise[shift[0] : shift[0] + height, shift[1] : shift[1] + width]
        yield cv2.add(picture, grain, dtype=cv2.CV_8U)


def _place(random: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Several octaves of smooth noise, in colour, and some edges as houses and roads have them."""
    picture = np.zeros((size[1], size[0], 3), np.float32)
    for octave, strength in ((6, 60), (24, 40), (96, 25), (384, 12)):
        coarse = random.normal(0, strength, (octave * 9 // 16 + 1, octave, 3)).astype(np.float32)
        picture += cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
    picture = np.clip(picture * 0.5 + 120, 10, 245).astype(np.uint8)
    for _ in range(24):
        x, y = random.integers(0, size[0]), random.integers(0, size[1])
        w, h = random.integers(40, size[0] // 5), random.integers(30, size[1] // 4)
        color = tuple(int(level) for level in random.integers(30, 225, 3))
        cv2.rectangle(picture, (int(x), int(y)), (int(x + w), int(y + h)), color, int(random.integers(2, 9)))
    return picture


def _noise(random: np.random.Generator, size: tuple[int, int], sigma: float = 2.5) -> np.ndarray:
    """Grain, int16, somewhat larger than the picture: each frame takes another cut of it."""
    return np.round(random.normal(0, sigma, (size[1] + 64, size[0] + 64, 3))).astype(np.int16)


def quiet_h264(folder: Path) -> Path:
    """The drawn place with nothing but noise, as cameras see it nearly always."""
    path = folder / "quiet.mp4"
    return path if path.exists() else _encoded(drawn_frames(crossing=SECONDS), path)


def drawn_h264(folder: Path) -> Path:
    """The drawn place and what crosses it, as 1080p25 H.264."""
    path = folder / "drawn.mp4"
    return path if path.exists() else _encoded(drawn_frames(), path)


def real_h264(folder: Path) -> Path | None:
    """A real recording, enlarged to 1080p, with a little grain again; None where there is no measuring data."""
    if not (_SHARED / _REAL).exists():
        return None
    path = folder / "real.mp4"
    return path if path.exists() else _encoded(_enlarged(_SHARED / _REAL), path)


def _enlarged(recording: Path) -> Iterator[np.ndarray]:
    random = np.random.default_rng(7)
    noise = _noise(random, SIZE, 1.5)
    with av.open(str(recording)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index == SECONDS * FPS:
                return
            picture = cv2.resize(frame.to_ndarray(format="bgr24"), SIZE, interpolation=cv2.INTER_CUBIC)
            y, x = (int(step) for step in random.integers(0, 64, 2))
            yield cv2.add(picture, noise[y : y + SIZE[1], x : x + SIZE[0]], dtype=cv2.CV_8U)


def _encoded(frames: Iterator[np.ndarray], path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options=_LIKE_A_CAMERA)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, FPS)
        for picture in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode(None))
    return path


def drawn_jpegs(seconds: float = 4) -> list[bytes]:
    """The drawn place as a USB camera sends it: 1080p JPEG, 4:2:2; 250 kB each, as the grain is fine."""
    how = [cv2.IMWRITE_JPEG_QUALITY, 75, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422]
    return [cv2.imencode(".jpg", picture, how)[1].tobytes() for picture in drawn_frames(seconds)]
