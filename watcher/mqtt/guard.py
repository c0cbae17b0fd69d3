"""One daemon per prefix: who is there already is looked for before anything is published.

`<prefix>/instance` (retained) holds id and host of the daemon that publishes, `<prefix>/status` whether it lives.
The look is a connection of its own, with another client id and no last will, so that it disturbs nobody.
"""

import json
import secrets
import socket
import time

from paho.mqtt.enums import MQTTProtocolVersion

from watcher.errors import SinkError
from watcher.mqtt import topics
from watcher.mqtt.connection import Connection, Message
from watcher.mqtt.options import MqttOptions

_NOTHING_THERE = 0.2
"""Seconds after which a broker that has retained messages would have sent them."""
_ANSWER = 1.0
"""Seconds that a living daemon has to answer."""


class Guard:
    """Who we are, and whether somebody else is here.

    A foreign instance whose status is ``online`` is refused. But a broker that died with its daemon may keep saying
    ``online`` for one that is long gone, so it is asked for a sign of life as well, and taken for gone when none
    came for three times the keepalive (10 s where it had our own host name: then it was most likely we ourselves).
    """

    def __init__(self, options: MqttOptions) -> None:
        self.id = secrets.token_hex(8)
        self.host = socket.gethostname()
        self._options = options
        self._instance = topics.build(options.prefix, topics.INSTANCE)
        self._status = topics.build(options.prefix, topics.STATUS)
        self._ask = topics.build(options.prefix, topics.INSTANCE_ASK)
        self._silent: tuple[str, float] | None = None

    def card(self) -> bytes:
        """What `<prefix>/instance` says for us."""
        return json.dumps({"id": self.id, "host": self.host}).encode()

    def check(self, version: MQTTProtocolVersion, wake: socket.socket) -> None:
        """SinkError where another living daemon has this prefix, or the broker does not let us look."""
        client_id = f"{self._options.client_id}-look-{secrets.token_hex(4)}"
        look = Connection(self._options, client_id=client_id, version=version)
        look.open(wake)
        try:
            self._look(look, wake)
        finally:
            look.close()

    def _look(self, look: Connection, wake: socket.socket) -> None:
        look.subscribe((self._instance, self._status), say_retain=False)
        found = self._wait(look, wake, {}, {self._instance, self._status}, _NOTHING_THERE)
        foreign = _card(found.get(self._instance, b""))
        online = found.get(self._status) == b"online"
        if foreign is None or foreign[0] == self.id or not online:
            self._silent = None
            return
        look.publish(self._ask, b"", qos=1, retain=False)
        answered = self._wait(look, wake, {}, {self._instance}, _ANSWER)
        self._judge(foreign, alive=bool(answered))

    def _judge(self, foreign: tuple[str, str], *, alive: bool) -> None:
        """Refuse, unless it has been silent for long enough."""
        who, host = foreign
        now = time.monotonic()
        if alive or self._silent is None or self._silent[0] != who:
            self._silent = None if alive else (who, now)
        patience = 10.0 if host == self.host else 3 * self._options.keepalive
        if self._silent is not None and now - self._silent[1] >= patience:
            return
        prefix = self._options.prefix
        raise SinkError(
            f"another daemon ({who} on {host}) publishes under {prefix!r} on {self._options.address}; "
            "this one publishes nothing there: give it another prefix, or stop the other one"
        )

    def _wait(
        self, look: Connection, wake: socket.socket, found: dict[str, bytes], wanted: set[str], grace: float
    ) -> dict[str, bytes]:
        """What arrived under the topics wanted, as soon as all are there, or `grace` after the broker listened."""
        deadline = time.monotonic() + grace
        while not wanted <= found.keys() and time.monotonic() < deadline and not look.ended:
            if not look.subscribed:
                deadline = max(deadline, time.monotonic() + grace)
            look.turn(wake, 0.05)
            while look.messages:
                message: Message = look.messages.popleft()
                found[message.topic] = message.payload
        if look.ended:
            raise SinkError(look.reason)
        return found


def _card(payload: bytes) -> tuple[str, str] | None:
    """Id and host; None where it is no card of an instance."""
    try:
        card = json.loads(payload)
        return str(card["id"])[:64], str(card["host"])[:64]
    except (ValueError, KeyError, TypeError):
        return None
