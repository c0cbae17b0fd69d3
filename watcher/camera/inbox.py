"""The camera's inbox: what others ask for, kept until the watch thread applies it between two observations."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from watcher.camera.recipes import Recipe
from watcher.camera.settings import Adjusted
from watcher.errors import RequestRefused
from watcher.references import LoadedReference
from watcher.requests import Inspect, Request

ROOM = 100
LONGEST_SAID = 200
"""Letters of what the log is told of settings that came together."""

STORM = 1000
"""So many triggers may wait: one frame answers all of them."""


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


@dataclass(frozen=True, slots=True)
class Triggered:
    """Somebody wants a verdict; `at`: when that was heard, monotonic seconds."""

    request: Inspect
    at: float


@dataclass(frozen=True, slots=True, eq=False)
class UseRecipe:
    """Another golden reference for the recipe in force, already read from disk or just learnt."""

    recipe: Recipe


Letter = Request | UseReference | UseSettings | Triggered | UseRecipe


@dataclass(slots=True)
class Inbox:
    """A bounded queue; `ring` is called after each letter so that nobody waits for the next frame. `refused` counts
    triggers for which there was no room."""

    ring: Callable[[], None]
    refused: int = 0
    _letters: deque[Letter] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, letter: Letter) -> None:
        """From any thread; RequestRefused when too many wait already."""
        with self._lock:
            before = self._letters[-1] if self._letters else None
            if isinstance(letter, UseSettings) and isinstance(before, UseSettings):
                # Settings hold all that was set before: of several in a row the last says everything.
                self._letters.pop()
                mute = before.mute if letter.mute is None else letter.mute
                # In the log each of them has its place, but no storm of them.
                what = f"{before.what}, {letter.what}" if len(before.what) < LONGEST_SAID else letter.what
                letter = replace(letter, mute=mute, what=what)
            room = STORM if isinstance(letter, Triggered) else ROOM
            if len(self._letters) >= room:
                self.refused += isinstance(letter, Triggered)
                raise RequestRefused(f"{room} requests are waiting already; ask again later")
            self._letters.append(letter)
        self.ring()

    def take(self) -> Letter | None:
        """The oldest letter, or None."""
        with self._lock:
            return self._letters.popleft() if self._letters else None
