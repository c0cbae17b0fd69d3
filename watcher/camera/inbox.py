"""The camera's inbox: what others ask for, kept until the watch thread applies it between two observations."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from watcher.camera.settings import Adjusted
from watcher.errors import RequestRefused
from watcher.references import LoadedReference
from watcher.requests import Request

ROOM = 100


@dataclass(frozen=True, slots=True, eq=False)
class UseReference:
    """A stored reference, already read from disk by whoever asked for it."""

    loaded: LoadedReference


@dataclass(frozen=True, slots=True, eq=False)
class UseSettings:
    """Other settings from now on; `mute`: seconds that the camera is muted from now, 0: not any more, None: as it
    was. `what` tells the log what was asked for."""

    adjusted: Adjusted
    mute: float | None
    what: str


Letter = Request | UseReference | UseSettings


@dataclass(slots=True)
class Inbox:
    """A bounded queue; `ring` is called after each letter so that nobody waits for the next frame."""

    ring: Callable[[], None]
    _letters: deque[Letter] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, letter: Letter) -> None:
        """From any thread; RequestRefused when too many wait already."""
        with self._lock:
            before = self._letters[-1] if self._letters else None
            if isinstance(letter, UseSettings) and isinstance(before, UseSettings):
                # Settings hold all that was set before: of several in a row the last says everything.
                self._letters.pop()
                letter = replace(letter, mute=before.mute) if letter.mute is None else letter
            if len(self._letters) >= ROOM:
                raise RequestRefused(f"{ROOM} requests are waiting already; ask again later")
            self._letters.append(letter)
        self.ring()

    def take(self) -> Letter | None:
        """The oldest letter, or None."""
        with self._lock:
            return self._letters.popleft() if self._letters else None
