"""Recordings: every frame of any file that FFmpeg reads, with the time at which it was taken."""

import logging
import os
import stat
import threading
from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import av
from av.error import FFmpegError
from av.video.frame import VideoFrame

from watcher.errors import SourceLost, SourceUnavailable
from watcher.sources.interrupt import CLOSED
from watcher.sources.options import VideoOptions
from watcher.sources.packets import DECODE_LIMITS, Damage, Feed, VideoPacket, words
from watcher.sources.planes import Lent, pixels_of
from watcher.sources.times import MediaClock, Timeline, aware
from watcher.vision.frame import Frame, Tick

log = logging.getLogger(__name__)

_FALLBACK_FPS = Fraction(25)


class Video:
    """A recording; frame by frame, none dropped.

    Media time is the frame's timestamp less the first one's, so a variable frame rate comes out right; without
    timestamps it is index / fps. A recording that breaks off gives all that can be decoded and then raises
    `SourceLost`, or with `repeat` begins
    again; a frame that is damaged, or a stretch that cannot be decoded, is a `Tick` with its trouble.
    """

    def __init__(self, options: VideoOptions, camera: str) -> None:
        self.live = options.pace == "real"
        self.ends = not (self.live and options.repeat)
        self._camera, self._options = camera, options
        self._said = ""
        self._path = Path(os.path.expanduser(options.path))
        self._closed = threading.Event()
        self._feed: Feed | None = None
        self._index = 0
        self._lent = Lent() if self.live else None

    def open(self) -> None:
        if self._closed.is_set():
            raise SourceUnavailable(CLOSED)
        feed = self._feed = self._opened()
        rate = feed.stream.average_rate or feed.stream.guessed_rate or _FALLBACK_FPS
        self._frame_time = 1 / Fraction(rate)
        self._clock = MediaClock(self._frame_time, feed.stream.time_base or self._frame_time)
        start = self._options.start
        if start is None and self._options.pace == "fast":
            start = _creation_time(feed)
        self._timeline = Timeline(aware(start) if start else None, self._options.pace, self._closed)
        self._last = 0.0
        self._damage = Damage()

    def frames(self) -> Iterator[Frame | Tick]:
        feed = self._feed
        if feed is None:
            raise SourceUnavailable(f"{self._path} has not been opened")
        while not self._closed.is_set():
            before = self._index
            try:
                yield from self._round(feed)
            except SourceLost as error:
                if not self._options.repeat or self._index == before:
                    raise
                self._say_once(str(error))
            if not self._options.repeat or self._index == before or self._closed.is_set():
                return
            self._clock.restart()
            self._damage = Damage()
            feed.release()
            feed = self._feed = self._opened()

    def close(self) -> None:
        self._closed.set()
        if self._feed is not None:
            self._feed.close()

    def _say_once(self, trouble: str) -> None:
        """Each round breaks off at the same place, and each time is as good as the first."""
        if trouble != self._said:
            log.warning("%s: %s; it is repeated up to there", self._camera, trouble)
            self._said = trouble

    def _opened(self) -> Feed:
        try:
            mode = self._path.stat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            raise SourceUnavailable(f"there is no recording {self._path}") from None
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise SourceUnavailable(f"the recording {self._path} cannot be opened ({why})") from None
        if not stat.S_ISREG(mode):
            raise SourceUnavailable(f"{self._path} is not a file; for a folder of pictures write kind: folder")
        # "file:" keeps names like "a:b.mp4" from being taken for addresses; and no playlist shall call out.
        options = {"protocol_whitelist": "file", **DECODE_LIMITS}
        try:
            container = av.open(f"file:{self._path}", "r", options=options, metadata_errors="replace")
        except FFmpegError as error:
            raise SourceUnavailable(f"{self._path} cannot be opened as a recording: {words(error)}") from None
        feed = Feed(container, self._closed, str(self._path))
        feed.prepare(self._options.threads, self._options.skip_loop_filter)
        return feed

    def _round(self, feed: Feed) -> Iterator[Frame | Tick]:
        """Once through the recording."""
        reached = Reach()
        lost: SourceLost | None = None
        try:
            for packet in feed.packets():
                reached.note(packet)
                yield from self._decoded(feed, packet)
        except SourceLost as error:
            lost = error
            yield from self._decoded(feed, None)
        if self._closed.is_set():
            return
        shortfall = reached.shortfall(feed)
        if shortfall:
            raise SourceLost(f"{self._path} breaks off {shortfall}")
        if lost is not None:
            raise lost

    def _decoded(self, feed: Feed, packet: VideoPacket | None) -> Iterator[Frame | Tick]:
        if self._lent is not None:
            self._lent.call_in()
        try:
            frames = feed.decode(packet)
        except EOFError:
            return  # flushed twice
        except FFmpegError as error:
            at, utc = self._timeline.moment(self._last)
            if self._index:
                self._damage.lost(self._last)
            yield Tick(at, utc, trouble=f"a part of {self._path.name} cannot be decoded: {words(error)}")
            return
        for frame in frames:
            if self._closed.is_set():
                return
            yield self._observed(frame)

    def _observed(self, frame: VideoFrame) -> Frame | Tick:
        self._last = media_time = self._clock.seconds(frame.pts)
        at, utc = self._timeline.moment(media_time)
        index, self._index = self._index, self._index + 1
        if self._damage.taints(frame, media_time):
            return Tick(at, utc, index, trouble=f"a frame of {self._path.name} is damaged")
        pixels = pixels_of(frame) if self._lent is None else self._lent.pixels_of(frame)
        return Frame(at, utc, pixels, index, media_time)


class Reach:
    """How far the packets of a recording went, to be held against what its header promises."""

    def __init__(self) -> None:
        self._first: int | None = None
        self._end = 0
        self._tick = Fraction(0)

    def note(self, packet: VideoPacket) -> None:
        begin = packet.pts if packet.pts is not None else packet.dts
        if begin is None or packet.time_base is None:
            return
        self._tick = packet.time_base
        self._first = begin if self._first is None else min(self._first, begin)
        self._end = max(self._end, begin + (packet.duration or 0))

    def shortfall(self, feed: Feed) -> str:
        """``after 3.2 s of 10.0 s`` where more than half a second and 2 % are missing; else nothing."""
        promised = _promised(feed)
        if promised is None or self._first is None:
            return ""
        reached = (self._end - self._first) * self._tick
        if promised - reached <= max(Fraction(1, 2), promised / 50):
            return ""
        return f"after {float(reached):.1f} s of {float(promised):.1f} s"


def _promised(feed: Feed) -> Fraction | None:
    """Length of the picture track by the header, in seconds; None where it does not say."""
    stream, container = feed.stream, feed.container
    if "avi" in container.format.name.split(","):
        # Of an AVI without its index FFmpeg guesses the duration from the file's size; the header's count stays.
        return stream.frames / Fraction(stream.average_rate) if stream.frames and stream.average_rate else None
    if stream.duration and stream.time_base is not None:
        return stream.duration * stream.time_base
    if container.duration and len(container.streams) == 1:
        return Fraction(container.duration, av.time_base)
    return None


def _creation_time(feed: Feed) -> datetime | None:
    """When the container says that it was made; None where it does not, or in a way that cannot be read."""
    written = feed.container.metadata.get("creation_time") or feed.stream.metadata.get("creation_time")
    try:
        moment = aware(datetime.fromisoformat(written)) if written else None
    except (ValueError, OverflowError):
        return None
    # Cameras without a clock write the beginning of their container's calendar, 1904 or 1970.
    return moment if moment is not None and 1970 < moment.year < 9999 else None
