"""What an inspection looks for and what it lets pass. Standard library only."""

from dataclasses import dataclass, field
from typing import ClassVar

from watcher.quantities import Fraction, Length, Pixels
from watcher.vision.options import STRICT, Measure

_SMALLEST = Length("6 px")


@dataclass(frozen=True, slots=True, kw_only=True)
class PoseOptions:
    """How far a part may lie from where the golden one lay; one that lies further is not inspected."""

    __pydantic_config__: ClassVar = STRICT

    shift: Fraction = 0.06
    """Of the picture's longer side, in any direction."""
    angle: float = 5.0
    """Degrees, either way."""
    scale: Fraction = 0.03
    """Larger or smaller by this fraction."""
    perspective: bool = False
    """Also find a part that is tilted towards the camera (homography)."""

    def __post_init__(self) -> None:
        if not 0 <= self.angle <= 45:
            raise ValueError(f"angle must lie between 0 and 45 degrees, not {self.angle:g}")
        if self.shift > 0.4:
            raise ValueError(
                f"shift must not be above 40 % of the picture, {100 * self.shift:g} % leaves too little"
            )
        if self.scale > 0.3:
            raise ValueError(f"scale must not be above 30 %, not {100 * self.scale:g} %")


@dataclass(frozen=True, slots=True, kw_only=True)
class LightOptions:
    """How far the light may differ from that on the golden part; beyond it a part is not inspected."""

    __pydantic_config__: ClassVar = STRICT

    gain: float = 2.0
    """Contrast may be so many times higher or lower."""
    offset: float = 80.0
    """Grey levels by which everything may be brighter or darker."""
    uneven: Fraction = 0.4
    """How much stronger or weaker light may be at one place than on average: a lamp to one side, a vignette."""
    clipped: Fraction = 0.1
    """Part of the picture that may be burnt out where the golden part is not."""
    blur: float | None = None
    """Pixels of blur (sigma) beyond the golden part's that are in focus; null: half of the smallest defect."""

    def __post_init__(self) -> None:
        if not 1 <= self.gain <= 5:
            raise ValueError(f"gain must lie between 1 and 5, not {self.gain:g}")
        if not 0 <= self.offset <= 200:
            raise ValueError(f"offset must lie between 0 and 200 grey levels, not {self.offset:g}")
        if self.blur is not None and not 0 < self.blur <= 50:
            raise ValueError(f"blur must lie above 0 and not above 50 pixels, not {self.blur:g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionOptions:
    """What counts as a defect."""

    __pydantic_config__: ClassVar = STRICT

    smallest_defect: Pixels = _SMALLEST
    """The smallest defect that must be found, `6 px` or `0.3 mm`; the size at which pictures are analysed follows
    from it."""
    pixels_per_mm: float | None = None
    """Pixels of the picture per millimetre of the part."""
    sensitivity: Fraction = 0.5
    """0: only blatant defects, 1: the faintest, with false calls."""
    bright: float | None = None
    """Grey levels by which a place may be too bright; null: from the sensitivity and what the samples say."""
    dark: float | None = None
    """Grey levels by which a place may be too dark; null: from the sensitivity and what the samples say."""
    measure: Measure = "auto"
    """`tone` for flat or printed parts, `structure` for texture, `color`; `auto`: whatever suits each place."""
    margin: Pixels | None = None
    """How far a box reaches beyond the defect; null: one and a half times the smallest defect."""
    pose: PoseOptions = field(default_factory=PoseOptions)
    """How far a part may lie from where the golden one lay."""
    light: LightOptions = field(default_factory=LightOptions)
    """How far the light may differ from that on the golden part."""

    def __post_init__(self) -> None:
        for name, limit in (("bright", self.bright), ("dark", self.dark)):
            if limit is not None and not 1 <= limit <= 255:
                raise ValueError(f"{name} must lie between 1 and 255 grey levels, not {limit:g}")
        if self.pixels_per_mm is not None and not 0.01 <= self.pixels_per_mm <= 10_000:
            raise ValueError(f"pixels_per_mm must lie between 0.01 and 10000, not {self.pixels_per_mm:g}")
        if not 2 <= self.pixels(self.smallest_defect) <= 1000:
            raise ValueError(f"smallest_defect must lie between 2 and 1000 pixels, not {self.smallest_defect}")

    def pixels(self, length: Length) -> float:
        """A length in pixels of the picture."""
        return length.pixels(self.pixels_per_mm)
