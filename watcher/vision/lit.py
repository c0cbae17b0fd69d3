"""The scene as it looks in the light of the moment: what frames are really compared with.

Frames are taken as they are, and the reference is put into their light, so that a quiet frame costs no more under
a cloud than in the sun. What the camera clips can be told no better than it shows: where light explains that a
place is white or black, it counts as the same.
"""

import math
from collections.abc import Callable, Iterator
from typing import cast

import cv2
import numpy as np

from watcher.vision.arrays import F32, U8, above, at_least_0, at_most, up_to
from watcher.vision.field import GAINS, gain_field
from watcher.vision.tone import CLIPPED, NOTICED, SAME_TONE, Tone, coarse, line_on, tone_on, unclipped

_BRIGHT = 225.0
"""From here on a place may be clipped in one of its colours while its brightness is not."""
_DARK = 10.0
_ALMOST = CLIPPED[1] - 1e-4

_LEAST_SLOPE = 0.25
"""So much is left of any contrast, for noise to be told in the light of the reference."""

LOOK_EVERY = 0.25
"""Seconds for which the light on parts of the picture holds, unless more and more of it differs in tone alone."""

_CLEARLY = 3.0
"""Grey levels by which light that has just been looked for has to move to be another one."""

_STIRRED, _FEW = 1.0, 0.15
"""Grey levels by which a cell of the grid has become another, and part of the cells that may have while light that
was just looked for in vain is not looked for again: things that move change few of them, light nearly all."""

_TONE = 8.0
"""Grey levels by which a cell of the grid differs in tone."""

_CONSIDERABLE = 0.05
"""Part of the picture that has to differ in tone alone before light on parts of it is looked for."""

_LEFT = 0.01
"""The same where such light has been found already."""

_MORE = 0.02
"""Part of the picture by which more must differ than at the last look for the next one to come at once."""

_ALONE = 64.0
"""Of 255: how much of a cell may have another structure while it differs in tone alone."""

_UNEXPLAINED, _APART = 0.005, 12.0
"""Part of the picture that light leaves unexplained, by so many grey levels, before another light is tried."""

_BETTER = 0.6
"""What part of it another light may leave to be the right one."""

_MORE_THAN_IN_VAIN, _FORGOTTEN = 1.3, 0.9
"""How much more must be unexplained than where another light was tried in vain, and what is left of that with each
time that the light is looked for: things remain, light that was mistaken grows."""

_ANOTHER = 4.0
"""Grey levels by which that has to be another light somewhere."""

_ROUNDING = 1 / 12
"""Variance of a level that was rounded."""


class Lit:
    """`expected` (luma, float32 of shape (h, w)) in the light that was found last.

    Attributes
    ----------
    light : the tone curve; `SAME_TONE` where nothing has to be done.
    field : by how much each pixel is brighter than that, float32 (h, w); None where no part is lit otherwise.
    picture : `expected` in this light, float32 (h, w), 0-255.
    """

    def __init__(self, watched: U8) -> None:
        self._watched: F32 = coarse(watched) / np.float32(255)
        self._counted = above(self._watched, 0.05)
        self._weight = self._watched
        self.light = SAME_TONE
        self.field: F32 | None = None
        self._everything = watched
        self._luma: U8 = np.zeros_like(watched)
        self._means: F32 | None = None
        self._means_weight: F32 | None = None
        self._lit_cells: F32 | None = None
        self._field_cells: tuple[F32, F32] | None = None
        self._exact: Tone | None = None
        self._looked_at, self._differed = -math.inf, 0.0
        self._in_vain = 0.0
        self._found_at = -math.inf
        self._sought: F32 | None = None
        self.picture: F32 = np.zeros(watched.shape, np.float32)
        self._expected: F32 = self.picture
        self._coarse: F32 = coarse(self.picture)
        self._from: U8 | None = None
        self._to: U8 | None = None

    @property
    def another(self) -> bool:
        """Whether the light is another than that of the reference."""
        return self.light is not SAME_TONE or self.field is not None

    def see(self, luma: U8) -> None:
        """Another frame: what is asked for from now on is about this one."""
        self._luma, self._means, self._means_weight, self._exact = luma, None, None, None

    def of(self, picture: F32) -> F32:
        """Any luma in the light of the reference (float32, (h, w), 0-255) as a frame of now would show it."""
        if self._exact is None:
            self._exact = self._found(0)
        seen = self._exact.on(picture)
        return np.clip(seen if self.field is None else seen * self.field, 0, 255)

    def show(self, expected: F32) -> None:
        """Another picture is expected, in the same light."""
        self._expected, self._coarse = expected, coarse(expected)
        self._weight = self._watched * unclipped(expected)
        self._means_weight = self._exact = None
        self._relight()

    def forget(self) -> None:
        """Begin again with the light of the reference."""
        self.light, self.field = SAME_TONE, None

    def match(self, at: float) -> bool:
        """Find the light on the frame; whether it is another one now. Just looked for, it has to move by more."""
        just = 0 <= at - self._found_at < LOOK_EVERY
        means = self._seen_means()
        if just and self._sought is not None:
            stirred = cv2.bitwise_and(above(cast(F32, cv2.absdiff(means, self._sought)), _STIRRED), self._counted)
            if cv2.countNonZero(stirred) < _FEW * cv2.countNonZero(self._counted):
                return False
        light = self._found(_CLEARLY if just else NOTICED)
        if not just:
            self._found_at = at
        if light is self.light:
            self._sought = means
            return False
        self.light = light
        self._relight()
        return True

    def worth_a_look(self, unlike: Callable[[], U8], at: float) -> bool:
        """Whether to find the light on parts of the frame anew: so much has another tone than in the light known so
        far, and the same structure. `unlike` (255), where the structure is another, is asked only if it matters."""
        # Where the frame is white as well: a lamp may have burnt it out.
        means, weight = self._seen_means(), self._weight
        if self._lit_cells is None:
            self._lit_cells = coarse(self.picture)
        tone = cv2.absdiff(means, self._lit_cells) > _TONE
        everything = max(float(weight.sum()), 1.0)
        least = (_CONSIDERABLE if self.field is None else _LEFT) * everything
        if np.count_nonzero(tone) < least or float(weight[tone].sum()) < least:
            return False
        differs = float(weight[tone & (coarse(unlike()) < _ALONE)].sum())
        if differs < least:
            return False
        differs /= everything
        if differs <= self._differed + _MORE and 0 <= at - self._looked_at < LOOK_EVERY:
            return False
        self._looked_at, self._differed = at, differs
        return True

    def match_parts(self, spread: float) -> bool:
        """Find the light on parts of the frame; whether it is another one now. `spread`: variance of the noise."""
        before, light = self.field, self.light
        self.field = self._parts(light, spread)
        left = self._left()
        if left > max(_UNEXPLAINED, self._in_vain):
            self._try_others(left, before, spread)
        else:
            self._in_vain *= _FORGOTTEN
        if before is None and self.field is None and self.light is light:
            return False
        self._relight()
        return True

    def renew(self, at: float, spread: float) -> None:
        """Find the light on the frame and its parts anew, where there is another than that of the reference."""
        if self.another:
            self.match(at)
            if self.field is not None:
                self.match_parts(spread)

    def spread(self, spread: F32) -> F32:
        """The variance of pixels in this light, from that in the light of the reference."""
        if not self.another:
            return spread
        slope = self._slope()
        return np.asarray(spread * slope * slope + np.float32(_ROUNDING), np.float32)

    def as_before(self, difference: F32) -> F32:
        """A difference of levels in this light as it were in that of the reference."""
        if not self.another:
            return difference
        slope = self.light.slope_on(self._expected, _LEAST_SLOPE)
        if self.field is not None:
            cv2.multiply(slope, cv2.max(self.field, np.full_like(slope, _LEAST_SLOPE)), dst=slope)
        return cast(F32, cv2.divide(difference, slope, dst=slope))

    def undone(self, luma: U8) -> F32:
        """A frame in the light of the reference, float32."""
        if not self.another:
            return luma.astype(np.float32)
        if self.field is not None:
            luma = np.clip(np.round(luma / self.field), 0, 255).astype(np.uint8)
        return np.asarray(cv2.LUT(luma, self.light.undone()), np.float32)

    def clipped(self, luma: U8) -> U8 | None:
        """Pixels (255) that are white or black because light makes them so; None where there are none."""
        if self._from is None or self._to is None:
            return None
        return np.asarray(cv2.inRange(luma, self._from, self._to), np.uint8)

    def _found(self, noticed: float) -> Tone:
        means, weight = self._seen_means(), self._seen_weight()
        if self.field is not None:
            means = np.clip(means / self._coarse_field(self.field), 0, 255)
        return tone_on(means, self._coarse, weight, self.light, noticed)

    def _try_others(self, left: float, before: F32 | None, spread: float) -> None:
        """Light that goes on from where it was `before`? A curve that took the lamp's half of the picture for the
        light on all of it?"""
        self._in_vain = _MORE_THAN_IN_VAIN * left
        if before is not None:
            fresh, self.field = self.field, self._further(before, spread)
            if self._left() < _BETTER * left:
                self._in_vain = 0.0
                return
            self.field = fresh
        for other in self._others():
            found = self.light, self.field
            self.light, self.field = other, self._parts(other, spread)
            if (now := self._left()) < _BETTER * left:
                left, self._in_vain = now, 0.0
            else:
                self.light, self.field = found

    def _further(self, before: F32, spread: float) -> F32:
        """The light on parts of the picture, sought as what has been added to that `before`."""
        expected = np.clip(np.clip(self.light.on(self._expected), 0, 255) * before, 0, 255)
        gain = gain_field(self._luma, expected, spread, self._everything)
        return before if gain is None else np.clip(before * gain, *GAINS).astype(np.float32)

    def _others(self) -> Iterator[Tone]:
        """What the light on all of the picture may be instead, where that makes a difference."""
        wanted = self.light.on(self._coarse)
        for other in (SAME_TONE, self._line()):
            if float(np.abs(other.on(self._coarse) - wanted).max()) > _ANOTHER:
                yield other

    def _line(self) -> Tone:
        """The straight line nearest to what each level has become."""
        return line_on(self._seen_means(), self._coarse, self._seen_weight())

    def _parts(self, light: Tone, spread: float) -> F32 | None:
        expected = np.clip(light.on(self._expected), 0, 255)
        return gain_field(self._luma, expected, spread, self._everything)

    def _left(self) -> float:
        """Part of the picture that light does not explain, 0 to 1."""
        wanted, means = self.light.on(self._coarse), self._seen_means()
        if self.field is not None:
            wanted = wanted * self._coarse_field(self.field)
        apart = (np.abs(means - wanted.clip(0, 255)) > _APART) & ~((means > _BRIGHT) & (wanted > _BRIGHT))
        return float(self._watched[apart].sum()) / max(float(self._watched.sum()), 1e-6)

    def _coarse_field(self, field: F32) -> F32:
        """The means of a field on the grid, which hold as long as it is the same one."""
        if self._field_cells is None or self._field_cells[0] is not field:
            self._field_cells = field, coarse(field)
        return self._field_cells[1]

    def _seen_means(self) -> F32:
        """The means of the frame on the grid."""
        if self._means is None:
            self._means = coarse(self._luma)
        return self._means

    def _seen_weight(self) -> F32:
        """How much each of them counts."""
        if self._means_weight is None:
            self._means_weight = self._weight * unclipped(self._luma)
        return self._means_weight

    def _slope(self) -> F32:
        slope = self.light.slope_on(self._expected)
        return slope if self.field is None else slope * self.field

    def _relight(self) -> None:
        self._from = self._to = self._lit_cells = self._sought = self._field_cells = None
        if not self.another:
            self.picture = self._expected
            return
        wanted = self.light.on(self._expected)
        if self.field is not None:
            wanted = cast(F32, cv2.multiply(wanted, self.field, dst=wanted))
        # What was clipped in the reference may have been any level beyond, and is now.
        high = cv2.bitwise_or(above(wanted, _ALMOST), above(self._expected, _ALMOST))
        low = cv2.bitwise_or(at_most(wanted, CLIPPED[0]), at_most(self._expected, CLIPPED[0]))
        self.picture = up_to(at_least_0(wanted), 255)
        if cv2.countNonZero(high) or cv2.countNonZero(low):
            picture = self.picture.astype(np.uint8)
            lowest: U8 = np.full_like(picture, 255)
            highest: U8 = np.zeros_like(picture)
            cv2.copyTo(np.minimum(picture, np.uint8(_BRIGHT)), high, lowest)
            cv2.subtract(lowest, low, dst=lowest)
            cv2.copyTo(np.maximum(picture, np.uint8(_DARK)), low, highest)
            cv2.bitwise_or(highest, high, dst=highest)
            self._from, self._to = lowest, highest
