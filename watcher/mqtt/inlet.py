"""What comes in: commands to cameras, and what is answered."""

import logging
from collections.abc import Callable, Mapping, Sequence

from watcher.errors import RequestRefused
from watcher.mqtt import commands, topics
from watcher.mqtt.connection import Message
from watcher.mqtt.delivery import Delivery, encoded, stamp
from watcher.requests import Request

log = logging.getLogger(__name__)


class Inlet:
    """Obeys what may be obeyed, and says of everything else why not. `card` is the sign of life when asked for."""

    def __init__(self, prefix: str, on_request: Callable[[str, Request], None], card: bytes) -> None:
        self.cameras: Mapping[str, Sequence[str]] = {}
        self._prefix = prefix
        self._on_request = on_request
        self._card = card
        self._said = ""

    def hear(self, message: Message, delivery: Delivery) -> None:
        """Act on one message; answers go out over `delivery`."""
        place = topics.parse(self._prefix, message.topic)
        if place is None or place.topic.direction != "in":
            self._say(f"a message to {message.topic[:200]!r} is no command")
        elif place.topic is topics.INSTANCE_ASK:
            if not message.retained:
                delivery.answer(topics.INSTANCE, self._card)
        else:
            refusal = self._obeyed(commands.read(place, message.payload, retained=message.retained))
            if refusal is not None:
                self._say(f"{refusal.camera}: {refusal.name} refused: {refusal.reason}")
                delivery.answer(topics.ERROR, encoded(refusal.message(stamp())), camera=refusal.camera)

    def _obeyed(self, read: commands.Command | commands.Refusal) -> commands.Refusal | None:
        if isinstance(read, commands.Refusal):
            return read
        if read.camera not in self.cameras:
            reason = f"there is no camera {read.camera}; known are {', '.join(self.cameras) or 'none'}"
            return commands.Refusal(read.camera, read.name, read.payload, reason)
        try:
            self._on_request(read.camera, read.request)
        except RequestRefused as error:
            return commands.Refusal(read.camera, read.name, read.payload, str(error))
        return None

    def _say(self, sentence: str) -> None:
        """Into the log, once while it stays the same: a flood of commands must not become a flood of lines."""
        if sentence != self._said:
            log.warning("MQTT: %s", sentence)
            self._said = sentence
