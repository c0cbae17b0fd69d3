"""Settings of when change becomes an event. Standard library only."""

from dataclasses import dataclass
from typing import ClassVar

from watcher.quantities import Fraction, Seconds
from watcher.vision.options import STRICT, check_sizes


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsOptions:
    """When change begins, ends, and counts."""

    __pydantic_config__: ClassVar = STRICT

    threshold: Fraction = 0.003
    """The changed fraction of what is watched (of a zone, where there are zones) that makes an event."""
    rise: Seconds = 0.3
    """How long the change must have lasted, and over at least two frames."""
    travel: Fraction = 0.0
    """How far something must have gone to count, as a fraction of the picture's width, so that rain, insects and
    branches do not and a small animal does; 0: it need not. What covers 5 % of the picture counts anyway."""
    smallest: Fraction = 0.0
    """What covers less of the picture in one piece does not count, however much there is of it."""
    largest: Fraction = 1.0
    """What covers more of the picture in one piece does not count."""
    fall: Seconds = 1.0
    """How long there must be none before the event ends."""
    settle: Seconds = 2.0
    """When all that is left has been still for this long the event ends as appeared or removed."""
    absorb_after: Seconds | None = 600.0
    """When what stayed becomes background; null: never."""
    merge: Seconds = 0.0
    """A change that comes back within this time belongs to the same event: its end waits for so long."""
    cooldown: Seconds = 0.0
    """No new event begins for this long after one has ended."""
    max_length: Seconds | None = 600.0
    """An event that lasts longer is ended; null: never."""

    def __post_init__(self) -> None:
        check_sizes(self.smallest, self.largest)
