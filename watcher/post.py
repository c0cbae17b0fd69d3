"""Everybody who is told records, as one outlet: a record is on disk for all of them at once, or for none."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from watcher.camera.options import CameraOptions
from watcher.events.payload import crashed
from watcher.mqtt.client import Mqtt
from watcher.mqtt.options import MqttOptions
from watcher.outbox.disk import DiskOutbox
from watcher.outbox.options import OutboxOptions
from watcher.outbox.store import PATIENCE, Store
from watcher.sinks import Pictures, StateValue
from watcher.sinks.build import make_deliver
from watcher.sinks.courier import Courier
from watcher.sinks.options import SinkOptions

if TYPE_CHECKING:
    from watcher.events.event import EventUpdate


_END_WITHIN = 2.0
HEAD_START = 0.003
"""Seconds that a camera keeps still after a record, at most, so that broker and subscriber find a core: a broker
nearby answers within one. It is waited for only where nothing else is under way to it."""


def broker_name(options: MqttOptions) -> str:
    """What the outbox knows a broker by."""
    return f"mqtt {options.address}/{options.prefix}"


@dataclass(frozen=True, slots=True)
class Route:
    """A sink, and the cameras of which it is told."""

    options: SinkOptions
    cameras: frozenset[str]


def routes(cameras: Mapping[str, CameraOptions]) -> dict[str, Route]:
    """The sinks of all cameras by name; those of one key and the same settings are one."""
    found: list[tuple[str, SinkOptions, list[str]]] = []
    for camera, options in cameras.items():
        for key, sink in options.sinks.items():
            same = next((users for name, known, users in found if (name, known) == (key, sink)), None)
            if same is None:
                found.append((key, sink, [camera]))
            else:
                same.append(camera)
    keys = Counter(key for key, _, _ in found)
    return {
        f"{sink.kind} {key}" + (f" of {users[0]}" if keys[key] > 1 else ""): Route(sink, frozenset(users))
        for key, sink, users in found
    }


class Post:
    """The outlet that keeps records for the brokers and sinks, and hands the rest on to the brokers.

    Parameters
    ----------
    folder : of the storage, where the outbox lies.
    """

    def __init__(self, folder: Path, options: OutboxOptions) -> None:
        self._store = Store(folder, options)
        self._brokers: tuple[DiskOutbox, ...] = ()
        self._routes: dict[str, Route] = {}
        self._outboxes: Mapping[str, DiskOutbox] = {}
        self._couriers: dict[str, Courier] = {}
        self.brokers: tuple[Mqtt, ...] = ()
        """Who is told states, pictures and verdicts, at once."""

    def start(self) -> None:
        self._store.begin()

    @property
    def couriers(self) -> tuple[Courier, ...]:
        """Who delivers to the sinks; they are stopped before this is."""
        return tuple(self._couriers.values())

    def assign(
        self, brokers: Sequence[str], sinks: Mapping[str, Route] = MappingProxyType({})
    ) -> Mapping[str, DiskOutbox]:
        """An outbox for each of those who are told records from now on (`Store.assign`); sinks are told by us."""
        same = [name for name in sinks.keys() & self._routes if sinks[name].options == self._routes[name].options]
        for name in self._couriers.keys() - same:
            self._couriers.pop(name).stop(_END_WITHIN)
        outboxes = self._store.assign([*dict.fromkeys(brokers), *sinks])
        for name, route in sinks.items():
            if name not in self._couriers:
                self._couriers[name] = Courier(name, outboxes[name], make_deliver(route.options))
                self._couriers[name].start()
        self._brokers = tuple(outboxes[name] for name in dict.fromkeys(brokers))
        self._routes, self._outboxes = dict(sinks), outboxes
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
        idle = [broker for broker in self._brokers if broker.waiting() == 0]
        told = (*self._brokers, *self._sinks(camera, str(payload.get("event_type"))))
        written = self._store.hand_in(camera, payload, told)
        # Not for the disk first: woken by that, we would take the interpreter from those who now send it.
        _wait_until_empty(idle)
        if not written.is_set():
            written.wait(PATIENCE)
            _wait_until_empty(idle)

    def verdict(self, camera: str, payload: dict[str, Any], until: float) -> None:
        told = self._sinks(camera, "verdict")
        if told:
            self._store.put(camera, payload, told)
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

    def _sinks(self, camera: str, kind: str) -> list[DiskOutbox]:
        """The outboxes of the sinks that are told of such records of a camera."""
        return [
            self._outboxes[name]
            for name, route in self._routes.items()
            if camera in route.cameras and kind in route.options.events
        ]


def _wait_until_empty(brokers: Sequence[DiskOutbox]) -> None:
    until = time.monotonic() + HEAD_START
    for broker in brokers:
        broker.wait_until_empty(until)


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
