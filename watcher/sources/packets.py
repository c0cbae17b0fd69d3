"""What the sources that PyAV reads have in common: packets with a deadline, frames of them, errors in plain words.

Decoding is bounded: a picture of more than `watcher.vision.picture.MAX_PIXELS` pixels is refused by the decoder
itself, before it allocates anything for it.
"""

import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from watcher.errors import SourceLost, SourceUnavailable
from watcher.sources.planes import Lent
from watcher.sources.times import now
from watcher.vision.frame import Frame, Tick
from watcher.vision.picture import MAX_PIXELS

if TYPE_CHECKING:
    VideoPacket = Packet[VideoStream]
else:
    VideoPacket = Packet  # generic for type checkers only

SLICE = 0.2
"""How long a live source may keep a reader, and so `close`, waiting, in seconds."""

DECODE_LIMITS = {"max_pixels": str(MAX_PIXELS)}

_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (av.error.ExitError, "it did not answer in time"),
    (av.error.TimeoutError, "it did not answer in time"),
    (av.error.HTTPUnauthorizedError, "user name or password are missing or wrong"),
    (av.error.HTTPForbiddenError, "access is forbidden"),
    (av.error.HTTPNotFoundError, "there is nothing under this path"),
    (av.error.HTTPError, "it answered with an error"),
    (av.error.HTTPClientError, "it refused the request"),
    (av.error.ConnectionRefusedError, "the connection was refused: nothing listens there"),
    (av.error.ConnectionResetError, "the connection was reset"),
    (av.error.BrokenPipeError, "the connection was reset"),
    (av.error.FileNotFoundError, "there is no such file or device"),
    (av.error.PermissionError, "permission is denied"),
    (av.error.IsADirectoryError, "it is a folder"),
    (av.error.InvalidDataError, "its data makes no sense"),
    (av.error.DecoderNotFoundError, "there is no decoder for it"),
    (av.error.EOFError, "it ends at once"),
)


def words(error: Exception) -> str:
    """An error of PyAV's in plain words, without the address, which may hold a password."""
    for kind, sentence in _WORDS:
        if isinstance(error, kind):
            return sentence
    return str(getattr(error, "strerror", None) or type(error).__name__)


class Feed:
    """An open container with a picture track: packets and frames for one reading thread, closed by any.

    Live sources are opened with a read timeout of `SLICE`, so that `close` and a camera that says nothing are
    noticed soon. Going on after a slice without data is right for RTSP over TCP, which looks for the beginning
    of the next packet, and for devices; of what FFmpeg reads through a buffer of its own (files, HTTP) it is
    not, so files are opened without a timeout.

    Parameters
    ----------
    container : freshly opened.
    closed : when set, reading ends.
    shown : how to name the source in a sentence; no credentials.
    silence : seconds without a packet after which `packets` raises `SourceLost`; None for files.
    """

    def __init__(
        self, container: InputContainer, closed: threading.Event, shown: str, silence: float | None = None
    ) -> None:
        self.container = container
        self._closed, self._shown, self._silence = closed, shown, silence
        self._lock = threading.Lock()
        if not container.streams.video:
            raise SourceUnavailable(f"{shown} holds no pictures that can be decoded")
        self.stream = container.streams.video[0]
        codec = self.stream.codec_context
        if codec is None or codec.width * codec.height > MAX_PIXELS:
            size = f" of {codec.width}x{codec.height}" if codec is not None else ""
            raise SourceUnavailable(
                f"{shown} holds pictures{size} that are not decoded; at most {MAX_PIXELS // 10**6} megapixels are"
            )
        self._demux = self._demuxed()

    def prepare(self, threads: int = 1, skip_loop_filter: bool = False) -> None:
        """How to decode; before the first packet. One thread by default: frame threads delay live pictures."""
        codec = self.stream.codec_context
        codec.options = {**DECODE_LIMITS, **({"skip_loop_filter": "all"} if skip_loop_filter else {})}
        codec.thread_count = threads
        codec.thread_type = "NONE" if threads == 1 else "AUTO"

    def packets(self, ready: Callable[[float], bool] = lambda seconds: True) -> Iterator[VideoPacket]:
        """Packets until the end or `close`; the last ones of a file are empty and flush the decoder.

        `ready` waits up to some seconds for data where the container's own reading could not be interrupted.

        Raises
        ------
        SourceLost : nothing came for `silence` seconds, or reading failed.
        """
        heard = time.monotonic()
        while not self._closed.is_set():
            packet = self._read() if ready(SLICE) else None
            if packet is not None:
                heard = time.monotonic()
                if packet.size == 0 and packet.pts is None and self._silence is not None:
                    return  # the flush of a stream whose other end has gone without a word
                yield packet
            elif self._silence is None:
                return
            elif time.monotonic() - heard > self._silence:
                raise SourceLost(f"{self._shown} has sent nothing for {self._silence:g} s")

    def decode(self, packet: VideoPacket | None) -> list[VideoFrame]:
        """The frames that a packet completes, None flushing; none once closed. Raises `FFmpegError`."""
        with self._lock:
            if self._closed.is_set():
                return []
            return self.stream.codec_context.decode(packet)

    def close(self) -> None:
        """Let go of the container; waits for a read that is under way (`SLICE` at most, for live sources)."""
        self._closed.set()
        with self._lock:
            self.container.close()

    def release(self) -> None:
        """Let go of the container, as at the end of a round of a repeated recording; not of the source."""
        with self._lock:
            self.container.close()

    def _read(self) -> VideoPacket | None:
        with self._lock:
            # Reading a closed container would be reading freed memory.
            if self._closed.is_set():
                return None
            try:
                return next(self._demux, None)
            except av.error.ExitError:
                self._demux = self._demuxed()  # a generator that has raised is finished
                return None
            except av.error.FFmpegError as error:
                raise SourceLost(f"{self._shown} cannot be read any further: {words(error)}") from None

    def _demuxed(self) -> Iterator[VideoPacket]:
        return iter(self.container.demux(self.stream))


class Damage:
    """Which decoded pictures are whole: after a broken one all that rest on it are not, up to the next keyframe.

    Decoders mark the broken picture alone; those after it carry its smears along and pass for whole. Streams that
    renew themselves bit by bit have no keyframes: what is older than `LONGEST` is forgotten.
    """

    LONGEST = 10.0

    def __init__(self) -> None:
        self._since: float | None = None

    def lost(self, at: float) -> None:
        """A picture could not be decoded at all, at `at` seconds."""
        self._since = at

    def taints(self, frame: VideoFrame, at: float) -> bool:
        """Whether the picture is broken itself, or rests on one that is."""
        if frame.is_corrupt:
            self._since = at
            return True
        if self._since is not None and (frame.key_frame or not 0 <= at - self._since < self.LONGEST):
            self._since = None
        return self._since is not None


class LiveFrames:
    """Frames of a live feed as observations: times are those of arrival, damage becomes ticks."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._index = 0
        self._damage = Damage()
        self._lent = Lent()

    def of(self, packet: VideoPacket) -> Iterator[Frame | Tick]:
        """The observations that a packet completes."""
        at, utc = now()
        self._lent.call_in()
        try:
            frames = self._feed.decode(packet)
        except FFmpegError as error:
            # Joining a stream between two keyframes, the first packets cannot be decoded; that is no trouble.
            if self._index:
                self._damage.lost(at)
                yield Tick(at, utc, trouble=f"a picture cannot be decoded: {words(error)}")
            return
        for frame in frames:
            if self._damage.taints(frame, at):
                yield Tick(at, utc, trouble="a picture arrived damaged")
                continue
            yield Frame(at, utc, self._lent.pixels_of(frame), self._index)
            self._index += 1
