"""Settings of the sources, and how one string becomes settings. Standard library only."""

import difflib
import os
import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Literal

from watcher.quantities import Rate, Seconds
from watcher.sources.urls import shown, trouble
from watcher.vision.options import STRICT

Pace = Literal["fast", "real"]

PICTURE_SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff",
     ".pnm", ".pbm", ".pgm", ".ppm")
)  # fmt: skip
"""How names of pictures end, in lower case. Of a folder only these are read; a glob takes what it matches."""

_GLOB = re.compile(r"[*?\[]")
_DEVICE = re.compile(r"/dev/(video\d+|v4l/.+)")
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]+)://")
_CLASS = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoOptions:
    """A recording: any container and codec that FFmpeg reads."""

    __pydantic_config__: ClassVar = STRICT

    kind: Literal["video"] = "video"
    path: str
    """The recording's file."""
    pace: Pace = "fast"
    """`fast`: as fast as it can be decoded, nothing is lost. `real`: at its own speed, like a camera."""
    repeat: bool = False
    """Begin again at its end, for ever; times go on."""
    start: datetime | None = None
    """When the first frame was taken (UTC where no zone is given). Without it: the container's creation time,
    else 1970-01-01T00:00:00Z."""
    skip_loop_filter: bool = False
    """Decode H.264 and H.265 without their smoothing filter: about a fifth faster, pictures a little blockier."""
    threads: int = 1
    """Decoder threads; 0: one for each core."""

    def __post_init__(self) -> None:
        _check_path(self.path, "path", "recordings/yard.mp4")
        _check_start(self.start)
        _check_range("threads", self.threads, 0, 64)


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderOptions:
    """Pictures: a folder, one picture, or a glob, in natural order (2 before 10)."""

    __pydantic_config__: ClassVar = STRICT

    kind: Literal["folder"] = "folder"
    path: str
    """The folder, picture or glob."""
    fps: Rate = 10.0
    """The rate at which the pictures were taken: their times follow from it."""
    watch: bool = False
    """Wait for new pictures, and take each as it comes, once it is fully written; those that are there at
    the start are not taken."""
    pace: Pace = "fast"
    """`fast`: as fast as they can be read. `real`: at `fps`, like a camera."""
    repeat: bool = False
    """Begin again after the last picture, for ever; times go on."""
    start: datetime | None = None
    """When the first picture was taken (UTC where no zone is given); without it 1970-01-01T00:00:00Z."""

    def __post_init__(self) -> None:
        _check_path(self.path, "path", "pictures/*.jpg")
        _check_start(self.start)
        _check_fps(self.fps)


@dataclass(frozen=True, slots=True, kw_only=True)
class RtspOptions:
    """A network camera's RTSP stream, over TCP."""

    __pydantic_config__: ClassVar = STRICT

    kind: Literal["rtsp"] = "rtsp"
    url: str = field(repr=False)
    """The address, rtsp:// or rtsps://; it may hold user and password, which are never shown."""
    user: str | None = None
    """Whom we log in as; it goes before what the address says."""
    password: str | None = field(default=None, repr=False)
    """The password of `user`."""
    timeout: Seconds = 10.0
    """How long the camera may take to open, and how long it may send nothing before it counts as lost."""
    skip_loop_filter: bool = False
    """Decode without the codec's smoothing filter: about a fifth faster, pictures a little blockier."""

    def __post_init__(self) -> None:
        _check_url(self.url, ("rtsp", "rtsps"))
        _check_timeout(self.timeout)


@dataclass(frozen=True, slots=True, kw_only=True)
class MjpegOptions:
    """A network camera's stream of JPEG pictures over HTTP (multipart/x-mixed-replace)."""

    __pydantic_config__: ClassVar = STRICT

    kind: Literal["mjpeg"] = "mjpeg"
    url: str = field(repr=False)
    """The address, http:// or https://; it may hold user and password, which are never shown."""
    user: str | None = None
    """Whom we log in as; it goes before what the address says."""
    password: str | None = field(default=None, repr=False)
    """The password of `user`."""
    timeout: Seconds = 10.0
    """How long the camera may take to answer, and how long a picture may take to arrive."""
    verify_tls: bool = True
    """Check the certificate of an https:// camera; many cameras have one that only they believe."""

    def __post_init__(self) -> None:
        _check_url(self.url, ("http", "https"))
        _check_timeout(self.timeout)


@dataclass(frozen=True, slots=True, kw_only=True)
class StillsOptions:
    """A single picture at an HTTP address, fetched again and again."""

    __pydantic_config__: ClassVar = STRICT

    kind: Literal["stills"] = "stills"
    url: str = field(repr=False)
    """The address, http:// or https://; it may hold user and password, which are never shown."""
    user: str | None = None
    """Whom we log in as; it goes before what the address says."""
    password: str | None = field(default=None, repr=False)
    """The password of `user`."""
    every: Seconds = 1.0
    """From the beginning of one request to the beginning of the next."""
    timeout: Seconds = 10.0
    """How long the server may take to send a picture."""
    verify_tls: bool = True
    """Check the certificate of an https:// camera; many cameras have one that only they believe."""

    def __post_init__(self) -> None:
        _check_url(self.url, ("http", "https"))
        _check_timeout(self.timeout)
        if not 0.02 <= self.every <= 86400:
            raise ValueError(f"every must lie between 0.02 s and one day, not {self.every:g} s")


@dataclass(frozen=True, slots=True, kw_only=True)
class V4l2Options:
    """A USB camera or capture card of Linux (Video4Linux2)."""

    __pydantic_config__: ClassVar = STRICT

    kind: Literal["v4l2"] = "v4l2"
    device: str = "/dev/video0"
    """The device's file."""
    size: tuple[int, int] | None = None
    """Width and height in pixels; without it what the camera is set to."""
    fps: Rate | None = None
    """Pictures a second to ask the camera for; without it what it is set to."""
    format: str = "auto"
    """`auto`: the camera's own JPEG where it has it, else what it gives; or a name of FFmpeg's, say `yuyv422`."""
    timeout: Seconds = 10.0
    """How long the camera may give nothing before it counts as lost."""

    def __post_init__(self) -> None:
        _check_path(self.device, "device", "/dev/video0")
        _check_size(self.size)
        _check_timeout(self.timeout)
        if self.fps is not None:
            _check_fps(self.fps)


@dataclass(frozen=True, slots=True, kw_only=True)
class PicameraOptions:
    """A Raspberry Pi's own camera, through picamera2."""

    __pydantic_config__: ClassVar = STRICT

    kind: Literal["picamera"] = "picamera"
    camera: int = 0
    """Its number, where there are several."""
    size: tuple[int, int] = (1280, 720)
    """Width and height in pixels."""
    fps: Rate = 10.0
    """Pictures a second."""
    format: Literal["YUV420", "RGB888"] = "YUV420"
    """`YUV420` is half the bytes and needs no conversion."""
    timeout: Seconds = 10.0
    """How long the camera may give nothing before it counts as lost."""

    def __post_init__(self) -> None:
        _check_range("camera", self.camera, 0, 15)
        _check_size(self.size)
        _check_fps(self.fps)
        _check_timeout(self.timeout)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """A scene drawn by the program, with known truth, to try things without a camera."""

    __pydantic_config__: ClassVar = STRICT

    kind: Literal["demo"] = "demo"
    fps: Rate = 10.0
    """Pictures a second."""
    seed: int = 7
    """Another seed draws other textures and other noise."""
    pace: Pace = "real"
    """`real`: like a camera. `fast`: as fast as it can be drawn, with the times that it would have had."""
    length: Seconds | None = None
    """End after so many seconds; without it the scene repeats for ever."""

    def __post_init__(self) -> None:
        _check_fps(self.fps)
        _check_range("seed", self.seed, 0, 2**32 - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomOptions:
    """A source of the user's own: a class of the protocol `watcher.sources.Source`, named by its module.

    It is built as ``Class(settings, camera)``.
    """

    __pydantic_config__: ClassVar = STRICT

    kind: str
    settings: dict[str, Any] = field(default_factory=dict, repr=False)
    """What the class is given."""

    def __post_init__(self) -> None:
        if not _CLASS.fullmatch(self.kind):
            raise ValueError(_unknown_kind(self.kind))


SourceOptions = (
    VideoOptions
    | FolderOptions
    | RtspOptions
    | MjpegOptions
    | StillsOptions
    | V4l2Options
    | PicameraOptions
    | DemoOptions
    | CustomOptions
)


def options_from_text(text: str) -> SourceOptions:
    """Settings from the one-string form; ValueError says in one sentence what to write instead.

    A URL (rtsp://, http://), a recording, a folder, a picture or a glob of pictures, /dev/video0, ``picamera``,
    ``demo``, or package.module:Class. An http:// address whose path ends like a picture (.jpg) is fetched
    again and again as `stills`; any other is taken for a stream, `mjpeg`.
    """
    text = text.strip()
    if not text:
        raise ValueError("names no source; write a URL, a recording, a folder of pictures, /dev/video0 or demo")
    if text == "demo":
        return DemoOptions()
    if text == "picamera":
        return PicameraOptions()
    if _DEVICE.fullmatch(text):
        return V4l2Options(device=text)
    if match := _SCHEME.match(text):
        return _from_url(text, match[1].lower())
    if _CLASS.fullmatch(text) and not os.path.exists(text):
        return CustomOptions(kind=text)
    return _from_path(text)


def _from_url(url: str, scheme: str) -> SourceOptions:
    if scheme in ("rtsp", "rtsps"):
        return RtspOptions(url=url)
    if scheme in ("http", "https"):
        path = re.split(r"[?#]", url)[0]
        if Path(path).suffix.lower() in PICTURE_SUFFIXES:
            return StillsOptions(url=url)
        return MjpegOptions(url=url)
    if scheme == "file":
        return _from_path(url[len("file://") :])
    raise ValueError(
        f"{shown(url)!r} begins with {scheme}://, which is not known; write rtsp://, http:// or a path"
    )


def _from_path(text: str) -> SourceOptions:
    # os.path also has an answer where a folder may not be entered: who opens the source says why then.
    path = os.path.expanduser(text)
    if os.path.isdir(path) or text.endswith("/"):
        return FolderOptions(path=text)
    if Path(path).suffix.lower() in PICTURE_SUFFIXES or (_GLOB.search(text) and not os.path.exists(path)):
        return FolderOptions(path=text)
    return VideoOptions(path=text)


def _unknown_kind(kind: str) -> str:
    from watcher.sources import KINDS

    near = difflib.get_close_matches(kind, KINDS, 1)
    meant = f"did you mean {near[0]}?" if near else f"write one of {', '.join(KINDS)}, or package.module:Class"
    return f"{kind!r} is not a kind of source; {meant}"


def _check_path(path: str, what: str, example: str) -> None:
    if not path.strip() or "\0" in path:
        raise ValueError(f"{what} is empty; write for example {example}")
    if match := _SCHEME.match(path):
        raise ValueError(
            f"{what} must be a file or folder, not a {match[1]}:// address; write for example {example}"
        )


def _check_url(url: str, schemes: tuple[str, ...]) -> None:
    if sentence := trouble(url, schemes):
        raise ValueError(sentence)


def _check_start(start: datetime | None) -> None:
    # At the ends of time there is no room for another zone, nor for the recording itself.
    if start is not None and not 1 < start.year < 9999:
        raise ValueError(f"start must lie in the years 2 to 9998, not {start.isoformat()}")


def _check_timeout(timeout: float) -> None:
    if not 0.1 <= timeout <= 600:
        raise ValueError(f"timeout must lie between 0.1 and 600 s, not {timeout:g} s")


def _check_fps(fps: float) -> None:
    if not 0.01 <= fps <= 1000:
        raise ValueError(f"fps must lie between 0.01 and 1000 pictures a second, not {fps:g}")


def _check_range(what: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise ValueError(f"{what} must lie between {least} and {most}, not {value}")


def _check_size(size: tuple[int, int] | None) -> None:
    if size is not None and not (16 <= size[0] <= 16384 and 16 <= size[1] <= 16384):
        raise ValueError(f"size must lie between 16x16 and 16384x16384 pixels, not {size[0]}x{size[1]}")
