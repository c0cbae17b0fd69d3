"""What a recipe needs to be inspected."""

from dataclasses import dataclass
from threading import Thread

from watcher.camera.recipes import Recipe
from watcher.inspection.gate import Place
from watcher.inspection.inspector import Inspector
from watcher.inspection.presence import Presence, view_size
from watcher.inspection.registering import grey_of
from watcher.inspection.verdict import Inspection
from watcher.vision.arrays import U8
from watcher.vision.frame import ArrayPixels, Frame
from watcher.vision.geometry import Size, watched_mask
from watcher.vision.shrink import Shrinker
from watcher.vision.standard import quick_score


@dataclass(slots=True)
class Bench:
    """One recipe set up; made anew, whole, when the recipe changes: no verdict is half of each of two."""

    recipe: Recipe
    inspector: Inspector
    presence: Presence
    size: Size
    shrinker: Shrinker
    grey: U8

    @classmethod
    def of(cls, recipe: Recipe) -> "Bench":
        shrinker, size = Shrinker(), view_size(recipe.golden.size)

        def small(picture: U8) -> U8:
            return ArrayPixels(picture).luma(size, shrinker).copy()

        watched = recipe.watched
        hidden = [area.points for area in (*watched.ignore.values(), *watched.privacy.values())]
        mask = watched_mask(size, [zone.points for zone in watched.zones.values()], hidden)
        empty = None if recipe.empty is None else small(recipe.empty)
        presence = Presence(small(recipe.golden.picture), empty, mask)
        inspector = Inspector(recipe.golden, recipe.options, watched)
        return cls(recipe, inspector, presence, size, shrinker, grey_of(recipe.golden.picture))

    def inspect(self, picture: U8) -> tuple[Inspection, float | None]:
        """A picture, judged; and its score, worked out beside: it decides nothing, and nobody shall wait for it."""
        score: list[float | None] = [None]

        def work_out() -> None:
            score[0] = quick_score(self.grey, grey_of(picture))

        beside = Thread(target=work_out, name="score", daemon=True)
        if picture.shape[:2] == self.grey.shape:
            beside.start()
        inspection = self.inspector.inspect(picture)
        if beside.ident is not None:
            beside.join()
        return inspection, score[0]

    def view(self, frame: Frame) -> U8:
        """The frame, small and grey. PictureUnreadable where it is broken."""
        return frame.view(self.size, self.shrinker).luma.copy()

    def place(self, frame: Frame, view: U8) -> Place | None:
        """What lies there; None where the frame has another size than the golden part."""
        return self.presence.look(view, frame.at) if frame.size == self.recipe.golden.size else None
