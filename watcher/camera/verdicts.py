"""Telling verdicts: live ones first, then what is true now, then pictures. Belongs to the watch thread."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

from watcher.camera.options import CameraOptions
from watcher.camera.pictures import DIFFERENCE_WIDTH
from watcher.events.event import Event, EventUpdate
from watcher.inspection.verdict import Inspection
from watcher.sinks import Outlet, Pictures
from watcher.sinks.snapshot import snapshot_path
from watcher.vision import draw
from watcher.vision.arrays import U8
from watcher.vision.frame import Frame, encode_jpeg
from watcher.vision.geometry import Point
from watcher.vision.shrink import Shrinker


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One inspected frame, owned, with what came of it and the golden picture that it was compared with."""

    frame: Frame
    inspection: Inspection
    golden: U8 | None
    caption: str


class VerdictPictures:
    """The pictures of a verdict, drawn and encoded when first asked for, by whoever delivers them."""

    def __init__(self, judged: Judged, zones: Mapping[str, Sequence[Point]]) -> None:
        self._judged, self._zones = judged, zones
        self._one_at_a_time = Lock()

    def annotated(self) -> bytes:
        with self._one_at_a_time:
            return self._annotated

    def clean(self) -> bytes:
        return self._judged.frame.jpeg()

    def reference(self) -> bytes | None:
        return None if self._judged.golden is None else encode_jpeg(self._judged.golden)

    def difference(self) -> bytes | None:
        with self._one_at_a_time:
            return self._difference

    @cached_property
    def _annotated(self) -> bytes:
        judged = self._judged
        return encode_jpeg(
            draw.annotated(judged.frame.bgr(), judged.inspection.regions, self._zones, judged.caption)
        )

    @cached_property
    def _difference(self) -> bytes | None:
        difference = self._judged.inspection.difference
        if difference is None:
            return None
        picture = self._judged.frame.bgr()
        factor = min(1.0, DIFFERENCE_WIDTH / picture.shape[1])
        size = max(1, round(picture.shape[1] * factor)), max(1, round(picture.shape[0] * factor))
        return encode_jpeg(draw.heatmap(Shrinker().shrink(picture, size), difference))


class Verdicts:
    """Hands verdicts and their pictures to the outlets, and says where a picture will lie.

    Parameters
    ----------
    outlets : who delivers; asked anew each time.
    folder : of the storage.
    """

    def __init__(self, options: CameraOptions, outlets: Sequence[Outlet], folder: Path) -> None:
        self._options, self._outlets, self._folder = options, outlets, folder
        self._last = ""

    def use_options(self, options: CameraOptions) -> None:
        self._options = options

    def file(self, captured_at: datetime, inspection: str) -> str | None:
        """Where the picture of an inspection will lie; None where none is stored."""
        if not self._options.record.snapshot:
            return None
        return str(snapshot_path(self._folder, self._options.key, captured_at, inspection))

    def wants_picture(self, inspection: Inspection) -> bool:
        """Whether pictures of this verdict are kept; to be asked once for each."""
        line, before = self._options.inspection, self._last
        self._last = inspection.verdict
        if line.pictures == "none" or (line.pictures == "bad" and inspection.verdict == "PASS"):
            return False
        return line.when != "continuous" or inspection.verdict != before

    def tell(self, told: dict[str, Any], until: float) -> None:
        """A verdict, live up to `until` (monotonic seconds)."""
        for outlet in self._outlets:
            outlet.verdict(self._options.key, dict(told), until)

    def show(self, inspection_id: str, judged: Judged, zones: Mapping[str, Sequence[Point]]) -> None:
        """The pictures of an inspection."""
        frame, inspection = judged.frame, judged.inspection
        update = EventUpdate(
            phase="ended", event=Event(inspection_id, self._options.key, frame.at, frame.utc), sequence=0,
            captured=frame.at, captured_at=frame.utc, media_time=frame.media_time, similarity=None,
            changed_fraction=inspection.changed_fraction or 0.0, zones=(), regions=inspection.regions,
            frame_size=frame.size, reason=inspection.reason,
        )  # fmt: skip
        pictures: Pictures = VerdictPictures(judged, zones)
        for outlet in self._outlets:
            outlet.pictures(self._options.key, update, pictures)


def caption(options: CameraOptions, utc: datetime, inspection: Inspection, part: str | None) -> str:
    """The line along the top of a verdict's picture."""
    words = (
        options.title, f"{utc.astimezone():%Y-%m-%d %H:%M:%S}", part or "",
        f"{inspection.verdict.replace('_', ' ')}: {inspection.reason}",
    )  # fmt: skip
    return "  ".join(filter(None, words))


NewId = Callable[[datetime], str]
