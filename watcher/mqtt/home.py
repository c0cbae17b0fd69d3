"""Home Assistant on the same broker: it is told what there is, and told everything again when it comes back."""

import json
import logging
import threading
from collections.abc import Collection, Mapping
from typing import Any

from watcher.mqtt import discovery, topics
from watcher.mqtt.connection import Message
from watcher.mqtt.delivery import Delivery, encoded
from watcher.mqtt.discovery import DAEMON, Device, device_id
from watcher.mqtt.kept import Kept
from watcher.mqtt.options import MqttOptions
from watcher.mqtt.states import States, Value

log = logging.getLogger(__name__)

AGAIN_EVERY = 5.0
"""Seconds between two times that everything is published again: a flood of `online` must not become one of ours."""
_LARGEST = 256 * 1024
_CUTS = 2
"""Times that a connection may end with such a message under way; any connection may, once."""
_OUR_NAME = "watcher"


class Home:
    """Keeps the discovery messages of one broker as they should be. Safe in several threads.

    What the broker kept of an earlier message is heard at each connection: components that stood there and are no
    longer are taken back, so that nothing is left of a zone that went while we were away.
    """

    def __init__(self, options: MqttOptions, states: States, kept: Kept) -> None:
        self._options, self._states, self._kept = options.home, states, kept
        self._prefix = options.prefix
        self._lock = threading.Lock()
        self._messages: dict[str, Mapping[str, Any]] = {}
        self._cuts = 0
        self._listened: set[str] = set()
        self._again_at: float | None = None
        self._said_at = float("-inf")

    @property
    def filters(self) -> tuple[str, ...]:
        """What is to be listened to beside our own topics."""
        if self._options is None:
            return ()
        with self._lock:
            self._listened = set(self._messages)
            return (self._options.status, *self._messages)

    def use_devices(self, devices: Mapping[str, Device]) -> None:
        """These cameras from now on, and the daemon; what went is taken back."""
        if self._options is None:
            self._clear(())
            return
        prefix = self._options.prefix
        made = {topics.device(prefix, device_id(self._prefix, DAEMON)): discovery.daemon_message(self._prefix)}
        for key, device in devices.items():
            made[topics.device(prefix, device_id(self._prefix, key))] = discovery.camera_message(
                self._prefix, device
            )
        with self._lock:
            before, self._messages = self._messages, {}
            for topic, message in made.items():
                known = before.get(topic)
                left = discovery.without(message, known, taken_back=True)
                if left == known:
                    self._messages[topic] = left
                else:
                    self._put(topic, left)
            self._clear(made, before)

    def hear(self, message: Message, now: float) -> bool:
        """Whether the message was for us. `now`: monotonic seconds."""
        if self._options is not None and message.topic == self._options.status:
            if message.payload == b"online" and self._again_at is None:
                self._again_at = max(now, self._said_at + AGAIN_EVERY)
            return True
        with self._lock:
            wanted = self._messages.get(message.topic)
            if wanted is None:
                return message.topic in self._listened
            left = discovery.without(wanted, _read(message.payload))
            if left != wanted:
                self._put(message.topic, left)
            return True

    def judge(self, delivery: Delivery, *, cut: bool = False) -> None:
        """Tell Home Assistant nothing where the broker refuses that, or hangs up on it (`cut`) again and again:
        some brokers do, and everybody else would hear nothing either."""
        self._cuts = 0 if delivery.device_taken else self._cuts + (cut and delivery.device is not None)
        if self._options is None or not (delivery.device_refused or self._cuts >= _CUTS):
            return
        log.warning(
            "MQTT: the broker does not take what Home Assistant is told under %s/ (%s), so it is told nothing:"
            " allow it at the broker, or write discovery: false",
            self._options.prefix, delivery.device_refused or "it hangs up",
        )  # fmt: skip
        self._options = None
        self._states.drop_devices()

    def tend(self, now: float) -> None:
        """Publish everything again if Home Assistant has asked for it; to be called every now and then."""
        if self._again_at is not None and now >= self._again_at:
            self._again_at, self._said_at = None, now
            log.info("MQTT: Home Assistant is here: everything is published again")
            self._states.say_again()

    def _clear(self, wanted: Collection[str], before: Collection[str] = ()) -> None:
        """Take back the devices that are told no more, also those of another day or discovery prefix."""
        old = (topic for topic in self._kept.topics() if topics.is_device(topic))
        for topic in {*before, *old} - set(wanted):
            self._states.put(Value(topic, topics.DISCOVERY, b""))

    def _put(self, topic: str, message: Mapping[str, Any]) -> None:
        self._messages[topic] = message
        self._states.put(Value(topic, topics.DISCOVERY, encoded(dict(message))))


def _read(payload: bytes) -> Any:
    """An earlier message of ours; None where it is something else."""
    if len(payload) > _LARGEST:
        return None
    try:
        message = json.loads(payload)
        return message if message["o"]["name"] == _OUR_NAME else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
