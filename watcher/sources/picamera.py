"""A Raspberry Pi's camera through picamera2, which comes from Debian and is imported when used."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from watcher.errors import SourceLost, SourceUnavailable
from watcher.sources.interrupt import opened
from watcher.sources.options import PicameraOptions
from watcher.sources.packets import SLICE
from watcher.sources.times import now
from watcher.vision.arrays import U8
from watcher.vision.frame import ArrayPixels, Frame, Pixels, PlanarPixels, Tick

_MISSING = (
    "picamera2 is not installed; run: sudo apt install python3-picamera2,"
    " and make the virtual environment with --system-site-packages"
)


class Picamera:
    """The main stream of a Pi camera, as planes (YUV420) or BGR."""

    live = True

    def __init__(self, options: PicameraOptions, camera: str) -> None:
        self._options = options
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._device: Any = None

    def open(self) -> None:
        try:
            from picamera2 import Picamera2
        except (ImportError, OSError) as error:
            # Installed but broken (another Python, a NumPy of another age) needs other words than missing.
            missing = isinstance(error, ModuleNotFoundError) and error.name == "picamera2"
            raise SourceUnavailable(_MISSING if missing else f"picamera2 cannot be imported: {error}") from None
        number, timeout = self._options.camera, self._options.timeout
        late = f"Pi camera {number} did not answer within {timeout:g} s"
        try:
            self._device = opened(lambda: self._started(Picamera2), self._closed, timeout, late, _stopped)
        except (RuntimeError, IndexError, OSError, ValueError) as error:
            raise SourceUnavailable(f"Pi camera {number} cannot be opened: {error}") from None

    def frames(self) -> Iterator[Frame | Tick]:
        if self._device is None:
            raise SourceUnavailable(f"Pi camera {self._options.camera} has not been opened")
        stride = int(self._device.stream_configuration("main").get("stride", 0))
        size = tuple(self._device.stream_configuration("main")["size"])
        index = 0
        while True:
            array = self._captured()
            if array is None:
                return
            at, utc = now()
            yield Frame(at, utc, self._pixels(array, (size[0], size[1]), stride), index)
            index += 1

    def close(self) -> None:
        self._closed.set()
        # A wait under way ends within a slice; stopping the camera under it could leave it waiting for ever.
        with self._lock:
            device, self._device = self._device, None
        if device is not None:
            _stopped(device)

    def _started(self, picamera2: Any) -> Any:
        device = picamera2(self._options.camera)
        try:
            # Microseconds from frame to frame, least and most: what libcamera knows instead of a rate.
            duration = round(1_000_000 / self._options.fps)
            main = {"size": self._options.size, "format": self._options.format}
            controls = {"FrameDurationLimits": (duration, duration)}
            device.configure(device.create_video_configuration(main=main, controls=controls))
            device.start()
        except BaseException:
            device.close()
            raise
        return device

    def _captured(self) -> U8 | None:
        """The next picture; None once closed."""
        device = self._device
        if device is None:
            return None
        job: Any = None
        waiting_since = time.monotonic()
        while True:
            with self._lock:
                if self._closed.is_set():
                    return None
                try:
                    job = device.capture_array("main", wait=False) if job is None else job
                    return np.asarray(device.wait(job, timeout=SLICE), np.uint8)
                except TimeoutError:
                    late = time.monotonic() - waiting_since > self._options.timeout
                except (RuntimeError, OSError) as error:
                    raise SourceLost(f"Pi camera {self._options.camera} gives no more pictures: {error}") from None
            if late:
                raise SourceLost(
                    f"Pi camera {self._options.camera} has given nothing for {self._options.timeout:g} s"
                )

    def _pixels(self, array: U8, size: tuple[int, int], stride: int) -> Pixels:
        """The main stream's array as pixels. What picamera2 calls RGB888 lies in memory as blue, green, red."""
        width, height = size
        if self._options.format == "RGB888":
            return ArrayPixels(np.ascontiguousarray(array[:height, :width, :3]))
        return yuv420_pixels(array, size, stride or array.shape[1])


def yuv420_pixels(array: U8, size: tuple[int, int], stride: int) -> PlanarPixels:
    """The planes of a YUV420 array: `stride` bytes a row of luma, half of that a row of each chroma plane.

    libcamera gives video in the limited range, BT.601 below 1280x720 and BT.709 from there.
    """
    width, height = size
    flat = array.reshape(-1)
    luma, chroma = stride * height, (stride // 2) * (height // 2)
    planes = (flat[:luma], flat[luma : luma + chroma], flat[luma + chroma : luma + 2 * chroma])
    y = planes[0].reshape(height, stride)[:, :width]
    u, v = (plane.reshape(height // 2, stride // 2)[:, : width // 2] for plane in planes[1:])
    return PlanarPixels(y, u, v, full_range=False, bt709=width >= 1280 and height >= 720, keep=array)


def _stopped(device: Any) -> None:
    device.stop()
    device.close()
