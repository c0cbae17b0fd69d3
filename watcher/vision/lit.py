"""The scene as it looks in the light of the moment: what frames are really compared with.

Frames are taken as they are, and the reference is put into their light, so that a quiet frame costs no more under
a cloud than in the sun. What the camera clips can be told no better than it shows: where light explains that a
place is white or black, it counts as the same.
"""

import cv2
import numpy as np

from watcher.vision.arrays import F32, U8
from watcher.vision.field import considerable, gain_field
from watcher.vision.tone import CLIPPED, NOTICED, SAME_TONE, Tone, coarse, tone_on, unclipped

_BRIGHT = 225.0
"""From here on a place may be clipped in one of its colours while its brightness is not."""
_DARK = 10.0

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
        self._weight = self._watched
        self.light = SAME_TONE
        self.field: F32 | None = None
        self._everything = watched
        self.picture: F32 = np.zeros(watched.shape, np.float32)
        self._expected: F32 = self.picture
        self._coarse: F32 = coarse(self.picture)
        self._from: U8 | None = None
        self._to: U8 | None = None

    @property
    def another(self) -> bool:
        """Whether the light is another than that of the reference."""
        return self.light is not SAME_TONE or self.field is not None

    def of(self, picture: F32, luma: U8) -> F32:
        """Any luma in the light of the reference (float32, (h, w), 0-255) as a frame of now would show it."""
        seen = self._found(luma, 0).on(picture)
        return np.clip(seen if self.field is None else seen * self.field, 0, 255)

    def show(self, expected: F32) -> None:
        """Another picture is expected, in the same light."""
        self._expected, self._coarse = expected, coarse(expected)
        self._weight = self._watched * unclipped(expected)
        self._relight()

    def forget(self) -> None:
        """Begin again with the light of the reference."""
        self.light, self.field = SAME_TONE, None

    def match(self, luma: U8) -> bool:
        """Find the light on a frame; whether it is another one now."""
        light = self._found(luma, NOTICED)
        if light is self.light:
            return False
        self.light = light
        self._relight()
        return True

    def match_parts(self, luma: U8, spread: float) -> bool:
        """Find the light on parts of a frame; whether there is another one now. `spread`: variance of the noise."""
        even = self.light.on(self._coarse).clip(0, 255)
        if self.field is None and not considerable(coarse(luma), even, self._weight):
            return False
        before, expected = self.field, np.clip(self.light.on(self._expected), 0, 255)
        self.field = gain_field(luma, expected, spread, self._everything)
        if before is None and self.field is None:
            return False
        self._relight()
        return True

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
        slope = np.maximum(self._slope(), np.float32(0.25))
        return np.asarray(difference / slope, np.float32)

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

    def _found(self, luma: U8, noticed: float) -> Tone:
        weight = self._weight * unclipped(luma)
        return tone_on(coarse(luma), self._coarse, weight, self.light, noticed)

    def _slope(self) -> F32:
        slope = self.light.slope_on(self._expected)
        return slope if self.field is None else slope * self.field

    def _relight(self) -> None:
        self._from = self._to = None
        if not self.another:
            self.picture = self._expected
            return
        wanted = self.light.on(self._expected)
        if self.field is not None:
            wanted = wanted * self.field
        self.picture = np.clip(wanted, 0, 255)
        # What was clipped in the reference may have been any level beyond, and is now.
        high = (wanted >= CLIPPED[1]) | (self._expected >= CLIPPED[1])
        low = (wanted <= CLIPPED[0]) | (self._expected <= CLIPPED[0])
        if high.any() or low.any():
            lowest, highest = np.full(high.shape, 255, np.uint8), np.zeros(high.shape, np.uint8)
            lowest[high] = np.minimum(self.picture, np.float32(_BRIGHT))[high]
            lowest[low] = 0
            highest[low] = np.maximum(self.picture, np.float32(_DARK))[low]
            highest[high] = 255
            self._from, self._to = lowest, highest
