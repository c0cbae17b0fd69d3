"""A picture at an HTTP address, fetched again and again."""

import http.client
import threading
import time
from collections.abc import Iterator

from watcher.errors import PictureUnreadable, SourceLost, SourceUnavailable
from watcher.sources.encoded import encoded_pixels
from watcher.sources.http_get import Getter, Refused, words
from watcher.sources.interrupt import opened
from watcher.sources.multipart import MAX_PART
from watcher.sources.options import StillsOptions
from watcher.sources.times import now
from watcher.sources.urls import address, shown
from watcher.vision.frame import Frame, Pixels, Tick

_ATTEMPTS = 3
_CHUNK = 65536


class Stills:
    """A polled picture.

    The server is asked whether the picture has changed (ETag, Last-Modified). One that has not is a frame all the
    same, of the same bytes: it says that the camera is there and the scene as it was. A request that fails is a
    `Tick` with its trouble; after three in a row the source is lost.
    """

    live = True

    def __init__(self, options: StillsOptions, camera: str) -> None:
        self._options = options
        self._shown = shown(options.url)
        self._closed = threading.Event()
        target = address(options.url, options.user, options.password)
        self._getter = Getter(target, options.timeout, options.verify_tls)
        self._asked: dict[str, str] = {}
        self._pixels: Pixels | None = None
        self._fetched_at = 0.0

    def open(self) -> None:
        timeout = self._options.timeout
        late = f"{self._shown} did not answer within {timeout:g} s"
        self._fetched_at = time.monotonic()
        try:
            self._pixels = opened(self._fetched, self._closed, timeout, late, lambda pixels: self._getter.drop())
        except (OSError, ValueError, http.client.HTTPException, Refused, PictureUnreadable) as error:
            raise SourceUnavailable(f"{self._shown} cannot be opened: {_said(error)}") from None

    def frames(self) -> Iterator[Frame | Tick]:
        if self._pixels is None:
            raise SourceUnavailable(f"{self._shown} has not been opened")
        yield Frame(*now(), self._pixels, 0)
        index = failed = 0
        while self._waited():
            index += 1
            try:
                self._pixels = self._fetched()
                failed = 0
            except (OSError, ValueError, http.client.HTTPException, Refused, PictureUnreadable) as error:
                if self._closed.is_set():
                    return
                failed += 1
                sentence = f"{self._shown} gave no picture: {_said(error)}"
                if failed == _ATTEMPTS:
                    raise SourceLost(f"{sentence} ({_ATTEMPTS} times in a row)") from None
                yield Tick(*now(), index, trouble=sentence)
                continue
            yield Frame(*now(), self._pixels, index)

    def close(self) -> None:
        self._closed.set()
        self._getter.cut()

    def _waited(self) -> bool:
        """Wait until the next request is due; False once closed. Requests that are late are not made up for."""
        pause = self._fetched_at + self._options.every - time.monotonic()
        closed = self._closed.wait(pause) if pause > 0 else self._closed.is_set()
        self._fetched_at = time.monotonic()
        return not closed

    def _fetched(self) -> Pixels:
        deadline = time.monotonic() + self._options.timeout
        reply = self._getter.get(self._asked)
        try:
            if reply.status == 304 and self._pixels is not None:
                return self._pixels
            data = bytearray()
            while chunk := reply.body.read1(_CHUNK):
                data += chunk
                if len(data) > MAX_PART:
                    raise PictureUnreadable(f"the picture has more than {MAX_PART} bytes")
                if time.monotonic() > deadline:
                    raise TimeoutError
        finally:
            self._getter.drop()
            reply.body.close()
        pixels = encoded_pixels(bytes(data))
        asked = {
            "If-None-Match": reply.headers.get("etag"),
            "If-Modified-Since": reply.headers.get("last-modified"),
        }
        self._asked = {name: value for name, value in asked.items() if value}
        return pixels


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, PictureUnreadable) else words(error)
