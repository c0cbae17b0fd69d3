"""When an inspection camera looks, and with which recipe. Standard library only."""

import re
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from watcher.inspection.options import InspectionOptions
from watcher.quantities import Seconds
from watcher.vision.options import STRICT, AreaOptions, ZoneOptions

When = Literal["still", "trigger", "continuous"]
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_LABEL = re.compile(r"[a-z][a-z0-9_-]{0,31}(@[1-9]\d{0,8})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeOptions:
    """One product: its golden reference, and what differs from the camera's own settings for it."""

    __pydantic_config__: ClassVar = STRICT

    reference: str | None = None
    """The stored golden reference, `NAME` (its newest version) or `NAME@VERSION`; null: named as the recipe is."""
    inspection: InspectionOptions | None = None
    """What counts as a defect; null: what the camera's `inspection` says. Taken whole."""
    zones: dict[str, ZoneOptions] | None = None
    """The parts to watch; null: the camera's. Their keys must be among the camera's."""
    ignore: dict[str, AreaOptions] | None = None
    """Parts in which nothing counts; null: the camera's."""

    def __post_init__(self) -> None:
        if self.reference is not None and not _LABEL.fullmatch(self.reference):
            raise ValueError(f"reference is NAME or NAME@VERSION, like board-a@3, not {self.reference!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineOptions(InspectionOptions):
    """How a camera with a golden reference inspects: when it looks, what a defect is, and its recipes."""

    __pydantic_config__: ClassVar = STRICT

    when: When = "still"
    """`still`: once when a part is in place and nothing moves, again when it has been gone; `trigger`: when it is
    told to; `continuous`: every frame. A trigger is answered in each of them."""
    still_for: Seconds = 0.3
    """How long nothing may have moved before a part is inspected."""
    rearm: Literal["gone", "moved"] = "gone"
    """What makes the next part another one: that the place was seen empty, or (where one part pushes the next)
    that something has moved."""
    every: Seconds = 0.0
    """The least time from one continuous inspection to the next."""
    trigger_timeout: Seconds = 2.0
    """A trigger that no frame has come for by then is answered with NOT_INSPECTED, "no frame"."""
    verdict_ttl: Seconds = 1.0
    """A verdict older than this, counted from the capture, is never told as live."""
    pictures: Literal["all", "bad", "none"] = "all"
    """Of which verdicts pictures are kept and published: all, those that are not PASS, none. In continuous
    inspection only those that differ from the verdict before."""
    reset_at: tuple[str, ...] = ()
    """Times of day at which the counters begin anew, on this machine's clock: [06:00, 14:00, 22:00]."""
    recipe: str | None = None
    """The recipe to begin with; null: the first of `recipes`."""
    recipes: dict[str, RecipeOptions] = field(default_factory=dict)
    """Products by key; without any there is one product, that of `reference`."""

    def __post_init__(self) -> None:
        super(LineOptions, self).__post_init__()
        if self.trigger_timeout <= 0 or self.verdict_ttl <= 0:
            raise ValueError("trigger_timeout and verdict_ttl must be above 0 s")
        if self.recipe is not None and self.recipe not in self.recipes:
            known = ", ".join(self.recipes) or "there is none"
            raise ValueError(f"recipe {self.recipe} is not among recipes ({known})")
        for time in self.reset_at:
            if not _TIME.fullmatch(time):
                raise ValueError(f"reset_at has times like 06:00, not {time!r}")

    @property
    def resets(self) -> tuple[tuple[int, int], ...]:
        """`reset_at` as (hour, minute)."""
        found = (_TIME.fullmatch(time) for time in self.reset_at)
        return tuple((int(one[1]), int(one[2])) for one in found if one is not None)
