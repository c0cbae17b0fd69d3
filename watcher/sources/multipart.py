"""Reading multipart/x-mixed-replace, as cameras send it: bounded, and finding its way again after damage."""

import re
import time
from collections.abc import Callable
from email.message import Message

from watcher.sources.encoded import scan_start

MAX_PART = 32_000_000
"""The most bytes of one part; 12k x 8k pixels as JPEG are well below."""

BEGIN, _END = b"\xff\xd8\xff", b"\xff\xd9"
"""Of a JPEG. Within its pixels the latter does not occur."""
_MAX_LINE = 8192
_MAX_HEADERS = 64
_CHUNK = 65536


class Ended(Exception):
    """The stream is over, or what comes is no multipart stream."""


def boundary_of(content_type: str) -> bytes | None:
    """The boundary's name without dashes before it; None where the type is not multipart.

    Some cameras write the two dashes of the boundary line into the name as well, some write no name at all.
    """
    message = Message()
    message["content-type"] = content_type
    if message.get_content_maintype() != "multipart":
        return None
    name = message.get_param("boundary")
    return str(name).encode("latin-1", "replace").lstrip(b"-") if name else b""


def boundary_in(begun: bytes) -> bytes | None:
    """The boundary of a stream whose type does not say it, from its first line; None where that is none."""
    match = re.match(rb"\s*--+(\S{1,70})\s*\n", begun)
    return match[1] if match else None


class Parts:
    """The bodies of the parts of a stream.

    Parameters
    ----------
    receive : gives at most so many bytes as soon as there are any, and none at the end.
    boundary : the name that every boundary line has after its dashes, as `boundary_of` gives it.
    timeout : seconds that one part may take.
    begun : what has been received already.
    """

    def __init__(
        self, receive: Callable[[int], bytes], boundary: bytes, timeout: float, begun: bytes = b""
    ) -> None:
        self._receive, self._timeout = receive, timeout
        self._line_of_boundary = re.compile(rb"--+" + re.escape(boundary))
        self._end_of_stream = re.compile(rb"--+" + re.escape(boundary) + rb"--\s*") if boundary else None
        self._mark = re.compile(rb"\n--+" + re.escape(boundary))
        self._reach = len(boundary) + 80
        self._waiting = bytearray(begun)
        self._deadline = 0.0

    def next_part(self) -> bytes:
        """The next part's body.

        Raises
        ------
        Ended : the stream is over, or makes no sense.
        TimeoutError : the part did not arrive in time.
        """
        self._deadline = time.monotonic() + self._timeout
        self._find_boundary()
        length = self._headers()
        return self._until_boundary() if length is None else self._exactly(length)

    def _find_boundary(self) -> None:
        skipped = 0
        while True:
            line = self._line()
            if self._end_of_stream is not None and self._end_of_stream.fullmatch(line):
                raise Ended("the stream was ended")
            if self._line_of_boundary.match(line):
                return
            skipped += len(line)
            if skipped > MAX_PART:
                raise Ended("no boundary was found between pictures")

    def _headers(self) -> int | None:
        """The part's Content-Length; None where it has none, or one that is no length."""
        length = None
        for _ in range(_MAX_HEADERS):
            line = self._line().strip()
            if not line:
                return length
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"content-length" and value.strip().isdigit():
                length = int(value)
                if length > MAX_PART:
                    raise Ended(f"a picture of {length} bytes was announced; at most {MAX_PART} are read")
        raise Ended("a part has headers without end")

    def _exactly(self, length: int) -> bytes:
        """So many bytes, put together once: a picture is most of what comes, and need not be moved about."""
        pieces = [self._taken(min(length, len(self._waiting)))]
        missing = length - len(pieces[0])
        while missing > 0:
            piece = self._received(min(missing, _CHUNK))
            self._waiting += piece[missing:]  # nothing, unless more was given than asked for
            pieces.append(piece[:missing])
            missing -= len(pieces[-1])
        return b"".join(pieces)

    def _until_boundary(self) -> bytes:
        searched = 0
        while (match := self._mark.search(self._waiting, searched)) is None:
            # What has been searched is not searched again, but for a boundary that is only half there yet.
            searched = max(0, len(self._waiting) - self._reach)
            if len(self._waiting) > MAX_PART:
                raise Ended(f"a picture has no end within {MAX_PART} bytes")
            self._fill()
        return self._taken(match.start() + 1).rstrip(b"\r\n")

    def _line(self) -> bytes:
        searched = 0
        while (at := self._waiting.find(b"\n", searched)) < 0:
            if len(self._waiting) > _MAX_LINE:
                # Not text: the middle of a picture. A boundary begins a line, so nothing is missed.
                return self._taken(len(self._waiting))
            searched = len(self._waiting)
            self._fill()
        return self._taken(at + 1)

    def _taken(self, count: int) -> bytes:
        with memoryview(self._waiting) as waiting:
            taken = bytes(waiting[:count])
        del self._waiting[:count]
        return taken

    def _fill(self) -> None:
        self._waiting += self._received(_CHUNK)

    def _received(self, most: int) -> bytes:
        if time.monotonic() > self._deadline:
            raise TimeoutError
        data = self._receive(most)
        if not data:
            raise Ended("the stream was ended")
        return data


class Bare(Parts):
    """JPEG pictures one after another with nothing between them, as `ffmpeg -f mjpeg` sends them."""

    def next_part(self) -> bytes:
        """The next picture, as soon as its end is there; raises as `Parts` does."""
        self._deadline = time.monotonic() + self._timeout
        while (begin := self._waiting.find(BEGIN)) < 0:
            del self._waiting[: 1 - len(BEGIN)]
            self._fill()
        del self._waiting[:begin]
        scan: int | None = None
        searched = 0
        while True:
            scan = scan_start(self._waiting) if scan is None else scan
            if scan is not None and (end := self._waiting.find(_END, max(scan, searched))) >= 0:
                return self._taken(end + len(_END))
            searched = max(0, len(self._waiting) - 1)
            if len(self._waiting) > MAX_PART:
                raise Ended(f"a picture has no end within {MAX_PART} bytes")
            self._fill()
