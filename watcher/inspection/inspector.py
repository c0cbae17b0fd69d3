"""A picture against a golden part: the order of the steps, nothing else."""

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from watcher.inspection.compared import Compared
from watcher.inspection.defects import Defect, defects
from watcher.inspection.golden import Golden
from watcher.inspection.lighting import Lighting
from watcher.inspection.limits import Reach
from watcher.inspection.local import Field, Local
from watcher.inspection.options import InspectionOptions
from watcher.inspection.telling import Telling
from watcher.inspection.tolerances import smallest, tolerances
from watcher.inspection.trust import badly_lit, blurred_by, burnt_out, unregistered
from watcher.inspection.verdict import Alignment, Inspection
from watcher.vision.align import Aligner, Limits, Registration
from watcher.vision.arrays import U8
from watcher.vision.geometry import Size
from watcher.vision.level import shrunk
from watcher.vision.light import Light
from watcher.vision.options import WatchedOptions
from watcher.vision.pose import Pose
from watcher.vision.watched import Watched

ANALYSED = 6.0
"""Pixels that the smallest defect has in the analysed picture, where the picture has as many."""
FOLLOWED = 0.85
"""Agreement at which a part is taken to lie as the last one did, without looking anywhere else; more is asked of
artwork that agrees with itself elsewhere."""
_ZONE_SEEN = 0.9


@dataclass(frozen=True, slots=True, eq=False)
class _Placed:
    """A picture registered: its pose, what is left of it place by place, and where it can be compared."""

    found: Registration
    field: Field
    compared: U8


class Inspector:
    """Judges pictures against one golden part; remembers how the last one lay.

    Not safe for several threads: one inspector a camera. `watched` has zones, ignored and private areas in
    fractions of the golden picture; they move with the part.
    """

    def __init__(
        self, golden: Golden, options: InspectionOptions | None = None, watched: WatchedOptions | None = None
    ) -> None:
        self.golden = golden
        self.options = options or InspectionOptions()
        watched = watched or WatchedOptions()
        wanted = smallest(self.options, watched)
        self.size = analysed(golden.size, wanted)
        scale = golden.size[0] / self.size[0], golden.size[1] / self.size[1]
        picture = resized(golden.picture, self.size)
        self._grey = grey_of(picture)
        self._watched = Watched(watched, self.size)
        self._reach = Reach.of(wanted / scale[0])
        self._limits = limits_of(self.options, self.size)
        self._aligner = Aligner(self._grey, self._limits)
        self._rival = self._aligner.rival
        self._local = Local(self._grey, self._aligner.levels[max(0, len(self._aligner.levels) - 2)].size)
        self._lighting = Lighting(self._grey, self._watched.everything)
        allowed = tolerances(self.options, watched, self.size, scale[0])
        self._least = allowed.least
        self._compared = Compared(golden, picture, allowed, self._reach)
        self._telling = Telling(golden, self.options, self._watched, scale)
        self._last = Pose()

    def forget(self) -> None:
        """How the last part lay: the next is looked for as the first was."""
        self._last = Pose()

    def inspect(self, picture: U8) -> Inspection:
        """`picture`: uint8, BGR of shape (H, W, 3) or grey of shape (H, W)."""
        if (picture.shape[1], picture.shape[0]) != self.golden.size:
            width, height = self.golden.size
            is_now = f"{picture.shape[1]}x{picture.shape[0]}"
            return Inspection("NOT_INSPECTED", f"the picture is {is_now}, the golden part {width}x{height}")
        small = resized(picture, self.size)
        grey = grey_of(small)
        found = self._registered(grey)
        refused = unregistered(found, grey, self._grey, self._limits, self.size)
        if refused:
            return Inspection("NOT_INSPECTED", refused)
        placed = self._placed(grey, found)
        alignment = self._telling.alignment(placed.found.pose, placed.field.residual)
        refused = self._out_of_sight(placed)
        if refused:
            return Inspection("NOT_INSPECTED", refused, alignment=alignment)
        self._last = found.pose
        return self._judged(picture, small, grey, placed, alignment)

    def _judged(self, picture: U8, small: U8, grey: U8, placed: _Placed, alignment: Alignment) -> Inspection:
        x, y = placed.field.maps(self.size)
        now = cast(U8, cv2.remap(grey, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
        start = Light(placed.found.gain, placed.found.offset)
        light, noise = self._lighting.on(now, placed.compared, start)
        allowed = self.options.light
        refused = self._out_of_focus(placed.found, light) or badly_lit(light, allowed)
        refused = refused or burnt_out(now, self._grey, light, placed.compared, allowed)
        if refused:
            return Inspection("NOT_INSPECTED", refused, alignment=alignment)
        differences = self._compared.differences(small, (x, y), levelled(now, light), placed.compared, noise)
        told: list[Defect] = defects(differences, self._reach.edge + 1, self._least)
        return self._telling.inspection(told, differences, placed.found.pose, alignment, picture)

    def _registered(self, grey: U8) -> Registration:
        limits = self._limits
        if limits.shift == limits.angle == limits.scale == 0:
            return Registration(Pose(), 1.0, 1.0)
        near = self._aligner.follow(grey, self._last)
        enough = max(FOLLOWED, min(0.95, (1 + self._rival) / 2))
        if near.agreement >= enough and limits.hold(near.pose, self.size):
            return near
        found = self._aligner.find(grey)
        return near if near.agreement > found.agreement and limits.hold(near.pose, self.size) else found

    def _placed(self, grey: U8, found: Registration) -> _Placed:
        field = self._local.field(shrunk(grey, self._local.size), found.pose, found.gain, found.offset)
        inside = cast(U8, cv2.bitwise_and(self._watched.everything, self._inside(found.pose)))
        return _Placed(found, field, inside)

    def _inside(self, pose: Pose) -> U8:
        """255 where a pixel of the golden part is shown, a rim of it and of the picture left out."""
        width, height = self.size
        rim = self._reach.rim
        right, bottom = width - 1 - rim, height - 1 - rim
        ends = np.array([[rim, rim], [right, rim], [right, bottom], [rim, bottom]], np.float64)
        inside = np.zeros((height, width), np.uint8)
        cv2.fillConvexPoly(inside, np.round(pose.back().points(ends)).astype(np.int32), (255,))
        inside[:rim], inside[-rim:], inside[:, :rim], inside[:, -rim:] = 0, 0, 0, 0
        return inside

    def _out_of_focus(self, found: Registration, light: Light) -> str:
        finest = self._aligner.levels[-1].size[0]
        blur = blurred_by(found, light) * self.golden.size[0] / finest
        most = self.options.light.blur
        if most is None:
            most = 0.4 * self._reach.defect * self.golden.size[0] / self.size[0]
        return f"out of focus: blurred by about {blur:.1f} pixels more than the golden part" if blur > most else ""

    def _out_of_sight(self, placed: _Placed) -> str:
        for key, mask in self._watched.zones.items():
            shown = cv2.countNonZero(cv2.bitwise_and(mask, placed.compared)) / max(1, cv2.countNonZero(mask))
            if shown < _ZONE_SEEN:
                return f"only {100 * shown:.0f} % of the zone {key} is in the picture"
        return ""


def limits_of(options: InspectionOptions, size: Size) -> Limits:
    """Where the part may lie, in pixels of a picture of `size`."""
    pose = options.pose
    return Limits(shift=pose.shift * max(size), angle=pose.angle, scale=pose.scale, perspective=pose.perspective)


def levelled(now: U8, light: Light) -> U8:
    """In the golden part's light."""
    if abs(light.gain - 1) < 0.002 and abs(light.offset) < 0.3:
        return now
    table = np.clip((np.arange(256) - light.offset) / light.gain + 0.5, 0, 255).astype(np.uint8)
    return cast(U8, cv2.LUT(now, table))


def analysed(full: Size, defect: float) -> Size:
    """The size at which a picture of the size `full` shows the smallest defect (pixels) large enough."""
    factor = min(1.0, ANALYSED / defect)
    return max(32, round(full[0] * factor)), max(32, round(full[1] * factor))


def resized(picture: U8, size: Size) -> U8:
    """`picture` at `size`."""
    if (picture.shape[1], picture.shape[0]) == size:
        return picture
    return cast(U8, cv2.resize(picture, size, interpolation=cv2.INTER_AREA))


def grey_of(picture: U8) -> U8:
    """uint8 of shape (H, W)."""
    return picture if picture.ndim == 2 else cast(U8, cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))
