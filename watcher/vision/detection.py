"""What the detector found in one observation, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from watcher.vision.geometry import Box

Outcome = Literal["clear", "changed", "learning", "blind"]
"""clear: nothing changed; changed: there are regions; learning: no reference yet; blind: could not be compared
(the reason says why)."""

StillCause = Literal["appeared", "removed"]


@dataclass(frozen=True, slots=True)
class Region:
    """One connected part of the picture that differs from what is expected there.

    Attributes
    ----------
    box : bounds in full-frame pixels, half-open.
    area : changed pixels inside, in full-frame pixels.
    peak, mean : of the change map (0 = same, 1 = different) over the changed pixels.
    zones : keys of the zones that it touches, in the order of the configuration.
    still_for : seconds for which nothing has moved inside; 0 while it moves.
    stayed : where it is still, whether something appeared there or was removed; else None.
    reference_box : the same place in pixels of the reference, where the picture was registered to it; else None.
    """

    box: Box
    area: int
    peak: float
    mean: float
    zones: tuple[str, ...] = ()
    still_for: float = 0.0
    stayed: StillCause | None = None
    reference_box: Box | None = None


@dataclass(frozen=True, slots=True)
class Detection:
    """The result of one step of the detector; one for each observation.

    Attributes
    ----------
    regions : largest first; empty unless the outcome is ``changed``.
    similarity : mean SSIM of the watched part at the detector's size, -1 to 1; None while there is no reference.
    changed_fraction : changed watched pixels / watched pixels, 0 to 1.
    zone_fractions : the same for each zone.
    settled_fractions : part of each zone (key "" = everything watched) that differs from the reference but has
        settled, 0 to 1.
    shift : (x, y) by which the picture was moved to meet the reference, full-frame pixels.
    gain : contrast of the frame relative to the reference; 1.0 where light was not matched.
    reason : why the outcome is not the plain one, in words; empty otherwise.
    troubles : what is wrong with the camera by its pictures (see `watcher.vision.condition`), each with its reason.
    """

    outcome: Outcome
    regions: tuple[Region, ...] = ()
    similarity: float | None = None
    changed_fraction: float = 0.0
    zone_fractions: Mapping[str, float] = field(default_factory=dict)
    settled_fractions: Mapping[str, float] = field(default_factory=dict)
    shift: tuple[float, float] = (0.0, 0.0)
    gain: float = 1.0
    reason: str = ""
    troubles: Mapping[str, str] = field(default_factory=dict)
