"""Eyes: where frames come from. A protocol, a map of kinds, one file a kind."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from watcher.vision.frame import Frame, Tick


class Source(Protocol):
    """A camera or recording. Built as ``Kind(options, camera)`` where `camera` is the name to log under.

    `open` succeeds or raises `SourceUnavailable` within its own timeout. `frames` blocks for the next one; it
    ends when a recording ends, and raises `SourceLost` when a live source stops giving frames. A picture that
    cannot be read is a `Tick` with its trouble, never an exception: the rest goes on. `close` may be called
    from another thread, at any time and more than once, and makes a blocked `open` or `frames` return soon.

    A live source that is a recording all the same (played at its own speed) may have an attribute ``ends``: True
    when the end of `frames` is the end of it. Without one, a live source whose frames end is opened again.

    A `Tick` without trouble says that the source is well and only has nothing new; silence says that it is lost.
    """

    live: bool
    """True: frames come when they come and only the newest matters. False: nothing may be dropped."""

    def open(self) -> None: ...

    def frames(self) -> "Iterator[Frame | Tick]": ...

    def close(self) -> None: ...


KINDS: dict[str, tuple[str, str]] = {
    "video": ("watcher.sources.options:VideoOptions", "watcher.sources.video:Video"),
    "folder": ("watcher.sources.options:FolderOptions", "watcher.sources.folder:Folder"),
    "rtsp": ("watcher.sources.options:RtspOptions", "watcher.sources.rtsp:Rtsp"),
    "mjpeg": ("watcher.sources.options:MjpegOptions", "watcher.sources.mjpeg:Mjpeg"),
    "stills": ("watcher.sources.options:StillsOptions", "watcher.sources.stills:Stills"),
    "v4l2": ("watcher.sources.options:V4l2Options", "watcher.sources.v4l2:V4l2"),
    "picamera": ("watcher.sources.options:PicameraOptions", "watcher.sources.picamera:Picamera"),
    "demo": ("watcher.sources.options:DemoOptions", "watcher.sources.demo:Demo"),
}
"""Options and implementation by kind, imported when used. A kind ``package.module:Class`` is the user's own."""
