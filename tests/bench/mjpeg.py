"""Row mjpeg: a network camera's JPEG stream, received over HTTP, against decoding the same pictures to colour.

Each decoded picture is let go of before the next, as whoever watches a stream does it: OpenCV then writes every
picture into the same 6 MB. Kept side by side, all of them take fresh pages from the system, which is a quarter to a
half of what decoding itself takes, and happens or not as the heap lies from run to run.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from tests.bench import clips
from tests.bench.measure import Figure, in_turns, ratio
from tests.bench.pipeline import Pipeline
from watcher.sources.build import make_source
from watcher.sources.options import MjpegOptions
from watcher.vision.frame import Frame, Observation

_FRAMES = 100


class _Camera:
    """The stream as it comes, with the times that it would have had: it is sent faster than a camera sends."""

    def __init__(self, url: str) -> None:
        self._source = make_source(MjpegOptions(url=url), "bench")
        self._source.open()
        self._coming = (seen for seen in self._source.frames() if isinstance(seen, Frame))
        self._count = 0

    def frames(self, count: int) -> Iterator[Observation]:
        for frame in islice(self._coming, count):
            self._count += 1
            yield replace(frame, at=self._count / clips.FPS)

    def close(self) -> None:
        self._source.close()


def figures(folder: Path, rounds: int) -> list[Figure]:
    pictures = clips.drawn_jpegs(_FRAMES / clips.FPS)
    with _served(folder, pictures) as url:
        camera, pipeline = _Camera(url), Pipeline()
        pipeline.run(camera.frames(_FRAMES))  # learns the place
        taken = in_turns(
            {
                "whole": lambda: pipeline.run(camera.frames(_FRAMES)),
                "decode": lambda: _decode(pictures, cv2.IMREAD_COLOR),
                "least": lambda: _decode(pictures, cv2.IMREAD_REDUCED_GRAYSCALE_4),
            },
            rounds,
        )
        camera.close()
    value, spread = ratio(taken, "whole", "decode")
    least, _ = ratio(taken, "least", "decode")
    assert pipeline.frames == _FRAMES * (rounds + 2)
    note = (
        f"received over HTTP on this machine, the sender's CPU not counted; "
        f"{sum(map(len, pictures)) // len(pictures) // 1000} kB a picture, "
        f"imdecode {min(taken['decode']) / _FRAMES * 1000:.1f} ms of CPU; {least:.2f} is what it takes to grey "
        f"at a quarter of the size, the least from which 320x180 can be had"
    )
    return [Figure("mjpeg", "pipeline / cv2.imdecode to colour", value, "x", 0.50, 0.35, False, spread, note)]


def _decode(pictures: list[bytes], how: int) -> None:
    for data in pictures:
        cv2.imdecode(np.frombuffer(data, np.uint8), how)


@contextmanager
def _served(folder: Path, pictures: list[bytes]) -> Iterator[str]:
    """The pictures again and again as an MJPEG stream from another process, as fast as they are taken."""
    for index, data in enumerate(pictures):
        (folder / f"{index:04}.jpg").write_bytes(data)
    command = [sys.executable, "-m", "tests.bench.camera_server", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield f"http://127.0.0.1:{int(server.stdout.readline())}/stream"
        finally:
            server.kill()
