"""How a camera is, and what it may claim to know: the retained states of the contract, as values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from watcher.events.payload import utc_text
from watcher.sinks import StateValue

UNKNOWN = "None"
"""What is published where it is not known whether something has changed; never a guess."""

ORDER = (
    "lost", "frozen", "corrupt", "obscured", "moved", "dark", "bright", "blurred", "starting", "paused", "ok",
)  # fmt: skip
_EPSILON = 1e-6  # frame times are sums of fractions that floats cannot hold
_OFFLINE = frozenset(("lost", "frozen", "starting"))


@dataclass(frozen=True, slots=True)
class Health:
    """The states that hold now, each with its reason; none of them means ok."""

    troubles: Mapping[str, str]

    @property
    def states(self) -> tuple[str, ...]:
        """All that hold, worst first."""
        return tuple(state for state in ORDER if state in self.troubles) or ("ok",)

    @property
    def state(self) -> str:
        """The worst."""
        return self.states[0]

    @property
    def reason(self) -> str:
        return self.troubles.get(self.state, "")

    @property
    def available(self) -> bool:
        """Whether the camera's other states mean anything."""
        return not _OFFLINE.intersection(self.states)


@dataclass(slots=True)
class Steady:
    """A yes or no that must have lasted before it is believed."""

    rise: float
    fall: float
    on: bool = False
    _since: float | None = None
    _seen: int = 0

    def step(self, at: float, now: bool) -> bool:
        """What to say at `at` seconds: yes after `rise` and at least two looks, no after `fall`."""
        if now == self.on:
            self._since, self._seen = None, 0
            return self.on
        self._since = at if self._since is None else self._since
        self._seen += 1
        if at - self._since >= (self.rise if now else self.fall) - _EPSILON and self._seen >= 2:
            self.on, self._since, self._seen = now, None, 0
        return self.on


@dataclass(slots=True)
class States:
    """The retained states of one camera: each is offered when it differs from what was said last."""

    offer: Callable[[str, StateValue], None]
    _said: dict[str, StateValue] = field(default_factory=dict)
    _health: Health | None = None

    def say(self, name: str, value: StateValue) -> None:
        if name not in self._said or self._said[name] != value:
            self._said[name] = value
            self.offer(name, value)

    def say_anew(self, name: str, value: StateValue) -> None:
        """Offer it even if it is what was said last: a sign of life."""
        self._said[name] = value
        self.offer(name, value)

    def health(self, health: Health, utc: datetime) -> None:
        """Health and availability; `since` stays as it was while only the reason changes."""
        if self._health is not None and health == self._health:
            return
        known: Any = self._said.get("health")
        same = isinstance(known, dict) and self._health is not None and health.state == self._health.state
        self._health = health
        self.say("health", {
            "state": health.state,
            "states": list(health.states),
            "since": known["since"] if same else utc_text(utc),
            "reason": health.reason,
        })  # fmt: skip
        self.say("availability", "online" if health.available else "offline")

    def again(self) -> None:
        """Offer everything once more: a broker has just connected, or another outlet has come."""
        for name, value in self._said.items():
            self.offer(name, value)
