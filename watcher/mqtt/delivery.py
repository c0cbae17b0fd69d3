"""What goes out over one connection, and in which order."""

import json
import logging
import math
import time
from collections import deque
from datetime import UTC, datetime
from typing import Any, NoReturn

from watcher.errors import PictureUnreadable, SinkError
from watcher.mqtt import topics
from watcher.mqtt.connection import Connection, Receipt
from watcher.mqtt.kept import Kept
from watcher.mqtt.live import Live, Lives
from watcher.mqtt.options import MqttOptions
from watcher.mqtt.pace import Pace
from watcher.mqtt.states import Album, States, Value
from watcher.outbox import Outbox, Record

log = logging.getLogger(__name__)

_HEADER = 16
"""Bytes of a message beside its topic and payload, at most."""
PATIENCE = 2.0
"""Keepalives without an acknowledgement after which a connection is given up."""


STALLED = 0.5
"""Seconds without a receipt after which nothing live is handed over: no network takes so long, a broker that hangs
does."""


class Refused(SinkError):
    """The broker hears us but does not take what we say: only a person can change that."""


def stamp() -> str:
    """The present time, UTC, ISO 8601 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def encoded(payload: dict[str, Any]) -> bytes:
    """Compact JSON; ValueError or TypeError where something in it has no JSON."""
    return json.dumps(payload, separators=(",", ":"), allow_nan=False, ensure_ascii=False).encode()


class Delivery:
    """Hands messages to one connection, never more than its window at a time.

    First comes what is true now, so that nothing stale stands beside `online`; then that we are `online`; then, for
    as long as the connection lasts, verdicts before records before states before pictures. A picture goes alone, so
    that an event never waits behind more than one. A verdict whose time is over becomes a record.
    """

    def __init__(
        self,
        connection: Connection,
        options: MqttOptions,
        states: States,
        album: Album,
        outbox: Outbox,
        lives: Lives,
        kept: Kept,
    ) -> None:
        self.connection = connection
        self.leaving = False
        """Only what is fresh goes out any more: the rest waits for the next start."""
        self.pause = 0.0
        """Seconds until the next of a backlog may go; 0 where none waits."""
        self.making = False
        """A picture is being made: what is raised then is not the connection's fault."""
        self.heard = False
        """The broker has answered to all that is said at the beginning."""
        self.refused = ""
        """What the broker does not take, in words."""
        self._prefix = options.prefix
        self._states = states
        self._album = album
        self._outbox = outbox
        self._lives = lives
        self._kept = kept
        self._max_width, self._max_bytes = options.max_width, options.max_picture_bytes
        self._pace = Pace(options.drain_rate)
        self._patience = PATIENCE * options.keepalive
        self._progress = time.monotonic()
        self._answers: deque[Value] = deque(maxlen=100)
        # What is said when all states are: that we are here, and in the end that we are gone.
        self._greeting: list[Value] | None = None
        # Numbers of messages under way -> what to do with the receipt.
        self._records: dict[int, Record] = {}
        self._verdicts: dict[int, Live] = {}
        self._others: dict[int, Value] = {}
        self._picture: int | None = None
        # What a picture waits for; None where none has waited yet.
        self._ahead: set[int] | None = None
        self.device: int | None = None
        """The number of a message for Home Assistant that is under way."""
        self.device_refused = ""
        """Why the broker does not take what Home Assistant is told."""
        self.device_taken = False
        self._known = set(kept.topics())
        states.all_again()
        outbox.rewind()

    def greet(self, card: bytes, about: bytes) -> None:
        """Who we are and that we are here, said around the states."""
        self.answer(topics.INSTANCE, card)
        self.answer(topics.ABOUT, about)
        self._greeting = [Value(topics.build(self._prefix, topics.STATUS), topics.STATUS, b"online")]

    def part(self) -> None:
        """That we are gone, said after everything else."""
        self._greeting = [Value(topics.build(self._prefix, topics.STATUS), topics.STATUS, b"offline")]

    def answer(self, topic: topics.Topic, payload: bytes, **keys: str) -> None:
        """Say this soon, once, on this connection only."""
        value = Value(topics.build(self._prefix, topic, **keys), topic, payload)
        if value not in self._answers:
            self._answers.append(value)

    def send(self) -> bool:
        """Hand over what the window allows and settle receipts; True when nothing is left or under way."""
        self._settle()
        if self._under_way() == 0:
            self._progress = time.monotonic()
        while self._under_way() < self.connection.window and not self.connection.ended:
            if not self._send_next():
                break
            self._settle()
        self._be_patient()
        return self._under_way() == 0 and self._greeting is None and self.pause == 0

    def _under_way(self) -> int:
        return len(self._records) + len(self._verdicts) + len(self._others)

    def _send_next(self) -> bool:
        """Hand over the next message; False where there is none that may go now."""
        if self._answers:
            self._hand_over(self._answers.popleft())
            return True
        if self._greeting is not None:
            self._hand_over(self._next_greeting(self._greeting))
            return True
        if self._send_verdict(time.monotonic()):
            return True
        if self._send_record(time.monotonic()):
            return True
        value = self._states.take()
        if value is not None:
            self._hand_over(value)
            return True
        return self._send_device() or (self._may_draw() and self._send_picture())

    def _may_draw(self) -> bool:
        """Whether a picture's turn has come: what went before it has arrived, and the picture before it.

        Somebody waits for a record, and a picture takes a core for 30 ms that broker and subscriber may need. What
        goes later is not waited for, or a far broker would get no pictures while much happens.
        """
        under_way = self._records.keys() | self._verdicts.keys()
        self._ahead = under_way if self._ahead is None else self._ahead & under_way
        return self._picture is None and not self._ahead

    def _send_device(self) -> bool:
        """What Home Assistant is told, one by one: where the broker hangs up on it, it is known on what."""
        value = self._states.take_device() if self.heard and self.device is None else None
        if value is None:
            return False
        self.device = self._hand_over(value)
        return True

    def _send_verdict(self, now: float) -> bool:
        """Hand over the next verdict that is in time; what is not goes the way of records."""
        for late in self._lives.take_late(now):
            self._outbox.put(late.camera, late.payload)
        live = None if self._stalled(now) else self._lives.take(now)
        if live is None:
            return False
        text = topics.build(self._prefix, topics.VERDICT, camera=live.camera)
        payload = encoded({**live.payload, "published_at": stamp()})
        # A broker that keeps it for somebody who is away must not tell it late either.
        within = max(1, math.ceil(live.until - now))
        mid = self.connection.publish(
            text, payload, qos=topics.VERDICT.qos, retain=topics.VERDICT.retained, expires=within
        )
        self._verdicts[mid] = live
        return True

    def _send_record(self, now: float) -> bool:
        self.pause = self._pace.wait(now)
        record = self._outbox.take(stamp(), fresh=self.leaving or self.pause > 0)
        if record is None:
            if self.leaving or self._outbox.waiting() == len(self._records):
                self.pause = 0.0
            return False
        self.pause = 0.0
        self._pace.count()
        self._hand_over_record(record)
        return True

    def _be_patient(self) -> None:
        """A broker that takes everything and acknowledges nothing is as good as none."""
        now = time.monotonic()
        if self._under_way() == 0 or not self.connection.drained():
            self._progress = now
        elif now - self._progress > self._patience:
            self.connection.ended = f"has acknowledged nothing for {self._patience:g} s"

    def _stalled(self, now: float) -> bool:
        """Whether what is handed over now may lie somewhere for long: a verdict would be told when it is late."""
        return not self.connection.drained() or (self._under_way() > 0 and now - self._progress > STALLED)

    def let_go(self) -> None:
        """The connection is gone: what it may not have told as live is told as late."""
        for live in self._verdicts.values():
            self._outbox.put(live.camera, live.payload)
        self._verdicts.clear()

    def _next_greeting(self, last: list[Value]) -> Value:
        value = self._states.take()
        if value is None:
            value = last.pop(0)
            self._greeting = last or None
        return value

    def _send_picture(self) -> bool:
        value = self._states.take_picture()
        if value is not None:
            self._ahead = None
            self._picture = self._hand_over(value)
            return True
        exposure = self._album.take()
        if exposure is None:
            self._ahead = None
            return False
        text = topics.build(self._prefix, exposure.topic, camera=exposure.camera)
        self.making = True
        payload = exposure.make() or b""
        try:
            payload = self._fitted(payload, text) if payload else b""
        except PictureUnreadable as error:
            log.warning("MQTT: %s is not published: %s", text, error)
        else:
            self._states.put(Value(text, exposure.topic, payload))
        self.making = False
        return True

    def _fitted(self, picture: bytes, topic: str) -> bytes:
        """The picture as large as it may be on the bus."""
        from watcher.vision.fit import fitted  # it brings OpenCV along

        limits = [] if self._max_bytes is None else [self._max_bytes]
        if self.connection.largest is not None:
            limits.append(self.connection.largest - len(topic.encode()) - _HEADER)
        return fitted(picture, self._max_width, min(limits, default=None))

    def _hand_over(self, value: Value) -> int:
        if value.topic.retained and value.payload and value.text not in self._known:
            self._kept.retain(value.text)
            self._known.add(value.text)
        mid = self.connection.publish(value.text, value.payload, qos=value.topic.qos, retain=value.topic.retained)
        self._others[mid] = value
        return mid

    def _hand_over_record(self, record: Record) -> None:
        topic = _topic_of(record)
        try:
            text = topics.build(self._prefix, topic, camera=record.camera)
            payload = encoded(record.payload)
        except (TypeError, ValueError) as error:
            # Tried again it would stand in the way of all others for ever.
            log.error("%s: a record cannot be published and is left out: %s", record.camera, error)
            self._outbox.acknowledge(record.number)
            return
        mid = self.connection.publish(text, payload, qos=topic.qos, retain=topic.retained)
        self._records[mid] = record

    def end(self) -> NoReturn:
        """The connection has ended: SinkError says why."""
        self._settle()
        # Some brokers (mosquitto up to 2.0.11) hang up after refusing a single message.
        if self.refused:
            raise Refused(self.refused)
        # And it hangs up so hard that even the refusal may be lost on the way.
        hint = "" if self.heard else f" as soon as something was published; may we publish under {self._prefix}/?"
        raise SinkError(self.connection.reason + hint)

    def _settle(self) -> None:
        """Take note of what the broker has received."""
        while self.connection.receipts:
            self._progress = time.monotonic()
            self._settle_one(self.connection.receipts.popleft())

    def _settle_one(self, receipt: Receipt) -> None:
        if receipt.mid == self._picture:
            self._picture = None
        if receipt.mid == self.device:
            self.device, self.device_refused = None, receipt.refused
            self.device_taken = self.device_taken or not receipt.refused
        record = self._records.pop(receipt.mid, None)
        live = self._verdicts.pop(receipt.mid, None)
        value = self._others.pop(receipt.mid, None)
        # It answers in order, and this is what we say last.
        self.heard = self.heard or (value is not None and value.topic is topics.STATUS)
        if not receipt.refused:
            if record is not None:
                self._outbox.acknowledge(record.number)
            if value is not None and not value.payload and value.text in self._known:
                self._kept.forget(value.text)
                self._known.discard(value.text)
        elif record is not None:
            where = topics.build(self._prefix, _topic_of(record), camera=record.camera)
            raise Refused(f"the broker refuses messages to {where}: {receipt.refused}; they are kept")
        elif live is not None:
            where = topics.build(self._prefix, topics.VERDICT, camera=live.camera)
            self.refused = f"the broker refuses messages to {where}: {receipt.refused}"
        elif value is not None and value.topic is not topics.DISCOVERY:
            self.refused = f"the broker refuses messages to {value.text}: {receipt.refused}"


def _topic_of(record: Record) -> topics.Topic:
    return topics.VERDICT_LATE if "verdict" in record.payload else topics.EVENT
