"""The daemon on the bus: the outlet that keeps a broker told, and the inlet of commands."""

import logging
import math
import select
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from watcher import settings
from watcher.errors import SinkError
from watcher.mqtt import topics
from watcher.mqtt.about import about
from watcher.mqtt.connection import V5, V311, Connection, WrongVersion
from watcher.mqtt.delivery import Delivery, Refused, encoded
from watcher.mqtt.discovery import Device
from watcher.mqtt.guard import Guard
from watcher.mqtt.home import Home
from watcher.mqtt.inlet import Inlet
from watcher.mqtt.kept import Kept, KeptInMemory, stale
from watcher.mqtt.live import Live, Lives
from watcher.mqtt.options import MqttOptions
from watcher.mqtt.states import Album, Exposure, States, Value
from watcher.outbox import BOUND, MemoryOutbox, Outbox
from watcher.quantities import counted
from watcher.requests import Request
from watcher.sinks import Pictures, StateValue

if TYPE_CHECKING:
    from watcher.events.event import EventUpdate

log = logging.getLogger(__name__)

SHORTEST_WAIT = 0.5
LONGEST_WAIT = 5.0
"""Seconds between two tries to connect: doubled each time, from the first to the last."""
REFUSED_WAIT = 10.0


class Mqtt:
    """Tells one broker what the cameras say, and hands what it is told to `on_request`.

    One thread, ``out:mqtt``, owns the connection: it connects, and again whenever the connection is gone,
    publishes, and calls `on_request` (camera, request), which must not block and may raise `RequestRefused`.
    `cameras` are the keys of the cameras with the keys of their zones. What is not known yet of a camera is said
    to be not known.
    """

    def __init__(
        self,
        options: MqttOptions,
        cameras: Mapping[str, Sequence[str]],
        on_request: Callable[[str, Request], None],
        *,
        outbox: Outbox | None = None,
        kept: Kept | None = None,
    ) -> None:
        if options.embedded:
            raise ValueError("the embedded broker has to be started first; give its address")
        self._options = options
        self._outbox: Outbox = MemoryOutbox(said=self._lost) if outbox is None else outbox
        self._kept: Kept = KeptInMemory() if kept is None else kept
        self._states = States()
        self._album = Album()
        self._lives = Lives()
        self._home = Home(options, self._states, self._kept)
        self._guard = Guard(options)
        self._inlet = Inlet(options.prefix, on_request, self._guard.card())
        self._version = V5
        self._delivery: Delivery | None = None
        self._said = ""
        self._stop_at: float | None = None
        self._finished = False
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self._wake_in, select.POLLIN)
        self._thread = threading.Thread(target=self._run, name="out:mqtt", daemon=True)
        self._outbox.call(self._wake)
        self.use_cameras(cameras)

    # --- the outlet: any thread

    @property
    def connected(self) -> bool:
        """The broker knows us and hears us."""
        delivery = self._delivery
        return delivery is not None and delivery.connection.subscribed

    @property
    def trouble(self) -> str:
        """Why we are not connected, in words; empty while we are, or before the first try has failed."""
        return self._said

    def start(self) -> None:
        self._thread.start()

    def use_cameras(self, cameras: Mapping[str, Sequence[str]]) -> None:
        """These cameras from now on; what is retained of those that are gone is cleared."""
        before = self._inlet.cameras
        for gone in before.keys() - cameras.keys():
            self._album.drop(gone)
            self._forget(gone, before[gone])
        for camera, zones in cameras.items():
            for zone in set(before.get(camera, ())) - set(zones):
                self._forget_zone(camera, zone)
        self._inlet.cameras = {camera: tuple(zones) for camera, zones in cameras.items()}
        for value in stale(self._options.prefix, self._kept.topics(), self._inlet.cameras):
            self._states.put(value)
        for camera, zones in cameras.items():
            self._states.begin(self._value(topics.AVAILABILITY, b"offline", camera=camera))
            self._states.begin(self._value(topics.CHANGE, b"None", camera=camera))
            for zone in zones:
                self._states.begin(self._value(topics.ZONE, b"None", camera=camera, zone=zone))
        self._wake()

    def use_devices(self, devices: Mapping[str, Device]) -> None:
        """What Home Assistant is told of the cameras, by key; nothing before this was called."""
        self._home.use_devices(devices)
        self._wake()

    def record(self, camera: str, payload: dict[str, Any]) -> None:
        self._outbox.put(camera, payload)

    def verdict(self, camera: str, payload: dict[str, Any], until: float) -> None:
        late = self._lives.put(Live(camera, payload, until))
        if late is not None:
            self._outbox.put(late.camera, late.payload)
        self._wake()

    def state(self, camera: str, name: str, value: StateValue) -> None:
        topic = topics.of_state(name)
        if topic is None:
            log.error("%s: there is no topic for the state %r", camera, name)
            return
        if callable(value):
            self._album.put_live(Exposure(camera, topic, value))
            self._wake()
            return
        try:
            payload = _payload(value)
        except (TypeError, ValueError) as error:
            log.error("%s: the state %s cannot be written as JSON: %s", camera, name, error)
            return
        self._states.put(Value(f"{self._options.prefix}/{camera}/{name}", topic, payload))
        self._wake()

    def pictures(self, camera: str, update: "EventUpdate", pictures: Pictures) -> None:
        self._album.put(camera, pictures)
        self._wake()

    def stop(self, timeout: float) -> None:
        if self._thread.ident is None:
            return
        self._stop_at = time.monotonic() + 0.9 * timeout
        self._wake()
        self._thread.join(timeout)
        if self._thread.is_alive():
            log.warning("MQTT: %s keeps us waiting; we leave without goodbye", self._options.address)
        for late in self._lives.take_late(math.inf):
            self._outbox.put(late.camera, late.payload)
        waiting = self._outbox.waiting()
        if waiting:
            after = "; they wait for the next start" if self._outbox.lasting else ""
            log.warning("MQTT: %s not delivered yet%s", counted(waiting, "record"), after)

    def _wake(self) -> None:
        try:
            self._wake_out.send(b"\0")
        except OSError:
            return  # full: it is awake already; closed: it has ended

    # --- the thread

    def _run(self) -> None:
        wait = 0.0
        while self._waited(wait):
            try:
                if self._delivery is None:
                    self._delivery = self._connect()
                self._deliver(self._delivery)
            except SinkError as error:
                wait = self._left(error, wait)
            except Exception:  # the top of this thread
                log.exception("MQTT: a fault in the program")
                wait = self._survived(wait)
        self._wake_in.close()
        self._wake_out.close()

    def _waited(self, seconds: float) -> bool:
        """Wait; False as soon as there is nothing to wait for any more."""
        until = time.monotonic() + seconds
        while self._stop_at is None:
            left = until - time.monotonic()
            if left <= 0:
                return True
            if self._poll.poll(1000 * left):
                self._wake_in.recv(4096)
        # A broker that is not there is not waited for.
        return seconds == 0 and not self._finished and time.monotonic() < self._stop_at

    def _connect(self) -> Delivery:
        try:
            return self._connected(self._version)
        except WrongVersion as error:
            other = V311 if self._version == V5 else V5
            delivery = self._connected(other)
            if error.sure:
                self._version = other
            return delivery

    def _connected(self, version: Any) -> Delivery:
        self._guard.check(version, self._wake_in)
        will = (topics.build(self._options.prefix, topics.STATUS), "offline")
        connection = Connection(self._options, client_id=self._options.client_id, version=version, will=will)
        connection.open(self._wake_in)
        connection.subscribe((*topics.subscriptions(self._options.prefix), *self._home.filters))
        delivery = Delivery(
            connection, self._options, self._states, self._album, self._outbox, self._lives, self._kept
        )
        delivery.greet(self._guard.card(), encoded(about()))
        return delivery

    def _deliver(self, delivery: Delivery) -> None:
        """Turn the connection until it has ended, or all is said and we are to stop."""
        connection = delivery.connection
        greeted = False
        while True:
            idle = delivery.send()
            if (idle or delivery.heard) and not greeted:
                greeted = True
                self._welcomed(delivery)
            if self._stop_at is not None:
                self._finish(delivery, self._stop_at, idle=idle)
                return
            connection.turn(self._wake_in, min(1.0, delivery.pause or 1.0))
            while connection.messages:
                message = connection.messages.popleft()
                if not self._home.hear(message, time.monotonic()):
                    self._inlet.hear(message, delivery)
            self._home.tend(time.monotonic())
            self._home.judge(delivery)
            self._inlet.sum_up()
            if connection.ended:
                delivery.end()

    def _welcomed(self, delivery: Delivery) -> None:
        """The broker has taken all there was: say so, or what it did not take, once."""
        if not delivery.refused:
            log.info("MQTT: connected to %s, publishing under %s/", self._options.address, self._options.prefix)
        elif delivery.refused != self._said:
            log.warning("MQTT: %s", delivery.refused)
        self._said = delivery.refused

    def _left(self, error: SinkError, waited: float) -> float:
        """The connection is gone, or was not made: say why, once, and how long to wait."""
        if self._delivery is not None:
            waited = 0.0 if self._delivery.heard else waited
            self._home.judge(self._delivery, cut=True)
        self._drop()
        why = str(error)
        if why != self._said:
            log.warning("MQTT: %s; trying again until it works", why)
            self._said = why
        # That one connects only to be refused again, so its wait would never grow.
        return REFUSED_WAIT if isinstance(error, Refused) else _longer(waited)

    def _survived(self, waited: float) -> float:
        """After a fault: the connection goes, unless it had no part in it. How long to wait."""
        if self._delivery is not None and self._delivery.making:
            self._delivery.making = False
            return 0.0
        self._drop()
        return _longer(waited)

    def _drop(self) -> None:
        delivery, self._delivery = self._delivery, None
        if delivery is not None:
            delivery.connection.drop()
            delivery.let_go()
            self._outbox.rewind()

    def _finish(self, delivery: Delivery, stop_at: float, *, idle: bool) -> None:
        """Deliver what is left, say that all are offline, and go; without goodbye where the broker hangs, so that
        it says it for us."""
        connection = delivery.connection
        delivery.leaving = self._outbox.lasting
        reserve = stop_at - 0.3 * max(0.0, stop_at - time.monotonic())
        idle = idle or self._emptied(delivery, reserve)
        for camera in self._inlet.cameras:
            self._states.put(self._value(topics.AVAILABILITY, b"offline", camera=camera))
        delivery.part()
        if self._emptied(delivery, stop_at) and idle:
            connection.close()
        self._finished = True
        self._drop()

    def _emptied(self, delivery: Delivery, until: float) -> bool:
        """Turn the connection until all is delivered; False where the time or the connection ended before."""
        while not delivery.send():
            left = until - time.monotonic()
            if left <= 0 or delivery.connection.ended:
                return False
            delivery.connection.turn(self._wake_in, min(left, delivery.pause or 0.2))
        return True

    # --- inside

    def _forget(self, camera: str, zones: Sequence[str]) -> None:
        """Clear all that the broker may keep of a camera, whether we or one before us published it."""
        for topic in topics.TABLE:
            if topic.of_camera and topic.retained and not topic.places:
                self._states.put(self._value(topic, b"", camera=camera))
        for zone in zones:
            self._forget_zone(camera, zone)
        for name in (*(setting.name for setting in settings.TABLE), "recipe"):
            self._states.put(self._value(topics.SETTING, b"", camera=camera, setting=name))
        self._states.clear_below(f"{self._options.prefix}/{camera}/")

    def _forget_zone(self, camera: str, zone: str) -> None:
        self._states.put(self._value(topics.ZONE, b"", camera=camera, zone=zone))
        setting = settings.of_zone(zone).name
        self._states.put(self._value(topics.SETTING, b"", camera=camera, setting=setting))

    def _value(self, topic: topics.Topic, payload: bytes, **keys: str) -> Value:
        return Value(topics.build(self._options.prefix, topic, **keys), topic, payload)

    def _lost(self, records: int) -> None:
        log.warning(
            "MQTT: %s has been away for too long: %d records are lost so far, the oldest events first; %d are kept",
            self._options.address, records, BOUND,
        )  # fmt: skip


def _longer(wait: float) -> float:
    return min(LONGEST_WAIT, max(SHORTEST_WAIT, 2 * wait))


def _payload(value: str | bytes | dict[str, Any] | None) -> bytes:
    if value is None:
        return b""
    if isinstance(value, bytes):
        return value
    return value.encode() if isinstance(value, str) else encoded(value)
