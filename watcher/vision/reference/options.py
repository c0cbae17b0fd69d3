"""Settings of the references. Standard library only."""

import re
from dataclasses import dataclass
from typing import ClassVar, Literal

from watcher.quantities import Seconds
from watcher.vision.options import STRICT

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedOptions:
    """One picture that never learns: a file, or what the camera shows at start."""

    __pydantic_config__: ClassVar = STRICT

    kind: Literal["fixed"] = "fixed"
    image: str | None = None
    """A picture file; null: taken from the camera at start, and kept over a restart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackgroundOptions:
    """A picture that follows the scene: quickly at first, then slowly, never under change."""

    __pydantic_config__: ClassVar = STRICT

    kind: Literal["background"] = "background"
    learn: Seconds = 2.0
    """How long the scene is learnt quickly, as the median of a few pictures, before anything is reported."""
    adapt: Seconds = 60.0
    """Time constant of the slow learning afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenOptions:
    """A golden part, learnt from good samples: the camera inspects, and says PASS, FAIL or NOT_INSPECTED."""

    __pydantic_config__: ClassVar = STRICT

    kind: Literal["golden"] = "golden"
    name: str = "golden"
    """The stored golden reference, by its name; `watcher reference teach` makes it."""
    images: str | None = None
    """Good samples, a folder or a pattern (`good/*.png`): learnt at start, and again at a later start where one of
    them is newer than what was learnt."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"name must be a small letter, then up to 31 of a-z, 0-9, _ and -, like board-a, not {self.name!r}"
            )


ReferenceOptions = FixedOptions | BackgroundOptions | GoldenOptions
