"""Everybody who delivers: the brokers that are told, pictures on disk, lines in the terminal.

Part of the service: it knows the configuration, and changes only what that changes.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from watcher.camera.settings import Adjusted
from watcher.config.options import Options
from watcher.errors import SinkError
from watcher.history import History
from watcher.mqtt.broker import Broker, account_of
from watcher.mqtt.client import Mqtt
from watcher.mqtt.discovery import Device
from watcher.mqtt.options import MqttOptions
from watcher.outbox.disk import DiskOutbox
from watcher.post import Post, broker_name, routes
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
    outbox: DiskOutbox
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
        self._post: Post | None = None
        self._snapshots: Snapshots | None = None
        self._history: History | None = None
        self._terminal = Terminal()

    @property
    def sentences(self) -> tuple[str, ...]:
        """Where events can be heard, for people."""
        return tuple(line.sentence for line in self._lines.values())

    @property
    def idle(self) -> bool:
        """Whether every broker and sink has every record."""
        sinks = self._post.couriers if self._post is not None else ()
        told = all(line.client.connected and not line.outbox.waiting() for line in self._lines.values())
        return told and all(courier.idle for courier in sinks)

    def counters(self, camera: str) -> dict[str, Any] | None:
        """The counters of a camera's inspections as they were told last, before a restart too."""
        return None if self._history is None else self._history.counters(camera)

    def begin(self, options: Options) -> None:
        """Start all of it; SinkError where a broker of our own is wanted and cannot be started."""
        self.prepare(options)
        self._terminal.start()
        self._post = Post(Path(options.storage.folder), options.outbox)
        self._post.start()
        self._change_lines(self._post, options)
        self._change_snapshots(options)
        self._begin_history(options)
        self._gather()
        for camera, payload in self._post.end_left_open():
            for outlet in self.outlets:
                outlet.record(camera, dict(payload))

    def introduce(self, devices: Mapping[str, Device]) -> None:
        """What Home Assistant is told of the cameras, on every broker."""
        for line in self._lines.values():
            line.client.use_devices(devices)

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
        if self._post is not None:
            if old.storage.folder != new.storage.folder:
                self._post.move(Path(new.storage.folder))
            self._post.use(new.outbox)
            self._change_lines(self._post, new)
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
                *(self._post.couriers if self._post is not None else ()),
            )
            if outlet is not None
        ]
        for thread in stops:
            thread.start()
        deadline = time.monotonic() + timeout + 0.2
        for thread in stops:
            thread.join(max(0.0, deadline - time.monotonic()))
        if self._post is not None:
            self._post.stop(_CHANGE_WITHIN)
        for broker in (
            *(line.broker for line in self._lines.values()),
            *(one for one, _ in self._prepared.values()),
        ):
            if broker is not None:
                broker.stop()

    def _gather(self) -> None:
        """The brokers first: they are whom time matters to."""
        ends: list[Outlet] = []
        if self._post is not None:
            self._post.brokers = tuple(line.client for line in self._lines.values())
            ends.append(self._post)
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

    def _change_lines(self, post: Post, options: Options) -> None:
        cameras = {key: tuple(camera.zones) for key, camera in options.cameras.items()}
        for known in [known for known in self._lines if known not in options.mqtt]:
            self._end(post, self._lines.pop(known))
        # What waited for a broker that was replaced waits for the one in its place.
        outboxes = post.assign([broker_name(wanted) for wanted in options.mqtt], routes(options.cameras))
        kept = self._lines
        self._lines = {}
        for number, wanted in enumerate(options.mqtt):
            if wanted in kept:
                kept[wanted].client.use_cameras(cameras)
                self._lines[wanted] = kept[wanted]
                continue
            try:
                address, broker = self._address(options, wanted, number)
            except SinkError as error:
                log.error("%s; nobody is told over MQTT there", error)
                continue
            outbox = outboxes[broker_name(wanted)]
            client = Mqtt(address, cameras, self._on_request, outbox=outbox, kept=post.kept(outbox))
            client.start()
            self._lines[wanted] = _Line(
                client, outbox, broker, _sentence(address, broker, wanted.listen, _told(options))
            )

    def _end(self, post: Post, line: _Line) -> None:
        post.brokers = tuple(broker for broker in post.brokers if broker is not line.client)
        line.client.stop(_CHANGE_WITHIN)
        if line.broker is not None:
            line.broker.stop()

    def _address(self, options: Options, wanted: MqttOptions, number: int) -> tuple[MqttOptions, Broker | None]:
        """Where the broker is, and the broker itself where it is our own."""
        if not wanted.embedded:
            return wanted, None
        prepared = self._prepared.pop(wanted, None)
        broker, port = prepared or self._own_broker(options, wanted, number)
        return wanted.near(port), broker

    def _own_broker(self, options: Options, wanted: MqttOptions, number: int) -> tuple[Broker, int]:
        storage = Path(options.storage.folder)
        try:
            storage.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SinkError(f"the storage folder {storage} cannot be made ({error.strerror})") from None
        folder = storage / (f"broker-{number}" if number else "broker")
        broker = Broker(folder, wanted.port, wanted.listen, lambda: account_of(wanted))
        return broker, broker.start()


def device_of(adjusted: Adjusted) -> Device:
    """A camera as Home Assistant gets to know it."""
    camera = adjusted.options
    return Device(
        key=camera.key,
        title=camera.title,
        zones={key: zone.name for key, zone in camera.zones.items()},
        settings=adjusted.settings,
        inspects=camera.inspects,
    )


def _told(options: Options) -> tuple[str, ...]:
    """The last parts of the topics that say most: of cameras that inspect, those are verdicts."""
    kinds = {"verdict" if camera.inspects else "event" for camera in options.cameras.values()}
    return tuple(sorted(kinds)) or ("event",)


def _sentence(address: MqttOptions, broker: Broker | None, listen: str, told: tuple[str, ...]) -> str:
    # A certificate is for the name; without one the number reaches a broker that listens there alone.
    plain = address.host == "localhost" and address.security is None
    host = "127.0.0.1" if plain else address.host
    whose = f"a broker of our own ({broker.name}) runs" if broker is not None else "events go to the broker"
    words = ["mosquitto_sub", f"-h {host}", f"-p {address.port}"]
    if address.user is not None:
        words += [f"-u {address.user}", "-P PASSWORD"]
    if address.security is not None:
        words += [f"--cafile {address.security.ca or '/etc/ssl/certs/ca-certificates.crt'}"]
    topics = "".join(f" -t '{address.prefix}/+/{one}'" for one in told)
    others = f" (for others at {listen})" if listen not in (host, "127.0.0.1") else ""
    return f"{whose} on {address.address}{others}; to listen: {' '.join(words)} -v{topics}"
