"""Settings of what is looked at and how. Standard library only: `watcher check` reads them without OpenCV."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from watcher.quantities import Fraction, PerDay, Pixels, percent

STRICT = {"extra": "forbid"}
"""pydantic's configuration for every options dataclass: unknown keys are refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaOptions:
    """A polygon in fractions of the picture: x to the right, y down, (0, 0) is the top left corner."""

    __pydantic_config__: ClassVar = STRICT

    points: tuple[tuple[Fraction, Fraction], ...]
    """Its corners [x, y], in the order of a walk round it; at least 3."""
    name: str = ""
    """A title for people."""

    def __post_init__(self) -> None:
        if len(self.points) < 3:
            raise ValueError(f"a polygon needs at least 3 points, this one has {len(self.points)}")
        if _area(self.points) < 1e-6:
            raise ValueError("the polygon has no area: its points lie on one line, or its sides cross")


Measure = Literal["auto", "tone", "structure", "color"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToleranceOptions:
    """What an inspection lets pass in one zone; what is not written is as for the whole part."""

    __pydantic_config__: ClassVar = STRICT

    smallest_defect: Pixels | None = None
    """The smallest defect that must be found here, `6 px` or `0.3 mm`."""
    sensitivity: Fraction | None = None
    """0: only blatant defects, 1: the faintest."""
    bright: float | None = None
    """Grey levels by which a place may be too bright."""
    dark: float | None = None
    """Grey levels by which a place may be too dark."""
    measure: Measure | None = None
    """`tone` for flat or printed parts, `structure` for texture, `color`; `auto`: whatever suits each place."""

    def __post_init__(self) -> None:
        for name, limit in (("bright", self.bright), ("dark", self.dark)):
            if limit is not None and not 1 <= limit <= 255:
                raise ValueError(f"{name} must lie between 1 and 255 grey levels, not {limit:g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneOptions(AreaOptions):
    """A part of the picture that is watched, with a threshold of its own if wanted."""

    __pydantic_config__: ClassVar = STRICT

    threshold: Fraction | None = None
    """The changed fraction of this zone that makes an event; null: as `events.threshold`. In an inspection: that
    from which on its defects count; null: each does."""
    smallest: Fraction | None = None
    """What covers less of the whole picture in one piece does not count here; null: as `events.smallest`."""
    largest: Fraction | None = None
    """What covers more of the whole picture in one piece does not count here; null: as `events.largest`."""
    tolerance: ToleranceOptions = field(default_factory=ToleranceOptions)
    """What an inspection lets pass here."""

    def __post_init__(self) -> None:
        super(ZoneOptions, self).__post_init__()  # the zero-argument form does not work in a class with slots
        check_sizes(self.smallest or 0.0, 1.0 if self.largest is None else self.largest)


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorOptions:
    """How frames are compared with the reference."""

    __pydantic_config__: ClassVar = STRICT

    size: int = 320
    """Width of the analysed picture in pixels (of the longer side for tall pictures); smaller pictures are
    analysed as they are."""
    sensitivity: Fraction = 0.5
    """0: only blatant change, 1: the faintest that the noise allows."""
    false_alarms: PerDay | None = None
    """How many events a day noise alone may make, `24/day`: then changes count that are fainter than `sensitivity`
    asks for, as far as noise allows. Null: as `sensitivity` says, which noise does not reach. Every frame costs as
    much as one with change."""
    color: bool = False
    """Also see a change of colour at equal brightness; costs about as much again as grey."""
    light: bool = True
    """Match brightness and contrast of the whole picture to the reference before comparing."""
    shadows: bool = True
    """Tell shadows and patches of light from things, and leave them out; only where `light` is matched."""
    restless: bool = True
    """Ask for more change where leaves or water have lately come and gone in their place; learnt, and forgotten."""
    steady: bool = True
    """Bring the picture of a camera that shakes, or has been pushed a little, back onto the reference."""
    health: bool = True
    """Tell a picture that is frozen, broken, black, burnt out, blurred, covered or of another scene from change."""
    smallest: int = 12
    """Regions of fewer changed pixels of the analysed picture are dropped as specks."""
    join: float = 0.02
    """Regions nearer to each other than this fraction of the picture's width become one."""

    def __post_init__(self) -> None:
        if not 32 <= self.size <= 8192:
            raise ValueError(f"size must lie between 32 and 8192 pixels, not {self.size}")
        if not 0 <= self.smallest <= 100_000:
            raise ValueError(f"smallest must lie between 0 and 100000 pixels, not {self.smallest}")
        if not 0 <= self.join <= 0.5:
            raise ValueError(f"join must lie between 0 and 0.5 of the width, not {self.join}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedOptions:
    """Where to look: zones (the whole picture where there are none) less ignored and private parts."""

    zones: dict[str, ZoneOptions] = field(default_factory=dict)
    ignore: dict[str, AreaOptions] = field(default_factory=dict)
    privacy: dict[str, AreaOptions] = field(default_factory=dict)


def check_sizes(smallest: float, largest: float) -> None:
    """ValueError where nothing can be of a size between the two."""
    if smallest >= largest:
        raise ValueError(f"smallest ({percent(smallest)}) must be less than largest ({percent(largest)})")


def _area(points: tuple[tuple[float, float], ...]) -> float:
    following = points[1:] + points[:1]
    return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(points, following, strict=True))) / 2
