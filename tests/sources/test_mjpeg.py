import contextlib
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import scenes
from tests.support.mjpeg import HttpCamera
from tests.support.observing import Reading, taken
from tests.support.wait import until
from watcher.errors import SourceLost, SourceUnavailable
from watcher.sources import multipart
from watcher.sources.mjpeg import Mjpeg
from watcher.sources.multipart import Bare, Ended, Parts, boundary_in, boundary_of
from watcher.sources.options import MjpegOptions, StillsOptions
from watcher.sources.stills import Stills
from watcher.vision.frame import Frame, Tick

PICTURES = scenes.jpegs(scenes.numbered(6))


def opened(url: str, timeout: float = 3.0, **options: object) -> Mjpeg:
    source = Mjpeg(MjpegOptions(url=url, timeout=timeout, **options), "porch")  # type: ignore[arg-type]
    source.open()
    return source


@pytest.mark.parametrize("lengths", [True, False])
@pytest.mark.parametrize("boundary", ["frame", "--frame", '"my frame"', "----x"])
def test_the_cameras_bytes_are_kept(lengths: bool, boundary: str) -> None:
    with HttpCamera(PICTURES, lengths=lengths, boundary=boundary.strip('"').replace(" ", ".")) as camera:
        source = opened(camera.url)
        seen = taken(source, 8)
        source.close()
    assert [frame.jpeg() for frame in seen if isinstance(frame, Frame)] == [*PICTURES, *PICTURES[:2]]


@pytest.mark.parametrize("kind", ["application/octet-stream", ""])
@pytest.mark.parametrize("lengths", [True, False])
def test_a_stream_that_does_not_say_what_it_is(kind: str, lengths: bool) -> None:
    """As `ffmpeg -f mpjpeg -listen 1` serves it."""
    with HttpCamera(PICTURES, lengths=lengths, boundary="ffmpeg", kind=kind) as camera:
        source = opened(camera.url)
        seen = taken(source, 8)
        source.close()
    assert [frame.jpeg() for frame in seen if isinstance(frame, Frame)] == [*PICTURES, *PICTURES[:2]]


def test_pictures_with_nothing_between_them() -> None:
    """As `ffmpeg -f mjpeg -listen 1` serves them."""
    with HttpCamera(PICTURES, boundary="", kind="application/octet-stream") as camera:
        source = opened(camera.url)
        seen = taken(source, 8)
        source.close()
    assert [frame.jpeg() for frame in seen if isinstance(frame, Frame)] == [*PICTURES, *PICTURES[:2]]


def test_pictures_in_small_pieces_with_rubbish_before_them() -> None:
    bare = Bare(served(b"rubbish\xff" + b"".join(PICTURES)), b"", 5.0, b"more")
    assert [bare.next_part() for _ in PICTURES] == PICTURES
    with pytest.raises(Ended, match="was ended"):
        bare.next_part()


def test_a_corrupt_part_is_a_tick_and_the_next_counts() -> None:
    half = PICTURES[1][: len(PICTURES[1]) // 2]
    with HttpCamera([PICTURES[0], half, b"no picture at all", b"", PICTURES[2]]) as camera:
        source = opened(camera.url)
        seen = taken(source, 5)
        source.close()
    assert [type(one) for one in seen] == [Frame, Tick, Tick, Tick, Frame]
    assert [one.index for one in seen] == [0, 1, 2, 3, 4]
    assert next(one.trouble for one in seen if isinstance(one, Tick)) == "the picture ends early"


def test_a_camera_that_freezes_is_lost_after_the_timeout() -> None:
    with HttpCamera(PICTURES) as camera:
        source = opened(camera.url, timeout=0.5)
        reading = Reading(source)
        until(lambda: len(reading.seen) > 2)
        camera.freeze()
        began = time.monotonic()
        assert reading.ended(3)
        assert 0.3 < time.monotonic() - began < 1.5
        assert str(reading.error) == f"{camera.url} has sent no picture for 0.5 s"
        camera.thaw()


def test_a_camera_that_hangs_up_is_lost_at_once() -> None:
    with HttpCamera(PICTURES) as camera:
        reading = Reading(opened(camera.url, timeout=30))
        until(lambda: len(reading.seen) > 2)
        camera.drop()
        assert reading.ended(2)
        assert isinstance(reading.error, SourceLost)


@pytest.mark.parametrize("digest", [False, True])
def test_logging_in(digest: bool) -> None:
    with HttpCamera(PICTURES, login="me:s3cret", digest=digest) as camera:
        for source in (
            opened(camera.url),
            opened(camera.url.replace("me:s3cret@", ""), user="me", password="s3cret"),
        ):
            assert isinstance(taken(source, 1)[0], Frame)
            source.close()
        with pytest.raises(SourceUnavailable) as raised:
            opened(camera.url.replace("s3cret", "wr0ng"))
        assert "user name or password are missing or wrong" in str(raised.value)
        assert "wr0ng" not in str(raised.value)


def test_what_is_no_stream_is_said() -> None:
    with HttpCamera(PICTURES) as camera:
        with pytest.raises(SourceUnavailable, match="a single picture, not a stream; write kind: stills"):
            opened(camera.still_url)
        with pytest.raises(SourceUnavailable, match="there is nothing under this path"):
            opened(camera.url.replace("stream", "nothing"))


def served(data: bytes, piece: int = 7) -> Callable[[int], bytes]:
    """Gives the data in small pieces, then nothing."""
    pieces = [data[at : at + piece] for at in range(0, len(data), piece)]
    return lambda count: pieces.pop(0) if pieces else b""


def parts_of(data: bytes, boundary: bytes = b"x") -> list[bytes]:
    parts = Parts(served(data), boundary, 5)
    found: list[bytes] = []
    while True:
        try:
            found.append(parts.next_part())
        except Ended:
            return found


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            b"--x\r\nContent-Length: 3\r\n\r\nabc\r\n--x\r\nContent-Length: 2\r\n\r\nde\r\n--x--\r\n",
            [b"abc", b"de"],
        ),
        (b"--x\n\nabc\n--x\n\nde\n--x--\n", [b"abc", b"de"]),
        (b"rubbish\r\nmore\r\n--x\r\n\r\nabc\r\n--x\r\n", [b"abc"]),
        (b"--x\r\nContent-Length: wrong\r\n\r\nabc\r\n--x\r\n", [b"abc"]),
        (b"--x\r\nContent-Length: 1\r\n\r\nabc\r\n--x\r\nContent-Length: 1\r\n\r\nd\r\n", [b"a", b"d"]),
        (b"--x\r\n\r\n--y inside\r\n-x\r\n--x\r\n", [b"--y inside\r\n-x"]),
        (b"----x\r\n\r\nabc\r\n----x\r\n", [b"abc"]),
        (b"", []),
    ],
)
def test_multipart(data: bytes, expected: list[bytes]) -> None:
    assert parts_of(data) == expected


@pytest.mark.parametrize(
    "boundless", [b"a" * 100_000, b"--x\r\n" + b"h: v\r\n" * 20_000, b"--x\r\n\r\n" + bytes(100_000)]
)
def test_what_has_no_end_is_given_up(boundless: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multipart, "MAX_PART", 50_000)
    source = served(boundless, 4096)
    parts = Parts(lambda count: source(count) or b"\0" * 4096, b"x", 5)
    with pytest.raises(Ended):
        parts.next_part()


def test_a_part_that_announces_too_much_is_refused() -> None:
    with pytest.raises(Ended, match="at most"):
        Parts(served(b"--x\r\nContent-Length: 99999999999\r\n\r\n"), b"x", 5).next_part()


def test_a_part_that_drips_is_given_up_in_time() -> None:
    with pytest.raises(TimeoutError):
        Parts(lambda count: b".", b"x", 0.2).next_part()


@pytest.mark.parametrize(
    ("kind", "boundary"),
    [
        ("multipart/x-mixed-replace; boundary=frame", b"frame"),
        ('multipart/x-mixed-replace;boundary="--my frame"', b"my frame"),
        ("Multipart/Mixed", b""),
        ("image/jpeg", None),
        ("", None),
    ],
)
def test_boundaries_as_cameras_write_them(kind: str, boundary: bytes | None) -> None:
    assert boundary_of(kind) == boundary


@pytest.mark.parametrize(("begun", "boundary"), [
    (b"--ffmpeg\r\nContent-type: image/jpeg", b"ffmpeg"), (b"\r\n--a b\r\n", None), (b"----x\n", b"x"),
    (b"G@\x11\x10", None), (b"\xff\xd8\xff\xe0", None), (b"--" + b"x" * 80 + b"\n", None), (b"", None),
])  # fmt: skip
def test_a_boundary_by_its_first_line(begun: bytes, boundary: bytes | None) -> None:
    assert boundary_in(begun) == boundary


def test_nothing_is_left_open(tmp_path: Path) -> None:
    with HttpCamera(PICTURES) as camera:
        source = opened(camera.url)
        taken(source, 2)
        source.close()
        until(lambda: not camera.clients, what="the camera noticing that the client has gone")


@pytest.mark.parametrize(
    "location", ["http://[bad", "http://127.0.0.1:99999/", "http://127.0.0.1:x/", "http://a..b/", "ftp://x/"]
)
@pytest.mark.parametrize("kind", ["mjpeg", "stills"])
def test_a_redirect_to_nowhere_is_said_in_words(location: str, kind: str) -> None:
    with Redirecting(location) as url:
        stream, still = Mjpeg(MjpegOptions(url=url), "porch"), Stills(StillsOptions(url=url), "porch")
        with pytest.raises(SourceUnavailable, match="cannot be opened: it"):
            (stream if kind == "mjpeg" else still).open()


def test_what_may_not_stand_in_a_request_is_quoted() -> None:
    with HttpCamera(PICTURES) as camera:
        with pytest.raises(SourceUnavailable, match="nothing under this path"):
            opened(camera.url.replace("/stream", "/sträm?ü=1%20"))
        assert camera.requests[-1] == ("/str%C3%A4m?%C3%BC=1%20", 404)


def test_a_user_that_digest_cannot_carry_is_refused_in_words() -> None:
    with HttpCamera(PICTURES, login="me:word", digest=True) as camera:
        url = camera.url.replace("me:word@", "")
        with pytest.raises(SourceUnavailable, match="characters that a Digest login cannot carry"):
            opened(url, user="Ωμέγα", password="word")


class Redirecting:
    """A server that sends everybody elsewhere."""

    def __init__(self, location: str) -> None:
        answer = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
        self._listening = socket.create_server(("127.0.0.1", 0))

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = self._listening.accept()
                    with client:
                        client.recv(4096)
                        client.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()

    def __enter__(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}/x"

    def __exit__(self, *unused: object) -> None:
        self._listening.close()
