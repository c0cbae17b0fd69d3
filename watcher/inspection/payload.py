"""Verdicts as JSON objects, as subscribers see them. Key order is part of the form."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from watcher.events.payload import utc_text
from watcher.inspection.verdict import Inspection
from watcher.vision.detection import Region
from watcher.vision.geometry import Box, Size

SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What belongs to an inspection beside what was seen.

    `reference` is the label of the golden reference ("board-a@3"), `settings` a digest of what counted as a defect,
    `score` scikit-image's SSIM of the picture as it came with the golden one,
    `snapshot` the file of the picture, if one is kept.
    """

    id: str
    camera: str
    captured_at: datetime
    recipe: str
    reference: str
    settings: str
    part: str | None = None
    correlation_id: str | None = None
    elapsed_ms: float = 0.0
    frame_size: Size | None = None
    snapshot: str | None = None
    score: float | None = None


def payload(inspection: Inspection, about: Circumstances, counters: dict[str, Any]) -> dict[str, Any]:
    """The verdict payload; ``published_at`` is None: whoever publishes fills it in. ``score``, the SSIM of the
    whole picture as it came, decides nothing."""
    alignment, size = inspection.alignment, about.frame_size
    media = None
    if about.snapshot is not None and size is not None:
        media = {"file": about.snapshot, "width": int(size[0]), "height": int(size[1])}
    fraction = inspection.changed_fraction
    return {
        "schema": SCHEMA,
        "id": about.id,
        "camera": about.camera,
        "recipe": about.recipe,
        "part": about.part,
        "correlation_id": about.correlation_id,
        "captured_at": utc_text(about.captured_at),
        "published_at": None,
        "verdict": inspection.verdict,
        "reason": inspection.reason,
        "changed": {"PASS": False, "FAIL": True}.get(inspection.verdict),
        "score": None if about.score is None else round(about.score, 4),
        "changed_fraction": None if fraction is None else round(float(fraction), 6),
        "regions": [_region(region) for region in inspection.regions],
        "alignment": None if alignment is None else alignment.line(),
        "reference": about.reference,
        "settings": about.settings,
        "elapsed_ms": round(about.elapsed_ms, 1),
        "error": None,
        "frame_size": None if size is None else [int(size[0]), int(size[1])],
        "media": {"snapshot": media},
        "counters": counters,
    }


def _region(region: Region) -> dict[str, Any]:
    reference = region.reference_box
    return {
        **_box(region.box),
        "area": int(region.area),
        "peak": round(float(region.peak), 4),
        "zone": region.zones[0] if region.zones else None,
        "reference_box": None if reference is None else _box(reference),
    }


def _box(box: Box) -> dict[str, int]:
    return {"x": int(box.x0), "y": int(box.y0), "width": int(box.width), "height": int(box.height)}
