"""From defects to what is said of a part: regions, fractions, words, and pictures when they are asked for."""

from collections.abc import Mapping, Sequence
from typing import cast

import cv2
import numpy as np

from watcher.inspection.defects import CAP, Defect
from watcher.inspection.difference import Differences
from watcher.inspection.golden import Golden
from watcher.inspection.options import InspectionOptions
from watcher.inspection.verdict import Alignment, Inspection, Maps
from watcher.quantities import percent
from watcher.vision.arrays import F32, U8
from watcher.vision.detection import Region
from watcher.vision.geometry import Box
from watcher.vision.options import ZoneOptions
from watcher.vision.pose import Pose
from watcher.vision.standard import standard_score
from watcher.vision.watched import Watched


class Telling:
    """What was found at the analysed size, said in pixels of the picture; `scale`: those per analysed pixel."""

    def __init__(
        self,
        golden: Golden,
        options: InspectionOptions,
        watched: Watched,
        zones: Mapping[str, ZoneOptions],
        scale: tuple[float, float],
    ) -> None:
        self._golden = golden
        self._watched = watched
        self._thresholds = {key: zone.threshold or 0.0 for key, zone in zones.items()}
        self._scale = scale
        margin = options.margin
        smallest = options.pixels(options.smallest_defect)
        self._margin = round(1.5 * smallest if margin is None else options.pixels(margin))

    def alignment(self, pose: Pose, residual: float) -> Alignment:
        """How the part lies, in pixels of the picture."""
        shift, angle, scale = self._full(pose).parameters(self._golden.size)
        return Alignment(shift, angle, scale, residual * self._scale[0])

    def inspection(
        self, told: Sequence[Defect], differences: Differences, pose: Pose, alignment: Alignment, picture: U8
    ) -> Inspection:
        """The verdict."""
        shape = (differences.seeds.shape[0], differences.seeds.shape[1])
        told = self._counting(told, shape)
        changed = _drawn(told, shape)
        full, golden = self._full(pose), self._golden
        fraction = self._watched.fraction(changed)
        return Inspection(
            verdict="FAIL" if told else "PASS",
            reason=self._words(told, fraction),
            regions=tuple(sorted((self._region(one, full) for one in told), key=lambda region: -region.area)),
            changed_fraction=fraction,
            zone_fractions=self._watched.zone_fractions(changed),
            alignment=alignment,
            drawn=lambda: self._maps(changed, differences, full),
            scored=lambda: standard_score(_grey(golden.picture), _grey(picture)),
        )

    def _counting(self, told: Sequence[Defect], shape: tuple[int, int]) -> Sequence[Defect]:
        """Without those in zones in which there is less change, all in all, than counts there."""
        if not told or not any(self._thresholds.values()):
            return told
        fractions = self._watched.zone_fractions(_drawn(told, shape))
        counts = {key for key, least in self._thresholds.items() if fractions.get(key, 0.0) >= least}
        return [one for one in told if not (zones := self._zones(one)) or counts.intersection(zones)]

    def _full(self, pose: Pose) -> Pose:
        return pose.resized(*self._scale)

    def _words(self, told: Sequence[Defect], fraction: float) -> str:
        if not told:
            return "nothing differs in the zones" if self._watched.zones else "nothing differs"
        count = f"{len(told)} defect{'s' if len(told) > 1 else ''}, {percent(fraction)} of what is watched"
        zones = dict.fromkeys(key for one in told for key in self._zones(one))
        return f"{count}, in {', '.join(zones)}" if zones else count

    def _zones(self, one: Defect) -> tuple[str, ...]:
        rows, columns = slice(one.box.y0, one.box.y1), slice(one.box.x0, one.box.x1)
        zones = self._watched.zones.items()
        return tuple(key for key, mask in zones if cv2.bitwise_and(mask[rows, columns], one.mask).any())

    def _region(self, one: Defect, pose: Pose) -> Region:
        size = self._golden.size
        box = one.box.scaled(*self._scale, size).grown(self._margin)
        return Region(
            box=pose.box(box, size),
            area=max(1, round(one.area * self._scale[0] * self._scale[1])),
            peak=round(one.strongest / CAP, 4),
            mean=round(one.mean / CAP, 4),
            zones=self._zones(one),
            reference_box=box.intersection(Box(0, 0, *size)),
        )

    def _maps(self, changed: U8, differences: Differences, pose: Pose) -> Maps:
        size = self._golden.size
        strength = np.zeros(changed.shape, np.float32)
        if differences.ratios:
            whole = slice(0, changed.shape[0]), slice(0, changed.shape[1])
            strength = np.minimum(differences.strength(*whole) / 2, 1).astype(np.float32)
        mask = cv2.resize(changed, size, interpolation=cv2.INTER_NEAREST)
        shown = cv2.resize(strength, size, interpolation=cv2.INTER_LINEAR)
        there = pose.drawn_onto(cast(U8, mask), size)
        return Maps(
            np.where(there > 127, 255, 0).astype(np.uint8),
            cast(F32, pose.drawn_onto(cast(U8, shown), size)),
            pose.drawn_onto(self._golden.picture, size),
        )


def _drawn(told: Sequence[Defect], shape: tuple[int, int]) -> U8:
    """255 where there is a defect."""
    changed = np.zeros(shape, np.uint8)
    for one in told:
        part = changed[one.box.y0 : one.box.y1, one.box.x0 : one.box.x1]
        cv2.bitwise_or(part, one.mask, dst=part)
    return changed


def _grey(picture: U8) -> U8:
    return picture if picture.ndim == 2 else cast(U8, cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))
