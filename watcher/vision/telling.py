"""What is told of changed pixels: regions in pixels of the picture, and for how long each has been still."""

from collections.abc import Sequence

from watcher.vision.arrays import F32, U8, window_around
from watcher.vision.detection import Region, StillCause
from watcher.vision.frame import View
from watcher.vision.geometry import Size
from watcher.vision.regions import Patch, joined, region
from watcher.vision.still import Stillness, stayed
from watcher.vision.watched import Watched


class Telling:
    """Makes regions of patches, and follows when their pixels moved last.

    Parameters
    ----------
    size, full_size : (width, height) of the analysed picture, and of the frames.
    join : part of the width within which patches become one region.

    Attributes
    ----------
    still : since when pixels have been still.
    """

    def __init__(self, size: Size, full_size: Size, join: float, watched: Watched) -> None:
        self.still = Stillness((size[1], size[0]))
        self._full_size, self._distance, self._watched = full_size, round(join * size[0]), watched

    def regions(
        self, found: Sequence[Patch], active: U8, change: F32, luma: U8, expected: F32, view: View
    ) -> tuple[Region, ...]:
        """The regions of a frame `luma`; `active` (255) are the pixels of `found`, `change` says how much of it."""
        self.still.changed(luma, active, view.at, window_around(active, 2))

        def still(patch: Patch) -> tuple[float, StillCause | None]:
            seconds = max(0.0, view.at - self.still.since(patch))
            return round(seconds, 3), (stayed(patch, luma, expected) if seconds > 0 else None)

        zones, scale = self._watched.zones, view.scale
        near = joined(found, self._distance)
        return tuple(region(patch, change, zones, scale, self._full_size, still) for patch in near)
