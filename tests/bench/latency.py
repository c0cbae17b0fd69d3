"""Row latency: from a frame that is there to the event at a subscriber in another process."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests.bench import clips
from tests.bench.delivery.feed import Line
from tests.bench.measure import Figure, middle
from tests.support.wait import until
from watcher.camera.camera import Camera
from watcher.camera.options import CameraOptions
from watcher.events.options import EventsOptions
from watcher.mqtt.broker import Broker
from watcher.sinks.options import RecordOptions, StorageOptions
from watcher.sources.options import CustomOptions
from watcher.vision.frame import Frame, PlanarPixels

_FPS = 50
_LEARNING = 3 * _FPS
_SHOWN, _PERIOD = 8, 24
"""Something is there for 8 frames of every 24."""

_available: dict[str, int] = {}
"""When each frame was handed over (monotonic nanoseconds), by its time of capture as events write it."""


class Flashing:
    """A 1080p camera before which something comes and goes; its frames are ready, nothing is decoded."""

    live = True

    def __init__(self, settings: dict[str, Any], camera: str) -> None:
        empty, *_, full = list(clips.drawn_frames(6.5))
        self._pictures = planes(empty), planes(full)
        self._closed = False

    def open(self) -> None:
        pass

    def frames(self) -> Iterator[Frame]:
        began = time.monotonic()
        for index in range(sys.maxsize):
            # A camera's clock: a frame is there when its time has come.
            time.sleep(max(0.0, began + index / _FPS - time.monotonic()))
            if self._closed:
                return
            there = index > _LEARNING and index % _PERIOD < _SHOWN
            utc = datetime.now(UTC)
            utc = utc.replace(microsecond=utc.microsecond // 1000 * 1000)
            frame = Frame(time.monotonic(), utc, PlanarPixels(*self._pictures[there], False, True), index)
            _available[f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03}Z"] = time.monotonic_ns()
            yield frame

    def close(self) -> None:
        self._closed = True


def planes(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A BGR picture as limited-range planes, as decoders give them."""
    flat = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420)
    height, width = picture.shape[:2]
    y, u, v = np.split(flat.reshape(-1), [height * width, height * width * 5 // 4])
    return y.reshape(height, width), u.reshape(height // 2, -1), v.reshape(height // 2, -1)


def figures(folder: Path, rounds: int) -> list[Figure]:
    broker = Broker(folder / "broker", 0)
    port = broker.start()
    command = [sys.executable, "-m", "tests.bench.subscriber", str(port)]
    try:
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as subscriber:
            assert subscriber.stdout is not None
            assert subscriber.stdout.readline() == "ready\n"
            _watch_for(folder, port, 4 + 6 * rounds * _PERIOD / _FPS)
            subscriber.terminate()
            received = [json.loads(line) for line in subscriber.stdout]
    finally:
        broker.stop()
    waits = [
        (event["received"] - _available[event["captured_at"]]) / 1e6
        for event in received
        if event["event_type"] == "started"
    ]
    assert len(waits) > 3 * rounds, f"only {len(waits)} events were seen"
    median, spread = middle(waits)
    p95 = float(np.percentile(waits, 95))
    note = f"{len(waits)} events, the longest wait {max(waits):.1f} ms; rise 0, so that nothing waits on purpose"
    return [
        Figure("latency", "frame available to event received, median", median, "ms", 3, 2, False, spread, note),
        Figure("latency", "the same, 95th percentile", p95, "ms", 6, 3),
    ]


def _watch_for(folder: Path, port: int, seconds: float) -> None:
    options = CameraOptions(
        key="bench",
        source=CustomOptions(kind="tests.bench.latency:Flashing"),
        events=EventsOptions(rise=0, fall=0.1),
        record=RecordOptions(snapshot=False),
    )
    line = Line(folder / "outbox", port, cameras=("bench",))
    camera = Camera(options, StorageOptions(folder=str(folder / "latency")), [line.post])
    line.start()
    camera.start()
    try:
        until(lambda: _available, 20, "a first frame")
        # So long events come and go; those who hear them note when.
        time.sleep(seconds)
    finally:
        camera.stop("stopped", 5)
        line.stop()
