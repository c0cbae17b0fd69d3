"""Everybody who is told records, as one outlet: a record is on disk for all of them at once, or for none."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from watcher.events.payload import crashed
from watcher.mqtt.client import Mqtt
from watcher.mqtt.options import MqttOptions
from watcher.outbox.disk import DiskOutbox
from watcher.outbox.options import OutboxOptions
from watcher.outbox.store import Store
from watcher.sinks import Pictures, StateValue

if TYPE_CHECKING:
    from watcher.events.event import EventUpdate


def broker_name(options: MqttOptions) -> str:
    """What the outbox knows a broker by."""
    return f"mqtt {options.address}/{options.prefix}"


class Post:
    """The outlet that keeps records for the brokers, and hands the rest on to them.

    Parameters
    ----------
    folder : of the storage, where the outbox lies.
    """

    def __init__(self, folder: Path, options: OutboxOptions) -> None:
        self._store = Store(folder, options)
        self._outboxes: tuple[DiskOutbox, ...] = ()
        self.brokers: tuple[Mqtt, ...] = ()
        """Who is told states, pictures and verdicts, at once."""

    def start(self) -> None:
        self._store.begin()

    def assign(self, names: Sequence[str]) -> Mapping[str, DiskOutbox]:
        """An outbox for each of those who are told records from now on (`Store.assign`)."""
        outboxes = self._store.assign(list(dict.fromkeys(names)))
        self._outboxes = tuple(outboxes.values())
        return outboxes

    def end_left_open(self) -> list[tuple[str, dict[str, Any]]]:
        """Ends of the events that a crash has left open, with their cameras; to be told like any other record."""
        return [(camera, crashed(payload)) for camera, payload in self._store.left_open]

    def kept(self, outbox: DiskOutbox) -> "KeptOnDisk":
        """The topics that its broker keeps for us."""
        return KeptOnDisk(self._store, outbox)

    def use(self, options: OutboxOptions) -> None:
        """These options from now on."""
        self._store.use(options)

    def move(self, folder: Path) -> None:
        """The storage is elsewhere from now on."""
        self._store.move(folder)

    def record(self, camera: str, payload: dict[str, Any]) -> None:
        self._store.put(camera, payload, self._outboxes)

    def verdict(self, camera: str, payload: dict[str, Any], until: float) -> None:
        for broker in self.brokers:
            broker.verdict(camera, dict(payload), until)

    def state(self, camera: str, name: str, value: StateValue) -> None:
        for broker in self.brokers:
            broker.state(camera, name, value)

    def pictures(self, camera: str, update: "EventUpdate", pictures: Pictures) -> None:
        for broker in self.brokers:
            broker.pictures(camera, update, pictures)

    def stop(self, timeout: float) -> None:
        """Write down what there is; those who deliver have stopped before."""
        self._store.stop(timeout)


class KeptOnDisk:
    """`watcher.mqtt.kept.Kept` in the outbox's file."""

    def __init__(self, store: Store, outbox: DiskOutbox) -> None:
        self._store, self._outbox = store, outbox

    def topics(self) -> frozenset[str]:
        return self._store.retained(self._outbox)

    def retain(self, topic: str) -> None:
        self._store.retain(self._outbox, topic)

    def forget(self, topic: str) -> None:
        self._store.forget(self._outbox, topic)
