"""Network cameras that stream JPEG pictures over HTTP. The camera's bytes are kept; nothing is decoded here."""

import http.client
import threading
from collections.abc import Iterator

from watcher.errors import PictureUnreadable, SourceLost, SourceUnavailable
from watcher.sources.encoded import encoded_pixels
from watcher.sources.http_get import Getter, Refused, Reply, words
from watcher.sources.interrupt import opened
from watcher.sources.multipart import BEGIN, Bare, Ended, Parts, boundary_in, boundary_of
from watcher.sources.options import MjpegOptions
from watcher.sources.times import now
from watcher.sources.urls import address, shown
from watcher.vision.frame import Frame, Tick
from watcher.vision.jpeg import Asked

_UNSAID = "application/octet-stream"
_FIRST_LINE = 256


class Mjpeg:
    """A multipart stream of pictures; a part that is no whole picture is a `Tick`, and the next one counts."""

    live = True

    def __init__(self, options: MjpegOptions, camera: str) -> None:
        self._options = options
        self._shown = shown(options.url)
        self._closed = threading.Event()
        target = address(options.url, options.user, options.password)
        self._getter = Getter(target, options.timeout, options.verify_tls)
        self._reply: Reply | None = None
        self._boundary = self._begun = b""
        self._bare = False

    def open(self) -> None:
        timeout = self._options.timeout
        late = f"{self._shown} did not answer within {timeout:g} s"
        try:
            reply, begun = opened(self._answer, self._closed, timeout, late, lambda found: found[0].body.close())
        except (OSError, ValueError, http.client.HTTPException, Refused) as error:
            raise SourceUnavailable(f"{self._shown} cannot be opened: {words(error)}") from None
        kind = reply.headers.get("content-type", "")
        boundary = boundary_of(kind) if begun is None else boundary_in(begun)
        self._bare = begun is not None and begun.startswith(BEGIN)
        if boundary is None and not self._bare:
            self._getter.drop()
            raise SourceUnavailable(f"{self._shown} sends {_named(kind)}")
        self._reply, self._boundary, self._begun = reply, boundary or b"", begun or b""

    def frames(self) -> Iterator[Frame | Tick]:
        if self._reply is None:
            raise SourceUnavailable(f"{self._shown} has not been opened")
        parts = (Bare if self._bare else Parts)(
            self._reply.body.read1, self._boundary, self._options.timeout, self._begun
        )
        index, asked = 0, Asked()
        while not self._closed.is_set():
            part = self._next(parts)
            at, utc = now()
            if part is None:
                return
            try:
                yield Frame(at, utc, encoded_pixels(part, asked), index)
            except PictureUnreadable as error:
                yield Tick(at, utc, index, trouble=str(error))
            index += 1

    def close(self) -> None:
        self._closed.set()
        self._getter.cut()

    def _answer(self) -> tuple[Reply, bytes | None]:
        """What comes, and how it begins where nothing says what it is: so ffmpeg serves `-f mpjpeg`
        and `-f mjpeg`."""
        reply = self._getter.get({})
        if reply.headers.get("content-type", _UNSAID).partition(";")[0].strip().lower() != _UNSAID:
            return reply, None
        begun = b""
        while len(begun) < _FIRST_LINE and not _told(begun) and (more := reply.body.read1(_FIRST_LINE)):
            begun += more
        return reply, begun

    def _next(self, parts: Parts) -> bytes | None:
        """The next part; None once closed."""
        try:
            return parts.next_part()
        except TimeoutError:
            sentence = f"{self._shown} has sent no picture for {self._options.timeout:g} s"
        except Ended as error:
            sentence = f"{self._shown} gives no more pictures: {error}"
        except (OSError, ValueError, http.client.HTTPException) as error:
            sentence = f"{self._shown} gives no more pictures: {words(error)}"
        if self._closed.is_set():
            return None
        raise SourceLost(sentence)


def _told(begun: bytes) -> bool:
    """Whether so much says what it is."""
    return begun.startswith(BEGIN) or b"\n" in begun.lstrip()


def _named(kind: str) -> str:
    """What came instead of a stream, and what to write for it."""
    main = kind.partition(";")[0].strip().lower()[:60]
    if main.startswith("image/"):
        return "a single picture, not a stream; write kind: stills"
    return f"{main or 'something without a type'}, which is not a stream of pictures (multipart/x-mixed-replace)"
