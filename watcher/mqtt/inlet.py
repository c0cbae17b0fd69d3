"""What comes in: commands to cameras, and what is answered."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence

from watcher.errors import RequestRefused
from watcher.mqtt import commands, topics
from watcher.mqtt.connection import Message
from watcher.mqtt.delivery import Delivery, encoded, stamp
from watcher.ration import Ration
from watcher.requests import Request

log = logging.getLogger(__name__)


class Inlet:
    """Obeys what may be obeyed, and says of everything else why not. `card` is the sign of life when asked for.

    A flood of commands becomes no flood of lines or answers: ten a minute are written down, and for each camera ten
    are answered; for all cameras that are not known, ten together.
    """

    def __init__(self, prefix: str, on_request: Callable[[str, Request], None], card: bytes) -> None:
        self.cameras: Mapping[str, Sequence[str]] = {}
        self._prefix = prefix
        self._on_request = on_request
        self._card = card
        self._said = ""
        self._lines = Ration()
        self._answers: dict[str, Ration] = {}

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
                if self._may_answer(refusal.camera):
                    delivery.answer(topics.ERROR, encoded(refusal.message(stamp())), camera=refusal.camera)

    def sum_up(self) -> None:
        """Say how much was refused beyond what was written down; to be called every now and then."""
        more = self._lines.withheld(time.monotonic())
        if more:
            log.warning("MQTT: and %d more were refused in the last minute", more)

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
        except Exception as error:  # whoever obeys has a fault: this must not cost everybody the connection
            if self._lines.allows(time.monotonic()):
                log.exception("MQTT: %s: %s cannot be obeyed: a fault in the program", read.camera, read.name)
            reason = f"a fault in the program ({type(error).__name__}); its log says more"
            return commands.Refusal(read.camera, read.name, read.payload, reason)
        return None

    def _say(self, sentence: str) -> None:
        """Into the log, once while it stays the same."""
        self.sum_up()
        if sentence != self._said and self._lines.allows(time.monotonic()):
            log.warning("MQTT: %s", sentence)
            self._said = sentence

    def _may_answer(self, camera: str) -> bool:
        # A command may name any camera: those that are not known share one ration, so that none is kept for each.
        whose = camera if camera in self.cameras else ""
        return self._answers.setdefault(whose, Ration()).allows(time.monotonic())
