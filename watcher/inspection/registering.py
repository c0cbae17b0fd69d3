"""A picture laid onto the golden one: pose, what is left of it place by place, and the light."""

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from watcher.inspection.light import Light
from watcher.inspection.lighting import Lighting, Lit
from watcher.inspection.local import Field, Local
from watcher.inspection.options import InspectionOptions
from watcher.inspection.trust import unregistered
from watcher.vision.align import Aligner, Limits, Registration
from watcher.vision.arrays import F32, U8
from watcher.vision.geometry import Size
from watcher.vision.level import shrunk
from watcher.vision.pose import Pose

NEARBY = 0.008
"""Of the longer side: what moved further than that from where the last part lay (5 pixels of 640) is looked for
everywhere, because a few steps may have ended at what only looks alike."""
FOLLOWED = 0.85
"""Agreement at which a part is taken to lie as the last one did, without looking anywhere else; more is asked of
artwork that agrees with itself elsewhere."""


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A registered picture. `compared`: uint8, 255 where the golden part is watched and shown. `maps`: where the
    pixels of the golden part lie in the picture, for `cv2.remap`. `lit`: the light, about."""

    found: Registration
    field: Field
    compared: U8
    maps: tuple[F32, F32]
    lit: Lit

    def drawn(self, picture: U8) -> U8:
        """`picture` as it would look from where the golden one was taken."""
        return cast(U8, cv2.remap(picture, *self.maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


class Registering:
    """Lays pictures (uint8, grey) onto a golden one of their size; remembers how the last one lay.

    `watched` : uint8, 255 = compared. `rim` : pixels at the border, of the golden picture and of the other, that
    are not compared.
    """

    def __init__(self, golden: U8, watched: U8, limits: Limits, rim: int) -> None:
        self.golden = golden
        self.size: Size = (golden.shape[1], golden.shape[0])
        self.limits = limits
        self._watched = watched
        self._rim = rim
        self._aligner = Aligner(golden, limits)
        self._rival = self._aligner.rival
        self._local = Local(golden, self._aligner.levels[max(0, len(self._aligner.levels) - 2)].size)
        self._lighting = Lighting(golden, watched)
        self.last = Pose()

    @property
    def finest(self) -> int:
        """Width of the finest picture that is registered: what a `Registration`'s sharpness is of."""
        return self._aligner.levels[-1].size[0]

    def placed(self, grey: U8) -> Placed | str:
        """How the part lies in `grey`, or why that cannot be trusted, in words."""
        found = self._registered(grey)
        refused = unregistered(found, grey, self.golden, self.limits, self.size)
        if refused:
            return refused
        compared = cast(U8, cv2.bitwise_and(self._watched, self._inside(found.pose)))
        # The registration's own light is that of edges, where wider lines look like more light.
        lit = self._lighting.on(grey, found.pose, compared, Light(found.gain, found.offset))
        field = self._local.field(shrunk(grey, self._local.size), found.pose, lit)
        return Placed(found, field, compared, field.maps(self.size), lit)

    def light(self, drawn: U8, placed: Placed) -> Lit:
        """The light on a registered picture."""
        return self._lighting.again(drawn, placed.compared, placed.lit)

    def _registered(self, grey: U8) -> Registration:
        limits = self.limits
        if limits.shift == limits.angle == limits.scale == 0:
            return Registration(Pose(), 1.0, 1.0)
        near = self._aligner.within(grey, self._aligner.follow(grey, self.last))
        enough = max(FOLLOWED, min(0.95, (1 + self._rival) / 2))
        held = limits.hold(near.pose, self.size)
        if near.agreement >= enough and held and self._moved(near.pose) <= NEARBY * max(self.size):
            return near
        found = self._aligner.find(grey)
        return near if near.agreement > found.agreement and held else found

    def _moved(self, pose: Pose) -> float:
        """Pixels by which the corner that moved most lies off where the last part had it."""
        width, height = self.size
        corners = np.array([[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]])
        return float(np.abs(pose.points(corners) - self.last.points(corners)).max())

    def _inside(self, pose: Pose) -> U8:
        """255 where a pixel of the golden part is shown, the rims left out."""
        width, height = self.size
        rim = self._rim
        right, bottom = width - 1 - rim, height - 1 - rim
        ends = np.array([[rim, rim], [right, rim], [right, bottom], [rim, bottom]], np.float64)
        inside = np.zeros((height, width), np.uint8)
        cv2.fillConvexPoly(inside, np.round(pose.back().points(ends)).astype(np.int32), (255,))
        if rim:
            inside[:rim], inside[-rim:], inside[:, :rim], inside[:, -rim:] = 0, 0, 0, 0
        return inside


def limits_of(options: InspectionOptions, size: Size) -> Limits:
    """Where the part may lie, in pixels of a picture of `size`."""
    pose = options.pose
    return Limits(shift=pose.shift * max(size), angle=pose.angle, scale=pose.scale, perspective=pose.perspective)


def resized(picture: U8, size: Size) -> U8:
    """`picture` at `size`."""
    if (picture.shape[1], picture.shape[0]) == size:
        return picture
    return cast(U8, cv2.resize(picture, size, interpolation=cv2.INTER_AREA))


def grey_of(picture: U8) -> U8:
    """uint8 of shape (H, W)."""
    return picture if picture.ndim == 2 else cast(U8, cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))
