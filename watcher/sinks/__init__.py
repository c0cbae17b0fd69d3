"""Hands: what delivers what a camera says."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from watcher.events.event import EventUpdate

StateValue = str | bytes | dict[str, Any] | Callable[[], bytes] | None
"""Text, a picture's bytes, a JSON object, or what makes a picture for whoever wants it; None clears the retained
message."""


class Pictures(Protocol):
    """The pictures of one moment, JPEG, made when first asked for (by whoever delivers) and then kept."""

    def annotated(self) -> bytes: ...

    def clean(self) -> bytes: ...

    def reference(self) -> bytes | None: ...

    def difference(self) -> bytes | None: ...


class Outlet(Protocol):
    """Delivers what cameras say. All of it returns at once, never blocks on the network, never raises.

    `record` may wait until the record is on disk, for some hundredths of a second at most.
    """

    def start(self) -> None: ...

    def record(self, camera: str, payload: dict[str, Any]) -> None:
        """An event payload (`watcher.events.payload`): in order, at least once."""
        ...

    def verdict(self, camera: str, payload: dict[str, Any], until: float) -> None:
        """The verdict of an inspection: live until `until` (monotonic seconds), a record of the past after it."""
        ...

    def state(self, camera: str, name: str, value: StateValue) -> None:
        """What is true now, by the topic's name below the camera ("change", "zone/door"): the newest wins."""
        ...

    def pictures(self, camera: str, update: "EventUpdate", pictures: Pictures) -> None:
        """The pictures that belong to an update, after its record."""
        ...

    def stop(self, timeout: float) -> None:
        """Deliver what can be delivered within `timeout` seconds, then let go of everything."""
        ...
