"""The watch thread's work where a camera inspects: gate and inspector, and verdicts to those who wait for them."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from watcher.camera import recipes
from watcher.camera.bench import Bench
from watcher.camera.capture import Capture
from watcher.camera.feed import Feed
from watcher.camera.force import InForce
from watcher.camera.inbox import Inbox, Letter, Triggered, UseRecipe, UseSettings
from watcher.camera.latest import Latest
from watcher.camera.ledger import Ledger
from watcher.camera.lessons import Lesson, Lessons
from watcher.camera.options import CameraOptions
from watcher.camera.private import Veil
from watcher.camera.recipes import Recipe
from watcher.camera.teller import Circumstances, Teller
from watcher.camera.verdicts import Judged
from watcher.errors import PictureUnreadable, ReferenceUnusable
from watcher.inspection.gate import ROOM, Due, Gate, Place, Trigger
from watcher.inspection.verdict import Inspection
from watcher.references import Store
from watcher.requests import Republish, ResetCounters, TakeSnapshot
from watcher.vision.condition import Condition
from watcher.vision.frame import Frame
from watcher.vision.geometry import Size
from watcher.vision.shrink import Shrinker

log = logging.getLogger(__name__)

RETRY_RECIPE = 30.0
"""Seconds after which a reference that could not be used is looked at again: somebody may have put it right."""
TURN = 0.5
"""Seconds after which the thread turns, also where no frame comes."""
SCHEDULE_EVERY = 5.0
_LEARNING = "learning the golden part from good samples"


class Inspecting:
    """One life of a camera's gate and inspector; another one is made after a crash.

    Parameters
    ----------
    feed, capture, arrivals, inbox : where observations and requests come from.
    teller, ledger : where everything goes.
    counters : what the counters said last, before a restart too.
    """

    def __init__(
        self,
        in_force: InForce,
        *,
        feed: Feed,
        capture: Capture,
        arrivals: Latest,
        inbox: Inbox,
        store: Store,
        teller: Teller,
        ledger: Ledger,
        veil: Veil,
        live: bool,
        counters: Callable[[str], dict[str, Any] | None],
    ) -> None:
        self._in_force = in_force
        self._feed, self._capture, self._arrivals, self._inbox = feed, capture, arrivals, inbox
        self._store, self._teller, self._ledger, self._veil, self._live = store, teller, ledger, veil, live
        self._key = in_force.options.key
        self._gate = Gate(in_force.options.inspection)
        self._condition = Condition()
        self._found, self._lessons = counters, Lessons(self._key)
        self._bench: Bench | None = None
        self._trouble = self._unseen = ""
        self._retry_at = 0.0
        self._dropped = arrivals.dropped
        self._counted = (0, inbox.refused)
        self._scheduled_at = float("-inf")
        self._frame: Frame | None = None
        self._fraction = 0.0
        self._over = False
        self.turned = time.monotonic()
        self.stop_reason = ""
        self.stop_detail = ""

    @property
    def frame(self) -> Frame | None:
        """The newest one."""
        return self._frame

    @property
    def size(self) -> Size | None:
        """(width, height) of the frames; None before the first."""
        return None if self._frame is None else self._frame.size

    def run(self) -> None:
        """Until the recording ends, a stop is asked for, or the camera shall watch for change instead."""
        self._teller.begin()
        self._ledger.begin(self._found(self._key), datetime.now(UTC))
        self._in_force.begin(self._feed.now()[0], live=self._live)
        self._teller.states.say("ready", "OFF")
        self._tell_settings()
        self._tell_states()
        self._use_recipe()
        while not self._over:
            self.turned = time.monotonic()
            self._capture.look_after()
            if self.stop_reason:
                break
            self._hear()
            seen = self._feed.take(self._patience())
            if isinstance(seen, Frame):
                self._hear()  # what was asked before the frame was captured, while it was waited for
                self._look(self._veil.over(seen))
            self._look_after(ended=self._feed.ended)
        while (letter := self._inbox.take()) is not None:
            if isinstance(letter, Triggered):
                self._apply(letter)
        self._answer(self._gate.all_waiting(), self._why_over())

    def _hear(self) -> None:
        """Apply what was asked for."""
        while (letter := self._inbox.take()) is not None:
            self._apply(letter)
        self._pauses()
        frame, bench = self._frame, self._bench
        if frame is not None and bench is not None and self._live and not self._in_force.paused:
            # A trigger may be heard a moment after the first frame captured since was looked at.
            due, frozen = self._gate.asked(frame.at), self._condition.troubles.get("frozen")
            if due is not None and frozen:
                self._answer(due.triggers, frozen)
            elif due is not None:
                self._inspect(bench, frame, due, frame.at)

    def save(self) -> None:
        """What was counted is told already; nothing else has to be kept."""
        self._teller.states.say("ready", "OFF")

    # -- frames ------------------------------------------------------------------------------------------

    def _look(self, frame: Frame) -> None:
        began = time.monotonic()
        self._frame = frame
        dropped, self._dropped = self._arrivals.dropped - self._dropped, self._arrivals.dropped
        if self._in_force.paused:
            return
        bench, place, blind = self._bench, None, self._trouble
        self._gate.missed(dropped if bench is not None else 0)
        if bench is not None:
            place, blind = self._seen(bench, frame)
        due = self._gate.step(frame.at, place)
        if due is not None and (bench is None or blind):
            self._answer(due.triggers, blind)
        elif due is not None and bench is not None:
            # Of a recording nobody knows when it was captured in the time of this machine.
            self._inspect(bench, frame, due, frame.at if self._live else began)
        self._teller.look(frame, self._circumstances(), self._fraction, self._condition.troubles)

    def _seen(self, bench: Bench, frame: Frame) -> tuple[Place | None, str]:
        """What lies there, as far as anybody wants to know, and why the frame must not be judged at all."""
        try:
            view = bench.view(frame)
        except PictureUnreadable as error:
            self._condition.damaged(frame.at, str(error))
            return None, f"the picture cannot be read: {error}"
        blind = ""
        if self._in_force.options.detector.health:
            # A frozen picture of a good part would pass for ever, whatever lies there.
            blind = self._condition.seen(view, frame.at, None, lambda: frame.pixels.chroma(bench.size, Shrinker()))
        if blind:
            self._gate.unknown()
            return None, blind
        return bench.place(frame, view) if self._gate.wants_place else None, ""

    def _inspect(self, bench: Bench, frame: Frame, due: Due, captured: float) -> None:
        began = time.perf_counter()
        score = None
        try:
            inspection, score = bench.inspect(frame.bgr())
        except PictureUnreadable as error:
            inspection = Inspection("NOT_INSPECTED", f"the picture cannot be read: {error}")
        elapsed = (time.perf_counter() - began) * 1000
        self._fraction = inspection.changed_fraction or 0.0
        until = captured + self._in_force.options.inspection.verdict_ttl
        self._ledger.judged(Judged(frame, inspection, bench.recipe, due, elapsed, score), until)
        if inspection.verdict == "NOT_INSPECTED" and not due.triggers and self._gate.wants_place:
            bench.presence.not_a_part()

    def _answer(self, triggers: tuple[Trigger, ...], reason: str, *, refused: bool = False) -> None:
        """Tell those who wait for a verdict that there is none, and why."""
        recipe = self._bench.recipe if self._bench else None
        self._ledger.unanswered(triggers, reason, recipe, refused=refused)

    # -- between frames ----------------------------------------------------------------------------------

    def _look_after(self, *, ended: bool) -> None:
        """What time brings: triggers that nothing came for, a new shift, a reference that was put right."""
        self._over = self._over or ended
        why = f": {self._feed.lost}" if self._feed.lost else ""
        timeout = self._in_force.options.inspection.trigger_timeout
        self._answer(self._gate.overdue(self._clock()), f"no frame within {timeout:g} s{why}")
        if self._in_force.paused:
            self._answer(self._gate.all_waiting(), f"the camera is paused, {self._in_force.pause}")
        if self._feed.lost:
            self._gate.unknown()
        now = time.monotonic()
        if self._bench is None and now >= self._retry_at:
            self._use_recipe()
        if now - self._scheduled_at >= SCHEDULE_EVERY:
            self._scheduled_at = now
            self._ledger.keep_time(datetime.now().astimezone())
        self._count_missed()
        self._tell_states()

    def _clock(self) -> float:
        """Now, in the time of frames and triggers."""
        return time.monotonic() if self._live else self._feed.now()[0]

    def _patience(self) -> float:
        """How long the next frame is waited for: nobody who waits for a verdict is kept waiting beyond his time."""
        deadline = self._gate.deadline
        return TURN if deadline is None or not self._live else min(TURN, max(0.0, deadline - time.monotonic()))

    def _why_over(self) -> str:
        if self._feed.ended:
            return f"no frame: {self._feed.lost}"
        return f"no frame: the camera was {self.stop_reason or 'reloaded'}"

    def _count_missed(self) -> None:
        """Take over what the gate has counted."""
        now = (self._gate.skipped, self._gate.refused + self._inbox.refused)
        skipped, refused = now[0] - self._counted[0], now[1] - self._counted[1]
        self._counted = now
        if skipped or refused:
            self._ledger.missed(skipped, refused)

    # -- requests ----------------------------------------------------------------------------------------

    def _apply(self, letter: Letter) -> None:
        match letter:
            case Triggered():
                asked = letter.request
                arrived = letter.at if self._live else self._feed.now()[0]
                trigger = Trigger(arrived, asked.correlation_id, asked.part)
                if not self._gate.trigger(trigger):
                    self._answer((trigger,), f"{ROOM} triggers are waiting for a frame already", refused=True)
                return
            case UseSettings():
                self._use_settings(letter)
            case UseRecipe():
                self._take_up(letter.recipe)
            case ResetCounters():
                self._ledger.reset(letter.batch, datetime.now(UTC))
            case TakeSnapshot():
                if self._frame is not None:
                    self._ledger.show(self._frame, self._bench.recipe if self._bench else None)
            case Republish():
                self._teller.states.again()
        self._tell_settings()
        self._tell_states()

    def _use_settings(self, letter: UseSettings) -> None:
        log.info("%s: %s", self._key, letter.what)
        before = self._in_force.options
        self._in_force.use(letter.adjusted, letter.mute, self._feed.now()[0])
        now = self._in_force.options
        self._teller.use_options(now)
        self._ledger.use_options(now)
        if not now.inspects:
            self._over = True
        elif _decides(before) != _decides(now):
            self._use_recipe()

    def _use_recipe(self) -> None:
        """The recipe in force, from disk; where that fails nothing is inspected, and every trigger is told why."""
        options = self._in_force.options
        try:
            files = recipes.unlearnt(options, self._store)
            if files or self._lessons.going_on:
                self._learn(options, files)
                return
            recipe = recipes.load(options, self._store)
        except ReferenceUnusable as error:
            if str(error) != self._trouble:
                log.error("%s: %s; nothing is inspected until it is put right", self._key, error)
            self._bench, self._trouble = None, str(error)
            self._retry_at = time.monotonic() + RETRY_RECIPE
            return
        self._take_up(recipe)

    def _learn(self, options: CameraOptions, files: tuple[Path, ...]) -> None:
        """Good samples have to be learnt first, in a thread of their own: that takes seconds."""

        def lesson() -> Lesson:
            stored = recipes.learn(options, self._store, self._veil, files)
            return Lesson(f"{stored.label} is learnt from {len(files)} good samples", stored)

        self._bench = None
        if self._lessons.going_on:
            self._retry_at = time.monotonic() + TURN
            return
        if self._trouble != _LEARNING:
            self._trouble, self._retry_at = _LEARNING, time.monotonic() + TURN
            self._lessons.begin(lesson, lambda stored: None)
            return
        raise ReferenceUnusable("the good samples could not be learnt; the log says why")

    def _take_up(self, recipe: Recipe) -> None:
        self._bench, self._trouble = Bench.of(recipe), ""
        self._unseen = self._bench.presence.trouble if self._gate.wants_place else ""
        self._gate.unknown()
        log.info("%s: inspects %s against %s", self._key, recipe.key, recipe.reference)
        line = self._in_force.options.inspection
        if line.when == "still" and recipe.empty is None:
            log.warning(
                "%s: nobody has shown how the place looks without a part, so it has to be learnt; better take it:"
                " watcher reference take %s %s", self._key, self._key, recipes.EMPTY,
            )  # fmt: skip

    def _pauses(self) -> None:
        was = self._in_force.paused
        if self._in_force.look(self._feed.now()[0]):
            log.info("%s: is no longer muted", self._key)
            self._tell_settings()
        if self._in_force.paused and not was:
            self._gate.unknown()

    # -- states ------------------------------------------------------------------------------------------

    def _tell_settings(self) -> None:
        for name, value in self._in_force.told().items():
            self._teller.setting(name, value)

    def _tell_states(self) -> None:
        self._teller.tell_states(self._feed.now()[1], self._circumstances())
        ready = self._feed.seen and not self._trouble_now() and not self._in_force.paused and self._gate.armed
        self._teller.states.say("ready", "ON" if ready else "OFF")

    def _trouble_now(self) -> str:
        """Why no part can be inspected just now; empty where one can."""
        bench, size = self._bench, self.size
        if bench is None or size is None:
            return self._trouble or "waiting for the golden reference"
        if "frozen" in self._condition.troubles:
            return self._condition.troubles["frozen"]
        if size != bench.recipe.golden.size:
            wanted = bench.recipe.golden.size
            return (
                f"the picture is {size[0]}x{size[1]}, the golden part {bench.recipe.reference} is"
                f" {wanted[0]}x{wanted[1]}: teach it again with this camera"
            )
        return self._unseen

    def _circumstances(self) -> Circumstances:
        bench = self._bench
        return Circumstances(
            seen=self._feed.seen,
            lost=self._feed.lost,
            paused=self._in_force.pause if self._in_force.paused else "",
            reference=bench.recipe.reference if bench else "",
            trouble=self._trouble_now() if self._feed.seen else "",
            dropped=self._arrivals.dropped,
            live=self._live,
        )


def _decides(options: Any) -> tuple[Any, ...]:
    """What a recipe is made of: where that changes it is taken up anew."""
    line = options.inspection
    return recipes.chosen(options), line, options.zones, options.ignore, options.reference
