"""Everybody who delivers: the brokers that are told, pictures on disk, lines in the terminal.

Part of the service: it knows the configuration, and changes only what that changes.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from watcher.config.options import Options
from watcher.errors import SinkError
from watcher.history import History
from watcher.mqtt.broker import Broker
from watcher.mqtt.client import Mqtt
from watcher.mqtt.options import MqttOptions
from watcher.outbox import MemoryOutbox
from watcher.requests import Request
from watcher.sinks import Outlet
from watcher.sinks.snapshot import Snapshots
from watcher.sinks.terminal import Terminal

log = logging.getLogger(__name__)

_CHANGE_WITHIN = 2.0


@dataclass(slots=True, eq=False)
class _Line:
    """One broker that is told: its client, what waits for it, and the broker itself where it is our own."""

    client: Mqtt
    outbox: MemoryOutbox
    broker: Broker | None
    sentence: str


class Deliveries:
    """The outlets of one service.

    Parameters
    ----------
    on_request : what a command from a broker is handed to, with the camera's key.

    Attributes
    ----------
    outlets : for the cameras; its contents change when the configuration does.
    """

    def __init__(self, on_request: Callable[[str, Request], None]) -> None:
        self.outlets: list[Outlet] = []
        self._on_request = on_request
        self._lines: dict[MqttOptions, _Line] = {}
        self._prepared: dict[MqttOptions, tuple[Broker, int]] = {}
        self._snapshots: Snapshots | None = None
        self._history: History | None = None
        self._terminal = Terminal()

    @property
    def sentences(self) -> tuple[str, ...]:
        """Where events can be heard, for people."""
        return tuple(line.sentence for line in self._lines.values())

    @property
    def idle(self) -> bool:
        """Whether every broker has every record."""
        return all(line.client.connected and not line.outbox.waiting() for line in self._lines.values())

    def counters(self, camera: str) -> dict[str, Any] | None:
        """The counters of a camera's inspections as they were told last, before a restart too."""
        return None if self._history is None else self._history.counters(camera)

    def begin(self, options: Options) -> None:
        """Start all of it; SinkError where a broker of our own is wanted and cannot be started."""
        self.prepare(options)
        self._terminal.start()
        self._change_lines(options)
        self._change_snapshots(options)
        self._begin_history(options)
        self._gather()

    def prepare(self, options: Options) -> None:
        """Start what can fail before anything that runs is touched."""
        if any(known.embedded for known in self._lines):
            return  # it has the folder; it is replaced, if at all, when it has ended
        for number, wanted in enumerate(options.mqtt):
            if wanted.embedded and wanted not in self._prepared:
                self._prepared[wanted] = self._own_broker(options, wanted, number)

    def change(self, old: Options, new: Options) -> None:
        """Go over to another configuration; what is the same in both goes on undisturbed."""
        for key, camera in old.cameras.items():
            for zone in camera.zones.keys() - (new.cameras[key].zones if key in new.cameras else {}).keys():
                for outlet in self.outlets:
                    outlet.state(key, f"zone/{zone}", None)
        if self._snapshots is not None and old.storage != new.storage:
            self.outlets.remove(self._snapshots)
            self._snapshots.stop(_CHANGE_WITHIN)
            self._snapshots = None
        if self._history is not None and old.storage != new.storage:
            self._history.stop(_CHANGE_WITHIN)
            self._begin_history(new)
        self._change_lines(new)
        self._change_snapshots(new)
        self._gather()

    def stop(self, timeout: float) -> None:
        """Let everybody deliver what can be delivered within `timeout` seconds, then end the brokers."""
        stops = [
            threading.Thread(target=outlet.stop, args=(timeout,), daemon=True)
            for outlet in (
                self._terminal,
                self._snapshots,
                self._history,
                *(line.client for line in self._lines.values()),
            )
            if outlet is not None
        ]
        for thread in stops:
            thread.start()
        deadline = time.monotonic() + timeout + 0.2
        for thread in stops:
            thread.join(max(0.0, deadline - time.monotonic()))
        for broker in (
            *(line.broker for line in self._lines.values()),
            *(one for one, _ in self._prepared.values()),
        ):
            if broker is not None:
                broker.stop()

    def _gather(self) -> None:
        """The brokers first: they are whom time matters to."""
        ends: list[Outlet] = [line.client for line in self._lines.values()]
        if self._history is not None:
            ends.append(self._history)
        if self._snapshots is not None:
            ends.append(self._snapshots)
        self.outlets[:] = [*ends, self._terminal]

    def _begin_history(self, options: Options) -> None:
        storage = options.storage
        self._history = History(Path(storage.folder).absolute(), storage.keep_days, storage.max_history)
        self._history.start()

    def _change_snapshots(self, options: Options) -> None:
        stored = [key for key, camera in options.cameras.items() if camera.record.snapshot]
        if self._snapshots is None:
            self._snapshots = Snapshots(options.storage, stored)
            self._snapshots.start()
        else:
            self._snapshots.use_cameras(stored)

    def _change_lines(self, options: Options) -> None:
        cameras = {key: tuple(camera.zones) for key, camera in options.cameras.items()}
        gone = [known for known in self._lines if known not in options.mqtt]
        left = [self._ended(known) for known in gone]
        kept = self._lines
        self._lines = {}
        for number, wanted in enumerate(options.mqtt):
            if wanted in kept:
                kept[wanted].client.use_cameras(cameras)
                self._lines[wanted] = kept[wanted]
                continue
            # What waited for a broker that was replaced waits for the one in its place.
            outbox = left.pop(0) if left else MemoryOutbox(said=_lost(wanted))
            line = self._begun(options, wanted, number, cameras, outbox)
            if line is not None:
                self._lines[wanted] = line

    def _ended(self, known: MqttOptions) -> MemoryOutbox:
        line = self._lines.pop(known)
        if line.client in self.outlets:
            self.outlets.remove(line.client)
        line.client.stop(_CHANGE_WITHIN)
        if line.broker is not None:
            line.broker.stop()
        return line.outbox

    def _begun(
        self,
        options: Options,
        wanted: MqttOptions,
        number: int,
        cameras: Mapping[str, Sequence[str]],
        outbox: MemoryOutbox,
    ) -> _Line | None:
        broker, address = None, wanted
        if wanted.embedded:
            try:
                prepared = self._prepared.pop(wanted) if wanted in self._prepared else None
                broker, port = prepared or self._own_broker(options, wanted, number)
            except SinkError as error:
                log.error("%s; nobody is told over MQTT there", error)
                return None
            address = replace(wanted, host="127.0.0.1", port=port)
        client = Mqtt(address, cameras, self._on_request, outbox=outbox)
        client.start()
        return _Line(client, outbox, broker, _sentence(address, broker))

    def _own_broker(self, options: Options, wanted: MqttOptions, number: int) -> tuple[Broker, int]:
        storage = Path(options.storage.folder)
        try:
            storage.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SinkError(f"the storage folder {storage} cannot be made ({error.strerror})") from None
        folder = storage / (f"broker-{number}" if number else "broker")
        broker = Broker(folder, wanted.port)
        return broker, broker.start()


def _sentence(address: MqttOptions, broker: Broker | None) -> str:
    host = "127.0.0.1" if address.host == "localhost" else address.host
    whose = f"a broker of our own ({broker.name}) runs" if broker is not None else "events go to the broker"
    words = ["mosquitto_sub", f"-h {host}", f"-p {address.port}"]
    if address.user is not None:
        words += [f"-u {address.user}", "-P PASSWORD"]
    if address.security is not None:
        words += [f"--cafile {address.security.ca or '/etc/ssl/certs/ca-certificates.crt'}"]
    return f"{whose} on {address.address}; to listen: {' '.join(words)} -v -t '{address.prefix}/+/event'"


def _lost(options: MqttOptions) -> Callable[[int], None]:
    def say(records: int) -> None:
        log.warning(
            "MQTT: %s has been away for too long: %d records are lost so far, the oldest events go first",
            options.host, records,
        )  # fmt: skip

    return say
