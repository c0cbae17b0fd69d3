"""One camera's life: its threads, what others may ask of it, and its coming back after a crash."""

import logging
import os
import random
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from watcher.camera import lessons, recipes
from watcher.camera.backoff import delays
from watcher.camera.capture import Capture
from watcher.camera.detecting import detector_of
from watcher.camera.feed import Feed
from watcher.camera.force import InForce
from watcher.camera.inbox import Inbox, Letter, Triggered, UseRecipe, UseReference, UseSettings
from watcher.camera.inspecting import Inspecting
from watcher.camera.latest import InOrder, Latest
from watcher.camera.ledger import Ledger
from watcher.camera.lessons import Lessons
from watcher.camera.memory import Memory
from watcher.camera.options import CameraOptions
from watcher.camera.patience import Patience, patience_with
from watcher.camera.private import Veil
from watcher.camera.recipes import Recipe
from watcher.camera.settings import Adjusted
from watcher.camera.teller import Teller
from watcher.camera.watch import Parts, Watch
from watcher.errors import ReferenceUnusable, RequestRefused
from watcher.events.ids import live_ids
from watcher.events.tracker import Tracker
from watcher.references import Store, StoredReference
from watcher.requests import (
    Adjust,
    ForgetLearnt,
    Inspect,
    Pause,
    Request,
    ResetCounters,
    Resume,
    SetReference,
    TakeSnapshot,
    TellTruth,
)
from watcher.settings import MUTE
from watcher.sinks import Outlet
from watcher.sinks.options import StorageOptions
from watcher.sources import Source
from watcher.sources.build import make_source

log = logging.getLogger(__name__)

_WHY_NOT = {
    "stopped": "not watched: watcher was stopped, as asked",
    "reloaded": "not watched for now: its configuration is reloaded",
}
"""Health at the end of a camera that is well; the contract has no state of its own for it."""

_OF_RECIPES = ("recipe", "profile", "reference_mode")
"""Settings that bring another golden reference with them."""
_SOON = 2.0
"""A watch thread turns at least every half second; one that has not for this long is not well."""


def parts_of() -> Parts:
    """The detector and tracker that options ask for."""
    new_id = live_ids(os.urandom)
    return Parts(
        detector=detector_of,
        tracker=lambda now: Tracker(now.key, now.events, now.zones, new_id),
        new_id=new_id,
    )


class Camera:
    """Watches one source until it is stopped, or the recording ends.

    Parameters
    ----------
    options : of this camera.
    storage : where its references are kept and its snapshots will lie.
    outlets : who delivers what it says; asked anew each time, so the sequence may change.
    adjusted : its settings, where commands have set some; their configuration is `options`.
    counters : what the counters of its inspections said last, before a restart too.
    make, parts, patience : other parts than the options ask for, for tests.

    Raises
    ------
    ValueError : the class of a custom source cannot be found.
    """

    def __init__(
        self,
        options: CameraOptions,
        storage: StorageOptions,
        outlets: Sequence[Outlet],
        *,
        adjusted: Adjusted | None = None,
        counters: Callable[[str], dict[str, Any] | None] = lambda camera: None,
        make: Callable[[], Source] | None = None,
        parts: Parts | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.options = options
        self._adjusted = adjusted or Adjusted(config=options)
        self._adjusting = threading.Lock()
        folder = Path(storage.folder).absolute()
        self._parts = parts or parts_of()
        self._patience = patience or patience_with(options.source)
        self._make = make or (lambda: make_source(options.source, options.key))
        self._live = self._make().live
        self._chance = random.Random()
        self._arrivals = Latest() if self._live else InOrder()
        self._inbox = Inbox(self._arrivals.ring)
        self._feed = Feed(self._arrivals, self._live, self._patience)
        self._capture = Capture(options.key, self._make, self._live, self._arrivals, self._chance, self._patience)
        self._store = Store(folder / "references")
        self._veil = Veil([area.points for area in options.privacy.values()])
        self._in_force = InForce(self._adjusted)
        self._memory = Memory(self._in_force.options, self._store, self._veil)
        self._teller = Teller(self._in_force.options, outlets, folder)
        self._ledger = Ledger(
            self._in_force.options, outlets, folder, self._teller.states, self._parts.new_id
        )  # fmt: skip
        self._folder, self._counters, self._lessons = folder, counters, Lessons(options.key)
        self._stop = threading.Event()
        self._stop_reason = ""
        self._rests = False
        self._turned = time.monotonic()
        self._watch = self._new_watch()
        self._thread = threading.Thread(target=self._run, name=f"watch:{options.key}", daemon=True)

    @property
    def key(self) -> str:
        return self.options.key

    @property
    def adjusted(self) -> Adjusted:
        """Its settings as they were last asked for, to be kept for the next start."""
        return self._adjusted

    @property
    def ended(self) -> bool:
        """A recording, and all of it has been told."""
        return self._feed.ended and not self._thread.is_alive()

    @property
    def standing(self) -> str:
        """How it is, in a few words."""
        if self._feed.lost:
            return self._feed.lost
        if self._in_force.paused:
            return "paused"
        return "watches" if self._feed.seen else "is starting"

    def start(self) -> None:
        self._capture.start()
        self._thread.start()

    def request(self, request: Request) -> None:
        """Ask for something, from any thread; it is applied before the next observation.

        Raises
        ------
        RequestRefused : it cannot be obeyed, and why.
        """
        heard = time.monotonic()
        if not self._thread.is_alive():
            raise RequestRefused(f"the camera {self.key} does not run any more")
        if isinstance(request, Pause | Resume):
            request = Adjust("enabled", isinstance(request, Resume))
        if isinstance(request, Adjust):
            self._adjust(request)
        else:
            letter = self._letter(request, heard)
            if letter is not None:
                self._inbox.put(letter)

    def turning(self, since: float) -> bool:
        """Whether every thread has really turned since then (monotonic seconds), or has nothing left to do."""
        if self.ended:
            return True
        turned = self._turned if self._rests else self._watch.turned
        return self._thread.is_alive() and turned >= since and (self._rests or self._capture.alive())

    def begin_stop(self, reason: str, detail: str = "") -> None:
        """Ask the threads to end; returns at once. `reason` is that of a `Gap`: stopped or reloaded."""
        self._stop_reason = reason
        self._watch.stop_detail = detail
        self._watch.stop_reason = reason
        self._stop.set()
        self._arrivals.ring()
        self._capture.stop()

    def stop(self, reason: str = "stopped", timeout: float = 3.0) -> None:
        """End: open events with `reason`, availability offline, the reference put away."""
        if not self._stop_reason:
            self.begin_stop(reason)
        deadline = time.monotonic() + timeout
        if self._thread.ident is not None:
            self._thread.join(timeout)
        if self._thread.is_alive():
            log.error("%s: the watch thread does not end and is left behind", self.key)
        if not self._capture.join(max(0.1, deadline - time.monotonic())):
            log.warning("%s: the source does not let itself be closed; its thread is left behind", self.key)

    def _letter(self, request: Request, heard: float) -> Letter | None:
        """What the watch thread has to do; None where somebody else does it."""
        if not self._in_force.options.inspects:
            return self._checked(request)
        options = self._in_force.options
        match request:
            case Inspect():
                return Triggered(request, heard)
            case SetReference(name=str(name)):
                own, _ = recipes.reference_name(options)
                if options.inspection.recipes and name.partition("@")[0] != own:
                    raise RequestRefused(
                        f"the recipe in force has the reference {own}; switch the recipe for {name}"
                    )
                return UseRecipe(self._recipe(options, name))
            case SetReference():
                frame = self._watch.frame if isinstance(self._watch, Inspecting) else None
                if frame is None or not self._feed.seen:
                    raise RequestRefused(f"there is no picture: {self._feed.lost or 'the camera is starting'}")
                self._lessons.begin(lambda: lessons.taken(options, self._store, frame.bgr()), self._learnt)
                return None
            case TellTruth():
                past = lessons.past_inspection(self._folder, self.key, request.inspection)
                lessons.clean_picture(past)
                place = (options, self._folder, self._store, self._veil)
                self._lessons.begin(lambda: lessons.learn_truth(*place, past, request.truth), self._learnt)
                return None
            case ForgetLearnt():
                raise RequestRefused(f"{self.key} inspects: it learns only what it is taught")
        return request

    def _recipe(self, options: CameraOptions, version: str | None = None) -> Recipe:
        """Read here and not by the watch thread, and refusals are known at once."""
        try:
            return recipes.load(options, self._store, version)
        except (ReferenceUnusable, ValueError) as error:
            raise RequestRefused(str(error)) from None

    def _learnt(self, stored: StoredReference) -> None:
        """The camera goes on with what it has just learnt, where its recipe asks for the newest version."""
        options = self._in_force.options
        if recipes.reference_name(options) == (stored.name, None):
            self._inbox.put(UseRecipe(self._recipe(options, stored.label)))

    def _checked(self, request: Request) -> Letter:
        match request:
            case Inspect() | ResetCounters() | TellTruth():
                raise RequestRefused(f"{self.key} does not inspect: it has no golden reference")
            case SetReference(name=None) | TakeSnapshot() if not self._feed.seen:
                raise RequestRefused(f"there is no picture: {self._feed.lost or 'the camera is starting'}")
            case SetReference(name=str(name)):
                return self._stored(name)
        return request

    def _adjust(self, request: Adjust) -> None:
        """One at a time: several brokers may hand in commands, and none may be lost."""
        with self._adjusting:
            adjusted = self._adjusted.adjusted(request.setting, request.value, datetime.now(UTC))
            if adjusted.options.inspects and request.setting in _OF_RECIPES:
                self._recipe(adjusted.options)  # refused here, it changes nothing
            mute = None
            if request.setting == MUTE.name:
                mute = 0.0 if adjusted.muted_until is None else float(request.value or 0)
            value = "what config.yaml says" if request.value is None else _said(request.value)
            self._inbox.put(UseSettings(adjusted, mute, f"{request.setting} is {value} now"))
            self._adjusted = adjusted

    def _stored(self, label: str) -> UseReference:
        """Read here and not by the watch thread, which must not wait for a disk; and refusals are known at once."""
        name, _, version = label.partition("@")
        try:
            loaded = self._store.load(self.key, name, int(version) if version else None)
        except (ReferenceUnusable, ValueError) as error:
            raise RequestRefused(str(error)) from None
        size, made_of = self._watch.size, loaded.stored.full_size
        if size is not None and size != made_of:
            raise RequestRefused(
                f"{loaded.stored.label} was made of pictures of {made_of[0]}x{made_of[1]},"
                f" the camera gives {size[0]}x{size[1]}"
            )
        return UseReference(loaded)

    def _new_watch(self) -> Watch | Inspecting:
        if self._in_force.options.inspects:
            return Inspecting(
                self._in_force,
                feed=self._feed, capture=self._capture, arrivals=self._arrivals, inbox=self._inbox,
                store=self._store, teller=self._teller, ledger=self._ledger, veil=self._veil, live=self._live,
                counters=self._counters,
            )  # fmt: skip
        return Watch(
            self._parts, self._in_force,
            feed=self._feed, capture=self._capture, arrivals=self._arrivals, inbox=self._inbox,
            memory=self._memory, teller=self._teller, veil=self._veil, live=self._live,
        )  # fmt: skip

    def _run(self) -> None:
        waits, known = delays(self._chance), ""
        while True:
            try:
                self._watch.run()
                self._watch.save()
                if self._watch.stop_reason or self._feed.ended:
                    self._finish()
                    return
                self._take_turns()
                continue
            except Exception as error:  # the top of this thread
                reason = f"the watch thread has failed ({type(error).__name__}: {error})"
                # The traceback once: what fails again and again fails in the same place.
                log.error("%s: %s; it starts again", self.key, reason, exc_info=reason != known)
            known = reason
            if not self._rested(reason, next(waits)):
                self._finish()
                return

    def _take_turns(self) -> None:
        """By request it inspects from now on, or watches for change instead."""
        self._watch = self._new_watch()
        if self._stop_reason:
            self._watch.stop_reason = self._stop_reason

    def _rested(self, reason: str, wait: float) -> bool:
        """Tell of the crash, wait, and make another watch; False when there is nothing to go on for."""
        self._rests, self._turned = True, time.monotonic()
        self._teller.crashed(datetime.now(UTC), reason)
        if isinstance(self._watch, Inspecting):
            self._watch.save()
        until = time.monotonic() + wait
        while not self._stop.is_set() and (left := until - time.monotonic()) > 0:
            self._stop.wait(min(left, _SOON / 4))
            self._turned = time.monotonic()
        if self._stop.is_set() or self._feed.ended:
            return False
        self._take_turns()
        self._rests = False
        return True

    def _finish(self) -> None:
        self._arrivals.close()
        reason = self._feed.lost if self._feed.ended else _WHY_NOT.get(self._stop_reason, _WHY_NOT["stopped"])
        self._teller.over(datetime.now(UTC), reason)
        if self._feed.ended:
            log.info("%s: %s", self.key, self._feed.lost)


def _said(value: object) -> object:
    """A setting's value as commands have it."""
    return ("OFF", "ON")[value] if isinstance(value, bool) else value
