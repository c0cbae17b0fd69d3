"""Telling a running daemon something over MQTT, as any other client would."""

import json
import os
import socket
import time
from collections.abc import Sequence

from watcher.errors import RequestRefused, SinkError
from watcher.mqtt import topics
from watcher.mqtt.connection import V5, V311, Connection, WrongVersion
from watcher.mqtt.options import MqttOptions

STATUS_WITHIN = 1.0
"""Seconds that the broker is given for the retained status: without one no daemon runs."""
REFUSED_WITHIN = 1.5
"""Seconds that the daemon is given to refuse; it says nothing when it obeys."""


def tell_daemon(brokers: Sequence[MqttOptions], camera: str, reference: str) -> bool:
    """Make the daemon use a stored reference; False where none can be reached, RequestRefused where it refuses."""
    for broker in brokers:
        # Our own listens on this machine alone.
        options = broker.near(broker.port) if broker.embedded else broker
        try:
            if _told(options, camera, reference):
                return True
        except SinkError:
            continue  # this broker cannot be reached: then no daemon hears us there either
    return False


def _told(options: MqttOptions, camera: str, reference: str) -> bool:
    wake, other = socket.socketpair()
    with wake, other:
        try:
            connection = Connection(options, client_id=_client_id(options), version=V5)
            connection.open(wake)
        except WrongVersion:
            connection = Connection(options, client_id=_client_id(options), version=V311)
            connection.open(wake)
        try:
            return _asked(connection, wake, options.prefix, camera, reference)
        finally:
            connection.close()


def _asked(connection: Connection, wake: socket.socket, prefix: str, camera: str, reference: str) -> bool:
    status, errors = topics.build(prefix, topics.STATUS), topics.build(prefix, topics.ERROR, camera=camera)
    connection.subscribe((status, errors))
    if _message(connection, wake, status, STATUS_WITHIN) != b"online":
        return False
    command = topics.build(prefix, topics.REFERENCE_SET, camera=camera)
    connection.publish(command, reference.encode(), qos=1, retain=False)
    refusal = _message(connection, wake, errors, REFUSED_WITHIN)
    if refusal is not None:
        raise RequestRefused(f"{camera} refuses: {_reason(refusal)}")
    return True


def _message(connection: Connection, wake: socket.socket, topic: str, within: float) -> bytes | None:
    deadline = time.monotonic() + within
    while not connection.ended and time.monotonic() < deadline:
        connection.turn(wake, 0.1)
        while connection.messages:
            message = connection.messages.popleft()
            if message.topic == topic:
                return message.payload
    return None


def _reason(payload: bytes) -> str:
    try:
        return str(json.loads(payload)["reason"])
    except (ValueError, KeyError, TypeError):
        return "it does not say why"


def _client_id(options: MqttOptions) -> str:
    """Not the daemon's, which the broker would throw off then."""
    return f"{options.client_id}_reference_{os.getpid()}"
