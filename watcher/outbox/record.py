"""A record on its way, and what keeps it until it has arrived."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(slots=True, eq=False)
class Record:
    """One payload on its way. `number` counts over the outbox in the order of arrival.

    `offered`: it has been handed out at least once, so a subscriber may know it; `out`: it is handed out now.
    """

    number: int
    camera: str
    payload: dict[str, Any]
    offered: bool = False
    out: bool = False
    size: int = 0
    """Bytes on disk; 0 where it has never been there."""
    put_at: float = 0.0
    """When it was put, monotonic seconds; 0: in an earlier life of the daemon, or too long ago to matter."""

    @property
    def event(self) -> str | None:
        """The id of the event that it belongs to."""
        return self.payload.get("id")

    @property
    def opens(self) -> bool:
        return bool(self.payload.get("sequence", 0) == 0)

    @property
    def closes(self) -> bool:
        """Nothing comes after it: the end of an event, or a record that stands for itself."""
        return self.payload.get("event_type") not in ("started", "updated")

    @property
    def gap(self) -> bool:
        """It stands for events that were lost."""
        return self.payload.get("event_type") == "gap"


class Outbox(Protocol):
    """Where records wait. Safe to use from several threads; `put` returns soon and never raises."""

    @property
    def lasting(self) -> bool:
        """What waits is there again at the next start."""
        ...

    def put(self, camera: str, payload: dict[str, Any]) -> None:
        """Keep a record until it is acknowledged."""
        ...

    def take(self, at: str, *, fresh: bool = False) -> Record | None:
        """The next record that is not handed out; its `published_at` becomes `at` if it had none.

        Those of one camera come in their order. Fresh ones come before others: those that were put since the last
        `rewind`, and lately, by a camera that has nothing older waiting. `fresh`: only such a one.
        """
        ...

    def acknowledge(self, number: int) -> None:
        """The record has arrived for good; an unknown number is fine."""
        ...

    def rewind(self) -> None:
        """What was handed out and not acknowledged is handed out again, in the old order."""
        ...

    def waiting(self) -> int:
        """How many are not acknowledged."""
        ...

    def call(self, ready: Callable[[], None]) -> None:
        """`ready` is called, from any thread, whenever there may be something new to take."""
        ...
