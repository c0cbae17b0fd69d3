"""Row latency: from the deciding frame, 1280x720, to its verdict at a subscriber in another process.

A camera inspects continuously, with default settings, a drawn board that is put down anew for each frame: within 2
pixels of where it lay, or anywhere within the limits of position. Frames are planes, as decoders give them, and so
seldom that none waits for the one before. `python -m tests.bench.inspection.latency` prints the row alone.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.bench import table
from tests.bench.latency import planes
from tests.bench.measure import Figure, middle
from tests.support.wait import until
from watcher.camera.camera import Camera
from watcher.camera.options import CameraOptions
from watcher.inspection.golden import teach
from watcher.inspection.when import LineOptions
from watcher.mqtt.broker import Broker
from watcher.mqtt.client import Mqtt
from watcher.mqtt.options import MqttOptions
from watcher.references import Store
from watcher.sinks.options import RecordOptions, StorageOptions
from watcher.sources.options import CustomOptions
from watcher.vision.frame import Frame, PlanarPixels
from watcher.vision.reference.options import GoldenOptions

SIZE = (1280, 720)
SHOWN = 24
"""Different positions; they repeat."""
EVERY = 0.5
"""Seconds from frame to frame, more than an inspection takes."""
MUST_NEAR, AIM_NEAR, MUST_ANYWHERE, AIM_ANYWHERE = 120, 60, 400, 200

_available: dict[str, int] = {}
"""When each frame was handed over (monotonic nanoseconds), by its time of capture as verdicts write it."""

Picture = NDArray[np.uint8]


def board(seed: int = 5) -> Picture:
    """Artwork of tracks, pads and letters on a dull green, uint8 BGR."""
    random = np.random.default_rng(seed)
    picture = np.full((SIZE[1], SIZE[0], 3), (62, 84, 40), np.uint8)
    for _ in range(220):
        x, y = int(random.integers(60, SIZE[0] - 60)), int(random.integers(60, SIZE[1] - 60))
        length, across = int(random.integers(30, 260)), random.random() < 0.5
        end = (min(SIZE[0] - 50, x + length), y) if across else (x, min(SIZE[1] - 50, y + length))
        cv2.line(picture, (x, y), end, (120, 160, 96), int(random.integers(2, 7)))
    for _ in range(160):
        x, y = int(random.integers(60, SIZE[0] - 90)), int(random.integers(60, SIZE[1] - 80))
        cv2.rectangle(picture, (x, y), (x + int(random.integers(8, 26)), y + int(random.integers(8, 22))),
                      (190, 200, 205), -1)  # fmt: skip
    for number in range(24):
        place = int(random.integers(60, SIZE[0] - 140)), int(random.integers(80, SIZE[1] - 60))
        cv2.putText(picture, f"R{number}", place, cv2.FONT_HERSHEY_SIMPLEX, 0.7, (225, 230, 230), 2)
    return cv2.GaussianBlur(picture, (0, 0), 0.8).astype(np.uint8)


def laid(picture: Picture, shift: tuple[float, float], angle: float, scale: float, seed: int) -> Picture:
    """The board put down elsewhere, with a camera's noise of two grey levels."""
    centre = (SIZE[0] / 2, SIZE[1] / 2)
    matrix = cv2.getRotationMatrix2D(centre, -angle, scale)
    matrix[:, 2] += shift
    moved = cv2.warpAffine(picture, matrix, SIZE, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    noise = np.random.default_rng(seed).normal(0, 2, moved.shape)
    return np.clip(np.round(moved + noise), 0, 255).astype(np.uint8)


def positions(how: str) -> list[tuple[tuple[float, float], float, float]]:
    """Where the board lies, frame by frame: ``near`` never more than 2 pixels from the last."""
    random = np.random.default_rng(17)
    if how == "near":
        return [(tuple(random.uniform(-1, 1, 2)), 0.0, 1.0) for _ in range(SHOWN)]
    limits = LineOptions().pose
    reach = 0.9 * limits.shift * SIZE[0] / np.sqrt(2)
    return [
        (
            tuple(random.uniform(-reach, reach, 2)),
            float(random.uniform(-0.9, 0.9) * limits.angle),
            1 + float(random.uniform(-0.9, 0.9) * limits.scale),
        )
        for _ in range(SHOWN)
    ]


class Belt:
    """A camera before which the board lies differently in each frame; its frames are ready, nothing is decoded."""

    live = True

    def __init__(self, settings: dict[str, Any], camera: str) -> None:
        shown = [laid(board(), *where, seed) for seed, where in enumerate(positions(settings["how"]))]
        self._pictures = [planes(picture) for picture in shown]
        self._closed = False

    def open(self) -> None:
        pass

    def frames(self) -> Iterator[Frame]:
        began = time.monotonic()
        for index in range(sys.maxsize):
            # A camera's clock: a frame is there when its time has come.
            time.sleep(max(0.0, began + index * EVERY - time.monotonic()))
            if self._closed:
                return
            utc = datetime.now(UTC)
            utc = utc.replace(microsecond=utc.microsecond // 1000 * 1000)
            pixels = PlanarPixels(*self._pictures[index % SHOWN], False, True)
            _available[f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03}Z"] = time.monotonic_ns()
            yield Frame(time.monotonic(), utc, pixels, index)

    def close(self) -> None:
        self._closed = True


def figures(folder: Path, rounds: int = 7) -> list[Figure]:
    """Two figures: the 95th percentile of the waits, part near the last one and anywhere."""
    return [
        _figure(folder, "near", "part within 2 px of the last", rounds, MUST_NEAR, AIM_NEAR),
        _figure(folder, "anywhere", "part anywhere within the limits", rounds, MUST_ANYWHERE, AIM_ANYWHERE),
    ]


def _figure(folder: Path, how: str, what: str, rounds: int, must: float, aim: float) -> Figure:
    received = _received(folder / how, how, 1 + rounds * 8)
    waits = [(one["received"] - _available[one["captured_at"]]) / 1e6 for one in received][1:]
    words = [one["verdict"] for one in received]
    median, spread = middle(waits)
    engine, _ = middle([one["elapsed_ms"] for one in received[1:]])
    counted = ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))
    note = f"{how}: {len(waits)} verdicts ({counted}), median {median:.0f} ms, of which the engine {engine:.0f}"
    p95 = float(np.percentile(waits, 95))
    return Figure("latency", f"frame to verdict, p95: {what}", p95, "ms", must, aim, False, spread, note)


def _received(folder: Path, how: str, count: int) -> list[dict[str, Any]]:
    storage = StorageOptions(folder=str(folder))
    samples = [laid(board(), (0.0, 0.0), 0.0, 1.0, seed) for seed in range(900, 905)]
    golden = teach(samples).golden
    Store(folder / "references").save("bench", "golden", golden.memory(), golden.size)
    broker = Broker(folder / "broker", 0)
    port = broker.start()
    command = [sys.executable, "-m", "tests.bench.subscriber", str(port), "watcher/bench/verdict"]
    try:
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as subscriber:
            assert subscriber.stdout is not None
            assert subscriber.stdout.readline() == "ready\n"
            _inspect(how, storage, port, count)
            subscriber.terminate()
            return [json.loads(line) for line in subscriber.stdout]
    finally:
        broker.stop()


def _inspect(how: str, storage: StorageOptions, port: int, count: int) -> None:
    options = CameraOptions(
        key="bench",
        source=CustomOptions(kind="tests.bench.inspection.latency:Belt", settings={"how": how}),
        profile="inspection",
        reference=GoldenOptions(),
        inspection=LineOptions(when="continuous"),
        record=RecordOptions(snapshot=False),
    )
    outlet = Mqtt(MqttOptions(host="127.0.0.1", port=port), {"bench": ()}, lambda camera, request: None)
    camera = Camera(options, storage, [outlet])
    outlet.start()
    camera.start()
    try:
        before = len(_available)
        until(lambda: len(_available) - before > count, 60 + count * EVERY, f"{count} frames")
    finally:
        camera.stop("stopped", 5)
        outlet.stop(5)


def main() -> int:
    cv2.setNumThreads(1)  # as the daemon does
    with tempfile.TemporaryDirectory(prefix="watcher-bench-") as folder:
        found = figures(Path(folder))
    print(*table.lines(found), sep="\n")
    print(*(figure.note for figure in found), sep="\n")
    return 0


if __name__ == "__main__":
    from tests.bench.inspection import latency  # the module that the camera imports its source from

    sys.exit(latency.main())
