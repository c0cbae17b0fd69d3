"""One inspected frame, and its pictures for people."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from watcher.camera.pictures import DIFFERENCE_WIDTH, drawn
from watcher.camera.recipes import Recipe
from watcher.inspection.gate import Due
from watcher.inspection.verdict import Alignment, Inspection
from watcher.vision import draw
from watcher.vision.detection import Region
from watcher.vision.frame import Frame, encode_jpeg
from watcher.vision.geometry import Point, Size
from watcher.vision.pose import Pose
from watcher.vision.shrink import Shrinker


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One inspected frame, and for whom. `recipe` is None where a picture is only shown."""

    frame: Frame
    inspection: Inspection
    recipe: Recipe | None
    due: Due = field(default_factory=Due)
    elapsed_ms: float = 0.0
    score: float | None = None

    @property
    def part(self) -> str | None:
        return self.due.triggers[0].part if self.due.triggers else None


class VerdictPictures:
    """The pictures of a verdict, drawn and encoded when first asked for, by whoever delivers them."""

    def __init__(self, judged: Judged, caption: str) -> None:
        self._judged, self._caption = judged, caption

    def annotated(self) -> bytes:
        return drawn(lambda: self._annotated)

    def clean(self) -> bytes:
        return self._judged.frame.jpeg()

    def reference(self) -> bytes | None:
        recipe = self._judged.recipe
        return None if recipe is None else encode_jpeg(recipe.golden.picture)

    def difference(self) -> bytes | None:
        return drawn(lambda: self._difference)

    @cached_property
    def _annotated(self) -> bytes:
        judged, recipe = self._judged, self._judged.recipe
        zones: dict[str, Sequence[Point]] = {}
        if recipe is not None:
            zones = {key: zone.points for key, zone in recipe.watched.zones.items()}
        size, alignment = judged.frame.size, judged.inspection.alignment
        if alignment is not None:
            zones = {key: _moved(points, alignment, size) for key, points in zones.items()}
        regions = judged.inspection.regions
        return encode_jpeg(draw.annotated(judged.frame.bgr(), regions, zones, self._caption, _area))

    @cached_property
    def _difference(self) -> bytes | None:
        difference = self._judged.inspection.difference
        if difference is None:
            return None
        picture = self._judged.frame.bgr()
        factor = min(1.0, DIFFERENCE_WIDTH / picture.shape[1])
        size = max(1, round(picture.shape[1] * factor)), max(1, round(picture.shape[0] * factor))
        return encode_jpeg(draw.heatmap(Shrinker().shrink(picture, size), difference))


def _area(region: Region) -> str:
    return f"{region.area} px"


def _moved(points: Sequence[Point], alignment: Alignment, size: Size) -> list[Point]:
    """Where a zone lies that is drawn on the golden part: it moves with the part."""
    pose = Pose.of(alignment.shift, alignment.angle, alignment.scale, size)
    there = pose.points(np.array(points, np.float64) * size - 0.5) + 0.5
    return [(float(x) / size[0], float(y) / size[1]) for x, y in there]
