"""A picture against a golden part: the order of the steps, nothing else."""

import cv2

from watcher.inspection.compared import Compared
from watcher.inspection.defects import defects
from watcher.inspection.golden import Golden
from watcher.inspection.light import Light
from watcher.inspection.lighting import Lit
from watcher.inspection.limits import Reach
from watcher.inspection.options import InspectionOptions
from watcher.inspection.registering import Placed, Registering, grey_of, limits_of, resized
from watcher.inspection.telling import Telling
from watcher.inspection.tolerances import smallest, tolerances
from watcher.inspection.trust import badly_lit, blurred_by, burnt_out, drowned, unevenly_lit
from watcher.inspection.verdict import Alignment, Inspection
from watcher.vision.arrays import U8
from watcher.vision.geometry import Size
from watcher.vision.options import WatchedOptions
from watcher.vision.pose import Pose
from watcher.vision.watched import Watched

ANALYSED = 6.0
"""Pixels that the smallest defect has in the analysed picture, where the picture has as many."""
_ZONE_SEEN = 0.9
_FOCUSED = 0.5
"""Blur (sigma) over the smallest defect still in focus: beyond, such a defect loses half of its contrast."""


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
        self._reach = Reach.of(wanted / scale[0])
        self._watched = Watched(watched, self.size)
        self._registering = Registering(
            grey_of(picture), self._watched.everything, limits_of(self.options, self.size), self._reach.rim
        )
        allowed = tolerances(self.options, watched, self.size, scale[0])
        self._least = allowed.least
        self._compared = Compared(golden, picture, allowed, self._reach)
        self._telling = Telling(golden, self.options, self._watched, watched.zones, scale)

    def forget(self) -> None:
        """How the last part lay: the next is looked for as the first was."""
        self._registering.last = Pose()

    def inspect(self, picture: U8) -> Inspection:
        """`picture`: uint8, BGR of shape (H, W, 3) or grey of shape (H, W)."""
        if (picture.shape[1], picture.shape[0]) != self.golden.size:
            width, height = self.golden.size
            is_now = f"{picture.shape[1]}x{picture.shape[0]}"
            return Inspection("NOT_INSPECTED", f"the picture is {is_now}, the golden part {width}x{height}")
        small = resized(picture, self.size)
        grey = grey_of(small)
        placed = self._registering.placed(grey)
        if isinstance(placed, str):
            return Inspection("NOT_INSPECTED", placed)
        alignment = self._telling.alignment(placed.found.pose, placed.field.residual)
        now = placed.drawn(grey)
        lit = self._registering.light(now, placed)
        refused = self._refused(now, placed, lit)
        if refused:
            return Inspection("NOT_INSPECTED", refused, alignment=alignment)
        self._registering.last = placed.found.pose
        return self._judged(picture, small, now, placed, lit, alignment)

    def _judged(
        self, picture: U8, small: U8, now: U8, placed: Placed, lit: Lit, alignment: Alignment
    ) -> Inspection:
        differences = self._compared.differences(small, placed, lit.levelled(now), lit)
        told = defects(differences, self._reach.edge + 1, self._least)
        return self._telling.inspection(told, differences, placed.found.pose, alignment, picture)

    def _refused(self, now: U8, placed: Placed, lit: Lit) -> str:
        """Why a registered picture cannot be judged after all; empty where it can."""
        allowed, golden, light = self.options.light, self._registering.golden, lit.light
        return (
            self._out_of_sight(placed)
            or self._out_of_focus(placed, light)
            or badly_lit(light, allowed)
            or unevenly_lit(lit.uneven, allowed)
            or drowned(lit.noise)
            or burnt_out(now, golden, light, placed.compared, allowed)
        )

    def _out_of_focus(self, placed: Placed, light: Light) -> str:
        blur = blurred_by(placed.found, light) * self.golden.size[0] / self._registering.finest
        most = self.options.light.blur
        if most is None:
            most = _FOCUSED * self._reach.defect * self.golden.size[0] / self.size[0]
        return f"out of focus: blurred by about {blur:.1f} pixels more than the golden part" if blur > most else ""

    def _out_of_sight(self, placed: Placed) -> str:
        for key, mask in self._watched.zones.items():
            shown = cv2.countNonZero(cv2.bitwise_and(mask, placed.compared)) / max(1, cv2.countNonZero(mask))
            if shown < _ZONE_SEEN:
                return f"only {100 * shown:.0f} % of the zone {key} is in the picture"
        return ""


def analysed(full: Size, defect: float) -> Size:
    """The size at which a picture of the size `full` shows the smallest defect (pixels) large enough."""
    factor = min(1.0, ANALYSED / defect)
    return max(32, round(full[0] * factor)), max(32, round(full[1] * factor))
