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
    """

    live: bool
    """True: frames come when they come and only the newest matters. False: nothing may be dropped."""

    def open(self) -> None: ...

    def frames(self) -> "Iterator[Frame | Tick]": ...

    def close(self) -> None: ...
