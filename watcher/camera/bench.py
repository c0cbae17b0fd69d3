"""What a recipe needs to be inspected."""

from dataclasses import dataclass

from watcher.camera.recipes import Recipe
from watcher.inspection.gate import Place
from watcher.inspection.inspector import Inspector
from watcher.inspection.presence import Presence, view_size
from watcher.vision.arrays import U8
from watcher.vision.frame import ArrayPixels, Frame
from watcher.vision.geometry import Size, watched_mask
from watcher.vision.shrink import Shrinker


@dataclass(slots=True)
class Bench:
    """One recipe set up; made anew, whole, when the recipe changes: no verdict is half of each of two."""

    recipe: Recipe
    inspector: Inspector
    presence: Presence
    size: Size
    shrinker: Shrinker

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
        return cls(recipe, Inspector(recipe.golden, recipe.options, watched), presence, size, shrinker)

    def view(self, frame: Frame) -> U8:
        """The frame, small and grey. PictureUnreadable where it is broken."""
        return frame.view(self.size, self.shrinker).luma.copy()

    def place(self, frame: Frame, view: U8) -> Place | None:
        """What lies there; None where the frame has another size than the golden part."""
        return self.presence.look(view, frame.at) if frame.size == self.recipe.golden.size else None
