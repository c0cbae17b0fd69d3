"""Network cameras over RTSP, carried over TCP."""

import threading
import time
from collections.abc import Iterator

import av
from av.container import InputContainer
from av.error import FFmpegError

from watcher.errors import SourceLost, SourceUnavailable
from watcher.sources.interrupt import opened
from watcher.sources.options import RtspOptions
from watcher.sources.packets import DECODE_LIMITS, SLICE, Feed, LiveFrames, words
from watcher.sources.urls import address, shown
from watcher.vision.frame import Frame, Tick

# As little probing as can be: the session description says what comes. Not fflags=nobuffer, which throws away
# what was probed: that is the first keyframe, and then there is no picture before the next one.
_OPTIONS = {
    "rtsp_transport": "tcp",
    "allowed_media_types": "video",
    "probesize": "32",
    "analyzeduration": "0",
    **DECODE_LIMITS,
}


class Rtsp:
    """An RTSP stream. A camera that hangs up, or sends nothing for `timeout`, is lost.

    FFmpeg knows that a picture is whole when the next one begins, so pictures come one frame's time late.
    """

    live = True

    def __init__(self, options: RtspOptions, camera: str) -> None:
        self._options = options
        self._address = address(options.url, options.user, options.password)
        self._shown = shown(options.url)
        self._closed = threading.Event()
        self._feed: Feed | None = None

    def open(self) -> None:
        timeout = self._options.timeout
        late = f"{self._shown} did not answer within {timeout:g} s"
        began = time.monotonic()
        try:
            container = opened(self._connected, self._closed, timeout, late, lambda container: container.close())
        except FFmpegError as error:
            # Of an answer that does not come FFmpeg says that it was wrong.
            if time.monotonic() - began >= timeout:
                raise SourceUnavailable(late) from None
            raise SourceUnavailable(f"{self._shown} cannot be opened: {words(error)}") from None
        self._feed = Feed(container, self._closed, self._shown, silence=timeout)
        self._feed.prepare(skip_loop_filter=self._options.skip_loop_filter)

    def frames(self) -> Iterator[Frame | Tick]:
        if self._feed is None:
            raise SourceUnavailable(f"{self._shown} has not been opened")
        live = LiveFrames(self._feed)
        for packet in self._feed.packets():
            yield from live.of(packet)
        if not self._closed.is_set():
            raise SourceLost(f"{self._shown} has hung up")

    def close(self) -> None:
        self._closed.set()
        if self._feed is not None:
            self._feed.close()

    def _connected(self) -> InputContainer:
        return av.open(self._address.with_login(), "r", options=_OPTIONS, timeout=(self._options.timeout, SLICE))
