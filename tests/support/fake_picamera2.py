"""Stands in for the picamera2 module, which exists on Raspberry Pis only: the few calls that are made of it."""

import time
from types import ModuleType
from typing import Any

import cv2
import numpy as np

from tests.support import scenes


def module(*, stall_after: int | None = None, fault: Exception | None = None) -> ModuleType:
    """The module; its cameras stall after so many pictures, or cannot be opened at all."""
    made = ModuleType("picamera2")

    class Picamera2:
        opened: "list[Picamera2]" = []  # noqa: RUF012 - the test looks here for what was opened

        def __init__(self, number: int) -> None:
            if fault is not None:
                raise fault
            self.number, self.count, self.running, self.closed = number, 0, False, False
            Picamera2.opened.append(self)

        def create_video_configuration(self, main: dict[str, Any], controls: dict[str, Any]) -> dict[str, Any]:
            return {"main": dict(main), "controls": controls}

        def configure(self, config: dict[str, Any]) -> None:
            self.config = config
            # Rows are padded to a multiple of 64 bytes, as the hardware does.
            self.stride = -(-config["main"]["size"][0] // 64) * 64

        def start(self) -> None:
            self.running = True

        def stream_configuration(self, name: str) -> dict[str, Any]:
            stride = self.stride if self.config[name]["format"] == "YUV420" else 0
            return {**self.config[name], "stride": stride}

        def capture_array(self, name: str, wait: bool) -> int:
            assert self.running
            assert wait is False
            self.count += 1
            return self.count

        def wait(self, job: int, timeout: float) -> np.ndarray:
            if stall_after is not None and job > stall_after:
                time.sleep(timeout)  # what the real one does: block, then raise
                raise TimeoutError
            time.sleep(0.005)
            size = self.config["main"]["size"]
            drawn = scenes.picture(job, size=size)
            return drawn if self.config["main"]["format"] == "RGB888" else yuv420(drawn, self.stride)

        def stop(self) -> None:
            self.running = False

        def close(self) -> None:
            self.closed = True

    made.Picamera2 = Picamera2  # type: ignore[attr-defined]
    return made


def yuv420(drawn: np.ndarray, stride: int) -> np.ndarray:
    """A BGR picture as picamera2 gives YUV420 of it: limited range BT.601, padded rows, one array."""
    height, width = drawn.shape[:2]
    packed = cv2.cvtColor(drawn, cv2.COLOR_BGR2YUV_I420).reshape(-1)
    luma, chroma = width * height, width * height // 4
    padded = np.full((height * 3 // 2, stride), 77, np.uint8)
    flat = padded.reshape(-1)
    padded[:height, :width] = packed[:luma].reshape(height, width)
    for n in range(2):
        plane = flat[stride * height + n * (stride // 2) * (height // 2) :][: (stride // 2) * (height // 2)]
        source = packed[luma + n * chroma :][:chroma].reshape(height // 2, width // 2)
        plane.reshape(height // 2, stride // 2)[:, : width // 2] = source
    return padded
