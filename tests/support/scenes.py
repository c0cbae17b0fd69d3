"""Seeded scenes, drawn, and clips encoded from them: for tests that must run anywhere."""

import functools
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.vision.frame import encode_jpeg
from watcher.vision.geometry import Box

U8 = NDArray[np.uint8]
Size = tuple[int, int]


@functools.lru_cache(maxsize=8)
def background(size: Size = (320, 180), seed: int = 1) -> U8:
    """A textured still scene, uint8 BGR; the same for the same seed. Not to be written to."""
    width, height = size
    chance = np.random.default_rng(seed)
    coarse = chance.uniform(60, 190, (height // 16 + 2, width // 16 + 2, 3)).astype(np.float32)
    picture = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
    picture += cv2.GaussianBlur(chance.normal(0, 40, (height, width, 1)).astype(np.float32), (0, 0), 1)[..., None]
    picture = np.clip(picture, 0, 255).astype(np.uint8)
    picture.setflags(write=False)
    return picture


def picture(
    index: int = 0,
    *,
    size: Size = (320, 180),
    seed: int = 1,
    boxes: Sequence[Box] = (),
    color: tuple[int, int, int] = (40, 60, 220),
    gain: float = 1.0,
    noise: float = 2.0,
) -> U8:
    """One picture of the scene: `boxes` painted in `color`, light times `gain`, sensor noise of frame `index`."""
    drawn = background(size, seed).astype(np.float32)
    for box in boxes:
        drawn[box.y0 : box.y1, box.x0 : box.x1] = color
    drawn *= gain
    if noise:
        drawn += np.random.default_rng((seed, index)).normal(0, noise, drawn.shape).astype(np.float32)
    return np.clip(np.round(drawn), 0, 255).astype(np.uint8)


def visit(
    count: int = 40, *, comes: int = 15, goes: int = 30, size: Size = (320, 180), seed: int = 1, noise: float = 2.0
) -> Iterator[U8]:
    """`count` pictures; a box crosses the scene in those from `comes` up to, not including, `goes`."""
    width, height = size
    side = height // 4
    for index in range(count):
        x = width // 8 + (index - comes) * max(1, width // 2 // max(1, goes - comes))
        box = Box(x, height // 3, x + side, height // 3 + side)
        yield picture(index, size=size, seed=seed, boxes=[box] if comes <= index < goes else [], noise=noise)


def numbered(count: int, size: Size = (320, 180)) -> Iterator[U8]:
    """Pictures that tell their index: see `number_of`."""
    for index in range(count):
        drawn = picture(index, size=size, noise=6)
        for bit in range(8):
            drawn[0:32, bit * 32 : bit * 32 + 32] = 230 if index >> bit & 1 else 25
        yield drawn


def number_of(drawn: U8) -> int:
    """The index that `numbered` has drawn into a picture (0-255), also after encoding."""
    return sum(1 << bit for bit in range(8) if drawn[8:24, bit * 32 + 8 : bit * 32 + 24].mean() > 128)


def jpegs(pictures: Iterable[U8], quality: int = 85) -> list[bytes]:
    """The pictures as JPEG."""
    return [encode_jpeg(drawn, quality) for drawn in pictures]


def write_clip(
    path: Path,
    pictures: Iterable[U8],
    *,
    fps: int = 10,
    times: Sequence[float] | None = None,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    metadata: dict[str, str] | None = None,
) -> Path:
    """A recording of the pictures at `fps`, or at `times` (seconds, one a picture)."""
    with av.open(str(path), "w", options=container_options or {}) as container:
        container.metadata.update(metadata or {})
        stream = None
        for index, drawn in enumerate(pictures):
            if stream is None:
                stream = container.add_stream(codec, rate=fps, options=options or {})
                stream.height, stream.width = drawn.shape[:2]
                stream.pix_fmt = pix_fmt
                stream.codec_context.time_base = Fraction(1, 1000 if times is not None else fps)
            frame = av.VideoFrame.from_ndarray(drawn, format="bgr24")
            frame.pts = round(times[index] * 1000) if times is not None else index
            frame.time_base = stream.codec_context.time_base
            container.mux(stream.encode(frame))
        if stream is not None:
            container.mux(stream.encode(None))
    return path


def h264(pictures: Iterable[U8], *, fps: int = 10, gop: int = 10) -> list[bytes]:
    """The pictures as H.264 access units with start codes, as cameras send them: no B-frames, headers repeated."""
    units: list[bytes] = []
    encoder = None
    for index, drawn in enumerate(pictures):
        if encoder is None:
            encoder = av.CodecContext.create("libx264", "w")
            encoder.height, encoder.width = drawn.shape[:2]
            encoder.pix_fmt = "yuv420p"
            encoder.time_base = Fraction(1, fps)
            encoder.gop_size = gop
            encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": "repeat-headers=1"}
        frame = av.VideoFrame.from_ndarray(drawn, format="bgr24").reformat(format="yuv420p")
        frame.pts = index
        units += [bytes(packet) for packet in encoder.encode(frame)]
    if encoder is not None:
        units += [bytes(packet) for packet in encoder.encode(None)]
    return units


def hurt(unit: bytes, seed: int = 5) -> bytes:
    """An access unit whose second half is rubbish, but for its end: what arrives when packets are lost."""
    rubbish, half = np.random.default_rng(seed).bytes(len(unit)), len(unit) // 2
    return unit[:half] + rubbish[half:-16] + unit[-16:]


def h264_of_file(path: Path) -> list[bytes]:
    """The H.264 access units of a recording, with start codes and headers before every keyframe."""
    from av.bitstream import BitStreamFilterContext

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        annexb = BitStreamFilterContext("h264_mp4toannexb", stream)
        units = []
        for packet in container.demux(stream):
            if packet.size:
                units += [bytes(filtered) for filtered in annexb.filter(packet)]
        return units
