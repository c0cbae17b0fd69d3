"""The book of a camera that inspects: verdicts told and counted. Belongs to the watch thread."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from watcher.camera import recipes
from watcher.camera.health import States
from watcher.camera.options import CameraOptions
from watcher.camera.recipes import Recipe
from watcher.camera.verdicts import Judged, VerdictPictures
from watcher.events.event import Event, EventUpdate
from watcher.inspection import payload
from watcher.inspection.gate import Trigger
from watcher.inspection.tally import Tally, begins_anew
from watcher.inspection.verdict import Inspection
from watcher.sinks import Outlet
from watcher.sinks.snapshot import snapshot_path
from watcher.vision.frame import Frame

log = logging.getLogger(__name__)


class Ledger:
    """Tells verdicts, live ones first, then what is true now, then pictures; and counts them.

    It outlives an inspection that crashed.

    Parameters
    ----------
    outlets : who delivers; asked anew each time.
    folder : of the storage; payloads name the picture's file below it.
    states : the retained states of the camera.
    new_id : makes an id of the time of capture.
    """

    def __init__(
        self,
        options: CameraOptions,
        outlets: Sequence[Outlet],
        folder: Path,
        states: States,
        new_id: Callable[[datetime], str],
    ) -> None:
        self._options, self._outlets, self._folder, self._states = options, outlets, folder, states
        self._new_id = new_id
        self._tally = Tally(datetime.now(UTC))
        self._before = ""
        self._last: dict[str, Any] = {}

    def begin(self, told: dict[str, Any] | None, now: datetime) -> None:
        """Count on from what the counters said last, before a restart too; None: nothing is known of that."""
        try:
            self._tally = self._tally if told is None else Tally.restored(told)
        except ValueError as error:
            log.warning("%s: the counters begin anew: %s", self._options.key, error)
            self._tally = Tally(now)
        self._states.say("counters", self._tally.payload())

    def use_options(self, options: CameraOptions) -> None:
        """Other settings of the same camera from now on."""
        self._options = options

    def judged(self, judged: Judged, until: float) -> None:
        """A frame has been inspected: everybody who waits gets a verdict of his own, live up to `until`."""
        inspection, frame, recipe = judged.inspection, judged.frame, judged.recipe
        shown = self._wants_picture(inspection)
        ids = []
        for number, trigger in enumerate(judged.due.triggers or (None,)):
            again = judged.due.again or number > 0
            self._tally.count(inspection.verdict, _zones(inspection), again=again)
            ids.append(self._new_id(frame.utc))
            about = self._about(ids[-1], frame.utc, recipe, trigger)
            about = replace(
                about, elapsed_ms=judged.elapsed_ms, score=judged.score, frame_size=frame.size,
                snapshot=self._file(frame.utc, ids[0]) if shown else None,
            )  # fmt: skip
            self._tell(payload.payload(inspection, about, self._tally.payload()), until)
        self._tell_states(inspection)
        if shown:
            self._show(ids[0], judged)

    def unanswered(
        self, triggers: Sequence[Trigger], reason: str, recipe: Recipe | None, *, refused: bool = False
    ) -> None:
        """There is no verdict for these, and why; `refused` ones are counted as such by who refused them."""
        inspection = Inspection("NOT_INSPECTED", reason)
        for trigger in triggers:
            if not refused:
                self._tally.count(inspection.verdict)
            utc = datetime.now(UTC)
            about = self._about(self._new_id(utc), utc, recipe, trigger)
            until = time.monotonic() + self._options.inspection.verdict_ttl
            self._tell(payload.payload(inspection, about, self._tally.payload()), until)
        if triggers:
            self._tell_states(inspection)

    def missed(self, skipped: int, refused: int) -> None:
        """Parts or frames went by without a verdict, or triggers had to be refused."""
        self._tally.miss(skipped=skipped, refused=refused)
        self._states.say("counters", self._tally.payload())

    def keep_time(self, now: datetime) -> None:
        """Begin anew where a time of `reset_at` has come; `now` is local."""
        if begins_anew(self._tally.since.astimezone(), now, self._options.inspection.resets):
            self.reset("", now.astimezone(UTC))

    def reset(self, batch: str, now: datetime) -> None:
        """Count from zero."""
        told = self._tally.payload()
        log.info(
            "%s: the counters begin anew: %d were inspected, %d failed, %d not inspected since %s",
            self._options.key, told["inspected"], told["failed"], told["not_inspected"], told["since"],
        )  # fmt: skip
        self._tally = Tally(now, batch)
        self._states.say("counters", self._tally.payload())

    def show(self, frame: Frame, recipe: Recipe | None) -> None:
        """A picture by request."""
        self._show(self._new_id(frame.utc), Judged(frame, Inspection("NOT_INSPECTED", "taken by request"), recipe))

    def _about(
        self, inspection: str, utc: datetime, recipe: Recipe | None, trigger: Trigger | None
    ) -> payload.Circumstances:
        return payload.Circumstances(
            id=inspection, camera=self._options.key, captured_at=utc,
            recipe=recipe.key if recipe else recipes.chosen(self._options),
            reference=recipe.reference if recipe else "", settings=recipe.digest if recipe else "",
            part=trigger.part if trigger else None, correlation_id=trigger.correlation_id if trigger else None,
        )  # fmt: skip

    def _tell(self, told: dict[str, Any], until: float) -> None:
        for outlet in self._outlets:
            outlet.verdict(self._options.key, dict(told), until)
        self._last = told

    def _tell_states(self, inspection: Inspection) -> None:
        self._states.say("last_verdict", self._last)
        self._states.say("counters", self._tally.payload())
        failed = _zones(inspection)
        for zone in self._options.zones:
            known = "ON" if zone in failed else "OFF"
            self._states.say(f"zone/{zone}", "None" if inspection.verdict == "NOT_INSPECTED" else known)

    def _wants_picture(self, inspection: Inspection) -> bool:
        """Whether pictures of this verdict are kept; asked once for each."""
        line, before = self._options.inspection, self._before
        self._before = inspection.verdict
        if line.pictures == "none" or (line.pictures == "bad" and inspection.verdict == "PASS"):
            return False
        return line.when != "continuous" or inspection.verdict != before

    def _file(self, captured_at: datetime, inspection: str) -> str | None:
        if not self._options.record.snapshot:
            return None
        return str(snapshot_path(self._folder, self._options.key, captured_at, inspection))

    def _show(self, inspection_id: str, judged: Judged) -> None:
        judged = replace(judged, frame=judged.frame.owned())
        frame, inspection = judged.frame, judged.inspection
        update = EventUpdate(
            phase="ended", event=Event(inspection_id, self._options.key, frame.at, frame.utc), sequence=0,
            captured=frame.at, captured_at=frame.utc, media_time=frame.media_time, similarity=None,
            changed_fraction=inspection.changed_fraction or 0.0, zones=(), regions=inspection.regions,
            frame_size=frame.size, reason=inspection.reason,
        )  # fmt: skip
        words = (
            self._options.title, f"{frame.utc.astimezone():%Y-%m-%d %H:%M:%S}", judged.part or "",
            f"{inspection.verdict.replace('_', ' ')}: {inspection.reason}",
        )  # fmt: skip
        pictures = VerdictPictures(judged, "  ".join(filter(None, words)))
        for outlet in self._outlets:
            outlet.pictures(self._options.key, update, pictures)


def _zones(inspection: Inspection) -> set[str]:
    return {zone for region in inspection.regions for zone in region.zones}
