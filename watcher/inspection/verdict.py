"""What an inspection says, as values."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from watcher.vision.arrays import F32, U8
from watcher.vision.detection import Region

Verdict = Literal["PASS", "FAIL", "NOT_INSPECTED"]


@dataclass(frozen=True, slots=True)
class Alignment:
    """How a part lies, from the reference to the picture: turned and scaled about the centre, then shifted.

    Attributes
    ----------
    shift : (x, y) in pixels of the picture.
    angle : degrees, clockwise as one looks at the picture (x to the right, y down).
    scale : 1.02 = 2 % larger than the golden part.
    residual : what is left, in pixels: the median by which small parts of the artwork lie off that pose.
    """

    shift: tuple[float, float]
    angle: float
    scale: float
    residual: float

    def line(self) -> dict[str, Any]:
        """As it stands in a verdict."""
        return {
            "shift": [round(value, 2) for value in self.shift],
            "angle": round(self.angle, 3),
            "scale": round(self.scale, 5),
            "residual": round(self.residual, 3),
        }


@dataclass(frozen=True, slots=True)
class Maps:
    """Where a picture differs, in the picture's frame and size.

    `changed` : uint8, 255 = changed, 0 = same or not compared.
    `difference` : float32, 0 = same to 1 = different; 0.5 is the limit of what passes. `golden` : the golden part
    as it would look there, uint8, BGR or grey.
    """

    changed: U8
    difference: F32
    golden: U8


@dataclass(frozen=True, slots=True, eq=False)
class Inspection:
    """One part, judged.

    Attributes
    ----------
    verdict : FAIL where a defect was found, PASS where the whole of what is watched was compared and none was,
        NOT_INSPECTED where it could not be compared; `reason` says why in words.
    changed_fraction : changed watched pixels / watched pixels, 0 to 1; None where not inspected.
    regions : defects in pixels of the picture, largest first, each with `reference_box`.
    zone_fractions : changed part of each zone.
    alignment : how the part lies; None where that was not found.
    """

    verdict: Verdict
    reason: str
    regions: tuple[Region, ...] = ()
    changed_fraction: float | None = None
    zone_fractions: dict[str, float] = field(default_factory=dict)
    alignment: Alignment | None = None
    drawn: Callable[[], Maps] | None = field(default=None, repr=False)
    scored: Callable[[], float | None] | None = field(default=None, repr=False)

    @property
    def changed(self) -> NDArray[np.uint8] | None:
        """Changed pixels in the picture's frame (uint8, 255); worked out when asked. None where not inspected."""
        return None if self.drawn is None else self.drawn().changed

    @property
    def difference(self) -> F32 | None:
        """The map of change in the picture's frame (float32, 0 to 1); worked out when asked."""
        return None if self.drawn is None else self.drawn().difference

    @property
    def golden(self) -> U8 | None:
        """The golden part laid where this one lies, in its frame; worked out when asked."""
        return None if self.drawn is None else self.drawn().golden

    @property
    def score(self) -> float | None:
        """Mean SSIM of the grey picture as given with the golden one; worked out when asked. It decides nothing."""
        return None if self.scored is None else self.scored()
