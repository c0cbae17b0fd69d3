"""One inspected frame, and its pictures for people."""

from dataclasses import dataclass, field
from functools import cached_property

from watcher.camera.pictures import DIFFERENCE_WIDTH, drawn
from watcher.camera.recipes import Recipe
from watcher.inspection.gate import Due
from watcher.inspection.verdict import Inspection
from watcher.vision import draw
from watcher.vision.frame import Frame, encode_jpeg
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
        zones = {} if recipe is None else {key: zone.points for key, zone in recipe.watched.zones.items()}
        picture = draw.annotated(judged.frame.bgr(), judged.inspection.regions, zones, self._caption)
        return encode_jpeg(picture)

    @cached_property
    def _difference(self) -> bytes | None:
        difference = self._judged.inspection.difference
        if difference is None:
            return None
        picture = self._judged.frame.bgr()
        factor = min(1.0, DIFFERENCE_WIDTH / picture.shape[1])
        size = max(1, round(picture.shape[1] * factor)), max(1, round(picture.shape[0] * factor))
        return encode_jpeg(draw.heatmap(Shrinker().shrink(picture, size), difference))
