"""The pictures of a verdict."""

from datetime import UTC, datetime

import cv2
import numpy as np

from tests.support import parts
from watcher.camera.recipes import Recipe
from watcher.camera.verdicts import Judged, VerdictPictures
from watcher.inspection.golden import teach
from watcher.inspection.inspector import Inspector
from watcher.vision.frame import ArrayPixels, Frame
from watcher.vision.options import WatchedOptions, ZoneOptions

LEFT, TOP = 0.3, 0.35


def test_zones_are_drawn_where_they_lie_on_this_part() -> None:
    zone = ZoneOptions(points=((LEFT, TOP), (0.7, TOP), (0.7, 0.7), (LEFT, 0.7)))
    watched = WatchedOptions(zones={"pads": zone})
    golden = teach([parts.part()]).golden
    inspector = Inspector(golden, None, watched)
    recipe = Recipe("board", "board@1", "", golden, inspector.options, watched)
    for x, y in ((0, 0), (12, -9)):
        picture = parts.part(x=x, y=y, seed=4)
        judged = Judged(Frame(0.0, datetime.now(UTC), ArrayPixels(picture)), inspector.inspect(picture), recipe)
        drawn = cv2.imdecode(np.frombuffer(VerdictPictures(judged, "").annotated(), np.uint8), cv2.IMREAD_COLOR)
        there = cv2.absdiff(drawn, picture).max(axis=2).astype(int)
        across = there[int(0.4 * parts.SIZE[1]) : int(0.65 * parts.SIZE[1])].mean(axis=0)
        assert abs(int(np.argmax(across[: parts.SIZE[0] // 2])) - (LEFT * parts.SIZE[0] + x)) <= 2
