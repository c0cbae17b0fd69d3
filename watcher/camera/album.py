"""The pictures of events: which frames are kept for them, and offering them to the outlets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from watcher.camera.options import CameraOptions
from watcher.camera.pictures import FramePictures, Keepsake, Moment
from watcher.events import words
from watcher.events.event import Event, EventUpdate
from watcher.events.look import strongest
from watcher.sinks import Outlet
from watcher.vision.arrays import U8
from watcher.vision.detection import Detection, Region
from watcher.vision.frame import Frame, Observation
from watcher.vision.geometry import Size

QUIET_EVERY = 10.0
COPY_EVERY = 0.2
COMPRESSED_AFTER = 1.0
"""Seconds after which the best frame of an event that goes on is kept as JPEG: a better one seldom comes then."""
CLEARLY_BETTER = 1.5


class Seeing(Protocol):
    """What a detector shows of its last step, for pictures."""

    @property
    def size(self) -> Size | None: ...

    @property
    def change(self) -> NDArray[np.float32]: ...

    def expected(self) -> U8 | None: ...


class Following(Protocol):
    """What a tracker knows of the open event after its last step."""

    @property
    def open(self) -> Event | None: ...

    @property
    def best(self) -> float | None: ...

    @property
    def is_best(self) -> bool: ...


@dataclass(slots=True)
class _Best:
    """The frame that shows the open event best, so far."""

    moment: Moment
    score: float
    at: float
    kept: Keepsake | None = None


class Album:
    """What one camera keeps to make pictures of. `outlets` are who gets them; `use_options` comes first."""

    def __init__(self, outlets: Sequence[Outlet]) -> None:
        self._outlets = outlets
        self._best: _Best | None = None
        self._quiet: Keepsake | None = None

    def use_options(self, options: CameraOptions, thresholds: Mapping[str, float]) -> None:
        """Settings of the camera from now on; `thresholds` are those of its zones."""
        self._options, self._thresholds = options, thresholds
        self._zones = {key: zone.points for key, zone in options.zones.items()}

    def begin(self) -> None:
        """A new detector: what was kept is of another scene."""
        self._quiet, self._best = None, None

    def use_picture(self, frame: Frame | None) -> None:
        """What is shown as the reference from now on; None: what the detector expects."""
        self._quiet = None if frame is None else Keepsake(frame)

    def snapshot(self, update: EventUpdate, frame: Frame, detection: Detection | None, detector: Seeing) -> None:
        """Offer pictures of this very frame."""
        self._offer(update, self._moment(frame, detection, detector))

    def step(
        self,
        seen: Observation,
        detection: Detection,
        updates: Sequence[EventUpdate],
        detector: Seeing,
        tracker: Following,
    ) -> None:
        """Keep what may be shown, and offer the pictures of what has begun or ended."""
        for update in updates:
            if update.phase == "ended" and self._best is not None:
                self._offer(update, self._best.moment)
                self._best = None
            if update.event.end_reason == "settled":
                self._quiet = None  # it is without what has come to stay, or shows what is gone
        if not isinstance(seen, Frame):
            return
        self._keep(seen, detection, detector, tracker)
        for update in updates:
            if update.phase == "started":
                shown = self._best.moment if self._best else self._moment(seen, detection, detector)
                self._offer(update, shown)

    def _keep(self, seen: Frame, detection: Detection, detector: Seeing, tracker: Following) -> None:
        """Keep what pictures may be made of later; a copy is dear, so there are few."""
        if tracker.is_best:
            score, best = tracker.best or 0.0, self._best
            if best is None or not best.at <= seen.at < best.at + COPY_EVERY or score > best.score * CLEARLY_BETTER:
                self._best = _Best(self._moment(seen, detection, detector), score, seen.at)
                return
        best = self._best
        if best is not None and tracker.open is not None and seen.at - best.at > COMPRESSED_AFTER:
            best.kept = best.kept or Keepsake(best.moment.frame, owned=True)
            best.moment = replace(best.moment, frame=best.kept.frame)
        elif detection.outcome == "clear" and tracker.open is None:
            self._best = None
            if self._quiet is None or not self._quiet.younger(seen.at, QUIET_EVERY):
                self._quiet = Keepsake(seen)

    def _moment(self, frame: Frame, detection: Detection | None, detector: Seeing) -> Moment:
        """Of this frame, with words of its own: those of an update are of the frame that decided."""
        change = detector.change.copy() if detector.size is not None else None
        regions: tuple[Region, ...] = ()
        changed = ""
        if detection is not None:
            regions = detection.regions
            if detection.outcome == "changed":
                changed = words.changed(strongest(detection, self._thresholds))
        return Moment(frame.owned(), regions, change, detector.expected(), changed)

    def _offer(self, update: EventUpdate, moment: Moment) -> None:
        local = moment.frame.utc.astimezone()
        caption = "  ".join(filter(None, (self._options.title, f"{local:%Y-%m-%d %H:%M:%S}", moment.words)))
        quiet = None if self._quiet is None else self._quiet.frame
        pictures = FramePictures(moment, quiet, self._zones, caption)
        for outlet in self._outlets:
            outlet.pictures(self._options.key, update, pictures)
