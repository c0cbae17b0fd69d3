"""Where to look, as masks of the analysed picture's size."""

from collections.abc import Mapping
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.vision.arrays import U8
from watcher.vision.geometry import Size, polygon_mask, watched_mask
from watcher.vision.options import WatchedOptions


class Watched:
    """Masks (uint8, 255 = looked at) of everything watched and of each zone, at `size` (width, height)."""

    def __init__(self, options: WatchedOptions, size: Size) -> None:
        hidden = [area.points for area in (*options.ignore.values(), *options.privacy.values())]
        zones = [zone.points for zone in options.zones.values()]
        self.everything = _bytes(watched_mask(size, zones, hidden))
        self.zones: Mapping[str, U8] = {
            key: cast(U8, cv2.bitwise_and(_bytes(polygon_mask(zone.points, size)), self.everything))
            for key, zone in options.zones.items()
        }
        self.pixels = cv2.countNonZero(self.everything)
        self._counts = {key: cv2.countNonZero(mask) for key, mask in self.zones.items()}

    def fraction(self, changed: U8) -> float:
        """Changed watched pixels / watched pixels; `changed` holds nothing unwatched."""
        return cv2.countNonZero(changed) / self.pixels if self.pixels else 0.0

    def zone_fractions(self, changed: U8) -> dict[str, float]:
        """The same for each zone."""
        return {
            key: cv2.countNonZero(cv2.bitwise_and(changed, mask)) / max(1, self._counts[key])
            for key, mask in self.zones.items()
        }


def _bytes(mask: NDArray[np.bool_]) -> U8:
    return mask.astype(np.uint8) * np.uint8(255)
