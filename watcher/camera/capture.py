"""The capture thread: opens the source, reads it, and opens it again when it was lost.

This is the one place that tries again. It must survive a source that hangs: `Capture.look_after`, called by the
watch thread as it turns, closes a source that is silent for too long, and where its thread does not come back even
then, leaves it behind and starts another.
"""

import logging
import math
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Literal

from watcher.camera.backoff import delays
from watcher.camera.latest import Ended, Latest, Lost, Opened
from watcher.camera.patience import Patience
from watcher.errors import SourceError
from watcher.ration import Ration
from watcher.sources import Source
from watcher.vision.frame import Frame, Tick

log = logging.getLogger(__name__)

_REMEMBERED = 100
"""Troubles with pictures that are not said again."""

Stage = Literal["opening", "reading", "closing", "waiting", "over"]


class Reader:
    """One thread that reads a source, and what it is doing just now."""

    def __init__(
        self, camera: str, make: Callable[[], Source], arrivals: Latest, waits: Callable[[], Iterator[float]]
    ) -> None:
        self._camera, self._make, self._arrivals, self._waits = camera, make, arrivals, waits
        self._source: Source | None = None
        self._said = ""
        self._told: dict[str, None] = {}
        self._lines = Ration()
        self._over = threading.Event()
        self.stage: Stage = "waiting"
        self.turned = time.monotonic()
        self.seen_since_open = False
        self.thread = threading.Thread(target=self._run, name=f"capture:{camera}", daemon=True)

    def close_source(self) -> None:
        """Close the source from outside, in a thread of its own: even closing may hang."""
        source = self._source
        if source is not None:
            threading.Thread(target=self._close, args=(source,), name=f"close:{self._camera}", daemon=True).start()

    def give_up(self) -> None:
        """Nothing that this thread still does counts from now on."""
        self._over.set()
        self.close_source()

    def _run(self) -> None:
        waits = self._waits()
        while not self._over.is_set():
            began = time.monotonic()
            ended, trouble = self._read_guarded()
            if self._over.is_set():
                break
            if ended:
                self._arrivals.put(Ended(trouble or "the recording has ended", broke=bool(trouble)))
                break
            wait = next(waits)
            if self.seen_since_open and time.monotonic() - began > wait:
                waits = self._waits()
                wait = next(waits)
            self._say(trouble)
            self._arrivals.put(Lost(trouble))
            self._turn("waiting")
            self._over.wait(wait)
        self._turn("over")

    def _read_guarded(self) -> tuple[bool, str]:
        try:
            return self._read()
        except Exception as error:  # the top of this thread: the source itself is broken
            log.exception("%s: the source failed", self._camera)
            return False, f"the source failed ({type(error).__name__}: {error})"

    def _read(self) -> tuple[bool, str]:
        """Whether it ended for good, and what the trouble was, if any."""
        self._turn("opening")
        self.seen_since_open = False
        source = self._source = self._make()
        try:
            source.open()
            self._turn("reading")
            self._put(Opened())
            for seen in source.frames():
                if self._over.is_set():
                    return False, ""
                self._turn("reading")
                self._arrived(seen)
        except SourceError as error:
            # Half a recording stays half a recording; what could not even be opened may still come.
            return self.seen_since_open and _ends(source), str(error)
        finally:
            self._turn("closing")
            source.close()
        return (True, "") if _ends(source) else (False, "the stream ended")

    def _arrived(self, seen: Frame | Tick) -> None:
        if isinstance(seen, Frame):
            self.seen_since_open = True
            if self._said:
                log.info("%s: gives pictures again", self._camera)
                self._said = ""
        elif seen.trouble and seen.trouble not in self._told:
            self._unreadable(seen)
        more = self._lines.withheld(time.monotonic())
        if more:
            log.warning("%s: and %d more pictures could not be read in the last minute", self._camera, more)
        self._put(seen)

    def _unreadable(self, seen: Tick) -> None:
        """Once for each trouble, and so many lines a minute at most: each picture may have a trouble of its own."""
        if not self._lines.allows(time.monotonic()):
            return
        log.warning("%s: a picture cannot be read: %s", self._camera, seen.sentence)
        self._told[seen.trouble] = None
        if len(self._told) > _REMEMBERED:
            del self._told[next(iter(self._told))]

    def _put(self, arrival: Frame | Tick | Opened) -> None:
        if not self._over.is_set():
            self._arrivals.put(arrival)

    def _say(self, trouble: str) -> None:
        if trouble != self._said:
            log.warning("%s: %s; trying again", self._camera, trouble)
            self._said = trouble

    def _turn(self, stage: Stage) -> None:
        self.turned, self.stage = time.monotonic(), stage

    def _close(self, source: Source) -> None:
        try:
            source.close()
        except Exception:  # the top of this thread
            log.exception("%s: closing the source failed", self._camera)


def _ends(source: Source) -> bool:
    """Whether the end of its frames is the end of it; one at its own speed says so itself."""
    return bool(getattr(source, "ends", not source.live))


class Capture:
    """Keeps one reader going.

    Parameters
    ----------
    camera : the key to log under.
    make : makes a source, one for each attempt.
    live : whether the source is a camera; a recording may pause for as long as it likes.
    arrivals : where frames go.
    chance : for the jitter between attempts.
    patience : when a silent source is closed, and left behind.
    """

    def __init__(
        self,
        camera: str,
        make: Callable[[], Source],
        live: bool,
        arrivals: Latest,
        chance: random.Random,
        patience: Patience,
    ) -> None:
        self._camera, self._live, self._patience = camera, live, patience
        self._make, self._arrivals, self._chance = make, arrivals, chance
        self._reader = self._new_reader()
        self._closed_at: float | None = None
        self.abandoned = 0

    def start(self) -> None:
        self._reader.thread.start()

    def look_after(self) -> None:
        """Close a source that hangs, and replace a thread that does not come back; returns at once."""
        reader, now = self._reader, time.monotonic()
        if not self._live or now - reader.turned <= self._allowed(reader):
            self._closed_at = None
        elif self._closed_at is None:
            self._closed_at = now
            reader.close_source()
        elif now - self._closed_at > self._patience.grace:
            self._abandon(reader, now - reader.turned)

    def _new_reader(self) -> Reader:
        return Reader(self._camera, self._make, self._arrivals, lambda: delays(self._chance))

    def _allowed(self, reader: Reader) -> float:
        """How long the reader may go without turning, where it is now."""
        if reader.stage == "reading":
            return self._patience.close_after if reader.seen_since_open else self._patience.first_within
        return {"opening": self._patience.open_within, "closing": self._patience.grace}.get(reader.stage, math.inf)

    def _abandon(self, reader: Reader, silent: float) -> None:
        self.abandoned += 1
        self._closed_at = None
        log.error(
            "%s: the source has hung for %.0f s while %s and does not let itself be closed;"
            " its thread is left behind and another one started (number %d)",
            self._camera, silent, reader.stage, self.abandoned + 1,
        )  # fmt: skip
        reader.give_up()
        self._reader = self._new_reader()
        self._reader.thread.start()

    def alive(self) -> bool:
        """Whether the thread does its work, or has come to the end of a recording."""
        return self._reader.thread.is_alive() or self._reader.stage == "over"

    def stop(self) -> None:
        """Ask the thread to end; returns at once."""
        self._reader.give_up()

    def join(self, timeout: float) -> bool:
        """Whether the thread ended within `timeout` seconds."""
        if self._reader.thread.ident is not None:
            self._reader.thread.join(max(0.0, timeout))
        return not self._reader.thread.is_alive()
