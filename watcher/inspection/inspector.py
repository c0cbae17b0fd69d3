"""A picture against a golden part."""

from typing import cast

import cv2
import numpy as np

from watcher.inspection.golden import Golden
from watcher.inspection.options import InspectionOptions
from watcher.inspection.verdict import Alignment, Inspection, Maps
from watcher.vision.align import Pose
from watcher.vision.arrays import U8
from watcher.vision.detection import Region
from watcher.vision.options import WatchedOptions
from watcher.vision.regions import patches
from watcher.vision.standard import standard_score
from watcher.vision.watched import Watched


class Inspector:
    """Judges pictures against one golden part; remembers how the last one lay.

    Not safe for several threads: one inspector a camera.
    """

    def __init__(
        self, golden: Golden, options: InspectionOptions | None = None, watched: WatchedOptions | None = None
    ) -> None:
        self.golden = golden
        self.options = options or InspectionOptions()
        self._watched = Watched(watched or WatchedOptions(), golden.size)

    def inspect(self, picture: U8) -> Inspection:
        """`picture`: uint8, BGR of shape (H, W, 3) or grey of shape (H, W)."""
        if (picture.shape[1], picture.shape[0]) != self.golden.size:
            return Inspection("NOT_INSPECTED", "the picture has another size than the golden part")
        now, golden = _grey(picture), _grey(self.golden.picture)
        difference = cv2.absdiff(cv2.blur(now, (3, 3)), cv2.blur(golden, (3, 3)))
        difference = cv2.bitwise_and(difference, self._watched.everything)
        changed = cast(U8, np.where(difference > 60, 255, 0).astype(np.uint8))
        changed = cast(U8, cv2.morphologyEx(changed, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)))
        whole = (slice(0, now.shape[0]), slice(0, now.shape[1]))
        pose = Pose()
        regions = tuple(
            Region(pose.box(patch.box, self.golden.size), patch.area, 1.0, 1.0, reference_box=patch.box)
            for patch in patches(changed, changed, 25, whole)
        )
        return Inspection(
            "FAIL" if regions else "PASS",
            f"{len(regions)} defects" if regions else "nothing differs",
            regions,
            self._watched.fraction(changed),
            self._watched.zone_fractions(changed),
            Alignment((0.0, 0.0), 0.0, 1.0, 0.0),
            lambda: Maps(changed, np.divide(difference, np.float32(255))),
            lambda: standard_score(golden, now),
        )


def _grey(picture: U8) -> U8:
    return picture if picture.ndim == 2 else cast(U8, cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))
