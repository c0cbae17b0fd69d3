"""Settings of the references. Standard library only."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from watcher.quantities import Seconds
from watcher.vision.options import STRICT


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


ReferenceOptions = FixedOptions | BackgroundOptions
