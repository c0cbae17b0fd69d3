"""What every kind of source keeps, whatever it reads."""

import contextlib
import itertools
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import fake_picamera2, scenes
from tests.support.mjpeg import HttpCamera
from tests.support.observing import Reading, taken
from tests.support.rtsp import RtspServer
from tests.support.wait import until
from watcher.errors import SourceUnavailable
from watcher.plugins import load
from watcher.sources import KINDS
from watcher.sources.build import make_source
from watcher.sources.options import (
    CustomOptions,
    DemoOptions,
    FolderOptions,
    MjpegOptions,
    PicameraOptions,
    RtspOptions,
    SourceOptions,
    StillsOptions,
    V4l2Options,
    VideoOptions,
)
from watcher.vision.frame import Frame, Observation

SIZE = (320, 180)


@contextlib.contextmanager
def video(folder: Path) -> Iterator[SourceOptions]:
    path = scenes.write_clip(folder / "clip.mp4", scenes.visit(20), fps=10)
    yield VideoOptions(path=str(path), repeat=True)


@contextlib.contextmanager
def paced(folder: Path) -> Iterator[SourceOptions]:
    path = scenes.write_clip(folder / "clip.mp4", scenes.visit(20), fps=20)
    yield VideoOptions(path=str(path), pace="real", repeat=True)


@contextlib.contextmanager
def folder(folder: Path) -> Iterator[SourceOptions]:
    for index, data in enumerate(scenes.jpegs(scenes.visit(12))):
        (folder / f"{index}.jpg").write_bytes(data)
    yield FolderOptions(path=str(folder), repeat=True)


@contextlib.contextmanager
def watched(folder: Path) -> Iterator[SourceOptions]:
    done = threading.Event()
    pictures = scenes.jpegs(scenes.visit(8))

    def write() -> None:
        index = 0
        while not done.wait(0.02):
            (folder / f"{index}.jpg").write_bytes(pictures[index % len(pictures)])
            index += 1

    writer = threading.Thread(target=write)
    writer.start()
    yield FolderOptions(path=str(folder), watch=True)
    done.set()
    writer.join()


@contextlib.contextmanager
def rtsp(folder: Path) -> Iterator[SourceOptions]:
    with RtspServer(scenes.h264(scenes.visit(20), fps=20), fps=20) as server:
        yield RtspOptions(url=server.url, timeout=3)


@contextlib.contextmanager
def mjpeg(folder: Path) -> Iterator[SourceOptions]:
    with HttpCamera(scenes.jpegs(scenes.visit(8))) as camera:
        yield MjpegOptions(url=camera.url, timeout=3)


@contextlib.contextmanager
def stills(folder: Path) -> Iterator[SourceOptions]:
    with HttpCamera(scenes.jpegs(scenes.visit(1))) as camera:
        yield StillsOptions(url=camera.still_url, every=0.05, timeout=3)


@contextlib.contextmanager
def picamera(folder: Path) -> Iterator[SourceOptions]:
    sys.modules["picamera2"] = fake_picamera2.module()
    try:
        yield PicameraOptions(size=SIZE, timeout=3)
    finally:
        del sys.modules["picamera2"]


@contextlib.contextmanager
def demo(folder: Path) -> Iterator[SourceOptions]:
    yield DemoOptions(fps=50)


EVERY = [video, paced, folder, watched, rtsp, mjpeg, stills, picamera, demo]
Kind = Callable[[Path], contextlib.AbstractContextManager[SourceOptions]]


@pytest.mark.parametrize("kind", EVERY)
def test_gives_frames_of_the_right_size_with_growing_times(kind: Kind, tmp_path: Path) -> None:
    with kind(tmp_path) as options:
        source = make_source(options, "porch")
        source.open()
        seen = taken(source, 5)
        source.close()
    assert [type(observation) for observation in seen] == [Frame] * 5
    assert [frame.index for frame in seen] == [0, 1, 2, 3, 4]
    frames = [frame for frame in seen if isinstance(frame, Frame)]
    expected = (640, 360) if options.kind == "demo" else SIZE
    assert {frame.size for frame in frames} == {expected}
    assert all(a.at < b.at and a.utc < b.utc for a, b in itertools.pairwise(frames))
    assert all(frame.utc.tzinfo is not None for frame in frames)
    assert frames[4].bgr().shape == (expected[1], expected[0], 3)
    if source.live:
        assert abs(frames[-1].at - time.monotonic()) < 3


@pytest.mark.parametrize("kind", EVERY)
def test_close_ends_a_reader_in_another_thread(kind: Kind, tmp_path: Path) -> None:
    with kind(tmp_path) as options:
        source = make_source(options, "porch")
        source.open()
        reading = Reading(source)
        until(lambda: reading.seen, what="a first frame")
        began = time.monotonic()
        source.close()
        source.close()
        assert reading.ended(1.0)
        assert time.monotonic() - began < 1.0
        assert reading.error is None


@pytest.mark.parametrize("kind", EVERY)
def test_a_closed_source_stays_closed(kind: Kind, tmp_path: Path) -> None:
    with kind(tmp_path) as options:
        source = make_source(options, "porch")
        source.close()
        with pytest.raises(SourceUnavailable, match="make a new one"):
            source.open()


def missing(folder: Path, port: int) -> list[SourceOptions]:
    return [
        VideoOptions(path=str(folder / "none.mp4")),
        VideoOptions(path=str(folder)),
        FolderOptions(path=str(folder / "none")),
        FolderOptions(path=str(folder / "*.jpg")),
        FolderOptions(path=str(folder / "none"), watch=True),
        RtspOptions(url=f"rtsp://me:s3cret@127.0.0.1:{port}/live", timeout=1),
        MjpegOptions(url=f"http://me:s3cret@127.0.0.1:{port}/stream", timeout=1),
        StillsOptions(url=f"http://me:s3cret@127.0.0.1:{port}/still.jpg", timeout=1),
        V4l2Options(device=str(folder / "video9")),
        V4l2Options(device="/dev/null", timeout=1),
        PicameraOptions(),
    ]


@pytest.mark.parametrize("index", range(11))
def test_what_is_not_there_is_said_in_one_sentence(index: int, tmp_path: Path) -> None:
    with socket.socket() as taken_port:
        taken_port.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        source = make_source(missing(tmp_path, taken_port.getsockname()[1])[index], "porch")
        with pytest.raises(SourceUnavailable) as raised:
            source.open()
    sentence = str(raised.value)
    assert "\n" not in sentence
    assert 20 < len(sentence) < 300
    assert "s3cret" not in sentence
    source.close()


@pytest.mark.parametrize("kind", ["rtsp", "http", "still"])
def test_close_ends_an_open_that_waits_for_an_answer(kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:  # accepts, and says nothing
        host = f"127.0.0.1:{mute.getsockname()[1]}"
        options: SourceOptions = {
            "rtsp": RtspOptions(url=f"rtsp://{host}/live", timeout=30),
            "http": MjpegOptions(url=f"http://{host}/stream", timeout=30),
            "still": StillsOptions(url=f"http://{host}/still.jpg", timeout=30),
        }[kind]
        source = make_source(options, "porch")
        threading.Timer(0.2, source.close).start()
        began = time.monotonic()
        with pytest.raises(SourceUnavailable, match="closed"):
            source.open()
        assert time.monotonic() - began < 1.5


@pytest.mark.parametrize("kind", ["rtsp", "http", "still"])
def test_a_host_that_says_nothing_is_given_up_after_the_timeout(kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        host = f"127.0.0.1:{mute.getsockname()[1]}"
        options: SourceOptions = {
            "rtsp": RtspOptions(url=f"rtsp://{host}/live", timeout=0.5),
            "http": MjpegOptions(url=f"http://{host}/stream", timeout=0.5),
            "still": StillsOptions(url=f"http://{host}/still.jpg", timeout=0.5),
        }[kind]
        began = time.monotonic()
        with pytest.raises(SourceUnavailable, match="answer"):
            make_source(options, "porch").open()
        assert 0.4 < time.monotonic() - began < 2


def test_every_kind_has_options_and_an_implementation_that_load() -> None:
    for kind, (options, implementation) in KINDS.items():
        assert load(options).__dataclass_fields__["kind"].default == kind
        assert callable(load(implementation))


class Thermal:
    """A source of a user's own, as a configuration may name it."""

    live = True

    def __init__(self, settings: dict[str, object], camera: str) -> None:
        self.settings, self.camera = settings, camera

    def open(self) -> None: ...

    def frames(self) -> Iterator[Observation]:
        yield from ()

    def close(self) -> None: ...


class Picky:
    def __init__(self, settings: dict[str, object], camera: str) -> None:
        raise KeyError("bus")


def leaves(settings: dict[str, object], camera: str) -> None:
    sys.exit("no bus")


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("os:system", r"os:system cannot be built \(TypeError: "),
        ("builtins:print", "what it builds has no live, open, frames, close"),
        ("mine:Picky", r"cannot be built \(KeyError: 'bus'\)"),
        ("mine:leaves", r"cannot be built \(SystemExit: no bus\)"),
    ],
)
def test_what_cannot_be_built_is_said(monkeypatch: pytest.MonkeyPatch, kind: str, why: str) -> None:
    monkeypatch.setitem(sys.modules, "mine", sys.modules[__name__])
    with pytest.raises(SourceUnavailable, match=why):
        make_source(CustomOptions(kind=kind), "porch")


def test_a_kind_of_the_users_own_is_built_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mine", sys.modules[__name__])
    source = make_source(CustomOptions(kind="mine:Thermal", settings={"bus": 3}), "porch")
    assert (source.settings, source.camera) == ({"bus": 3}, "porch")  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="has no"):
        make_source(CustomOptions(kind="mine:Missing"), "porch")
