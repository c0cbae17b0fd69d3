"""The settings in force in a watch, and what changing them asks for."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from watcher.camera.options import CameraOptions
from watcher.camera.settings import Adjusted
from watcher.events.payload import utc_text
from watcher.events.sizes import alarms_wanted


@dataclass(frozen=True, slots=True)
class Renewal:
    """Another detector is wanted; `carry`: it may go on with what the one before knows."""

    carry: bool


@dataclass(slots=True)
class InForce:
    """The settings that can change while running; they outlive a watch that crashed. Times are those of frames."""

    adjusted: Adjusted
    options: CameraOptions = field(init=False)
    paused: bool = False
    _mute: float = 0.0
    _mute_ends: float | None = None

    def __post_init__(self) -> None:
        self.options = self.adjusted.options
        self.paused = not self.options.enabled

    @property
    def pause(self) -> str:
        """Why it is paused, in words."""
        if self._mute_ends is None or self.adjusted.muted_until is None or not self.options.enabled:
            return "by request"
        return f"muted until {utc_text(self.adjusted.muted_until)}, by request"

    def begin(self, at: float, *, live: bool) -> None:
        """A watch begins at this time: what is left of a mute of another day goes on."""
        until = self.adjusted.muted_until
        if until is not None and self._mute_ends is None and live:
            left = (until - datetime.now(UTC)).total_seconds()
            if left > 0:
                self._mute, self._mute_ends = round(left), at + left
        self.look(at)

    def use(self, adjusted: Adjusted, mute: float | None, at: float) -> None:
        """These from now on; `mute` as in `UseSettings`."""
        self.adjusted, self.options = adjusted, adjusted.options
        if mute is not None:
            self._mute, self._mute_ends = mute, at + mute if mute > 0 else None

    def look(self, at: float) -> bool:
        """Bring `paused` up to date; True when a mute has just ended by itself."""
        over = self._mute_ends is not None and at >= self._mute_ends
        if over:
            self._mute, self._mute_ends = 0.0, None
        self.paused = not self.options.enabled or self._mute_ends is not None
        return over

    def told(self) -> dict[str, str]:
        """Every setting's value in force, as it is published."""
        return self.adjusted.told(self._mute)


def asks_for(options: CameraOptions) -> tuple[Any, ...]:
    """What a detector is made of: where that changes another one is needed."""
    wanted = alarms_wanted(options.detector, options.events, options.zones)
    return options.detector, options.watched, options.reference, options.events.absorb_after, wanted
