"""USB cameras and capture cards of Linux. A camera's own JPEG stays as it came; raw pictures stay planes."""

import os
import select
import threading
from collections.abc import Iterator

import av
import cv2
from av.container import InputContainer
from av.error import FFmpegError

from watcher.errors import PictureUnreadable, SourceLost, SourceUnavailable
from watcher.sources.encoded import encoded_pixels
from watcher.sources.interrupt import opened
from watcher.sources.options import V4l2Options
from watcher.sources.packets import SLICE, Feed, LiveFrames, VideoPacket, words
from watcher.sources.times import now
from watcher.vision.arrays import U8
from watcher.vision.frame import ArrayPixels, Frame, Tick
from watcher.vision.jpeg import Asked


class V4l2:
    """A V4L2 device: read through PyAV, or through OpenCV where that cannot open it."""

    live = True

    def __init__(self, options: V4l2Options, camera: str) -> None:
        self._options = options
        self._closed = threading.Event()
        self._feed: Feed | None = None
        self._capture: cv2.VideoCapture | None = None
        self._descriptor: int | None = None
        self._lock = threading.Lock()

    def open(self) -> None:
        device, timeout = self._options.device, self._options.timeout
        if not os.path.exists(device):
            raise SourceUnavailable(f"there is no device {device}")
        if not os.access(device, os.R_OK | os.W_OK):
            raise SourceUnavailable(f"{device} may not be opened by this user; put the user into the group video")
        late = f"{device} did not answer within {timeout:g} s"
        try:
            container = opened(self._connected, self._closed, timeout, late, lambda container: container.close())
        except FFmpegError as error:
            why = words(error)
            self._capture = opened(
                lambda: self._captured(why), self._closed, timeout, late, lambda capture: capture.release()
            )
            return
        self._feed = Feed(container, self._closed, device, silence=timeout)
        self._feed.prepare()
        self._descriptor = descriptor_of(device)

    def frames(self) -> Iterator[Frame | Tick]:
        if self._capture is not None:
            yield from self._through_opencv(self._capture)
            return
        if self._feed is None:
            raise SourceUnavailable(f"{self._options.device} has not been opened")
        jpeg = self._feed.stream.codec_context.name == "mjpeg"
        live, asked = LiveFrames(self._feed), Asked()
        for index, packet in enumerate(self._feed.packets(self._ready)):
            if jpeg:
                yield jpeg_observed(packet, index, asked)
            else:
                yield from live.of(packet)
        if not self._closed.is_set():
            raise SourceLost(f"{self._options.device} gives no more pictures")

    def close(self) -> None:
        self._closed.set()
        if self._feed is not None:
            self._feed.close()
        if self._capture is not None:
            with self._lock:
                self._capture.release()

    def _ready(self, seconds: float) -> bool:
        """Wait for a picture: the device's own reading blocks where nothing can interrupt it."""
        if self._descriptor is None:
            return True
        return bool(select.select([self._descriptor], [], [], seconds)[0])

    def _connected(self) -> InputContainer:
        options = {}
        if self._options.size is not None:
            options["video_size"] = f"{self._options.size[0]}x{self._options.size[1]}"
        if self._options.fps is not None:
            options["framerate"] = f"{self._options.fps:g}"
        formats = ["mjpeg", ""] if self._options.format == "auto" else [self._options.format]
        for name in formats[:-1]:
            try:
                return self._container({**options, "input_format": name})
            except FFmpegError:
                continue  # this camera has no JPEG: take what it gives
        last = {"input_format": formats[-1]} if formats[-1] else {}
        return self._container({**options, **last})

    def _container(self, options: dict[str, str]) -> InputContainer:
        timeout = (self._options.timeout, SLICE)
        return av.open(self._options.device, "r", format="v4l2", options=options, timeout=timeout)

    def _captured(self, why: str) -> cv2.VideoCapture:
        milliseconds = int(SLICE * 1000)
        capture = cv2.VideoCapture(
            self._options.device, cv2.CAP_V4L2, [cv2.CAP_PROP_READ_TIMEOUT_MSEC, milliseconds]
        )
        if not capture.isOpened():
            raise SourceUnavailable(f"{self._options.device} cannot be opened as a camera: {why}")
        if self._options.size is not None:
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, self._options.size[0])
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self._options.size[1])
        if self._options.fps is not None:
            capture.set(cv2.CAP_PROP_FPS, self._options.fps)
        return capture

    def _through_opencv(self, capture: cv2.VideoCapture) -> Iterator[Frame | Tick]:
        index = 0
        heard, _ = now()
        while not self._closed.is_set():
            with self._lock:
                if self._closed.is_set():
                    return
                given, picture = capture.read()
            at, utc = now()
            if given:
                heard = at
                yield Frame(at, utc, ArrayPixels(_as_u8(picture)), index)
                index += 1
            elif at - heard > self._options.timeout:
                raise SourceLost(f"{self._options.device} has given nothing for {self._options.timeout:g} s")
            else:
                self._closed.wait(0.01)  # where reading fails at once


def jpeg_observed(packet: VideoPacket, index: int, asked: Asked | None = None) -> Frame | Tick:
    """A JPEG packet as an observation, its bytes kept; `asked` is shared by those of a stream."""
    at, utc = now()
    try:
        return Frame(at, utc, encoded_pixels(bytes(packet), asked), index)
    except PictureUnreadable as error:
        return Tick(at, utc, index, trouble=str(error))


def descriptor_of(device: str) -> int | None:
    """The number under which this process has a device open; None where it has not.

    FFmpeg does not tell it. A V4L2 device streams to one reader only, so there are no two to choose from.
    """
    wanted = os.stat(device).st_rdev
    for name in os.listdir("/proc/self/fd"):
        try:
            status = os.fstat(int(name))
        except OSError:
            continue  # the listing's own descriptor is gone by now
        if status.st_rdev == wanted and wanted != 0:
            return int(name)
    return None


def _as_u8(picture: object) -> U8:
    import numpy as np

    return np.asarray(picture, np.uint8)
