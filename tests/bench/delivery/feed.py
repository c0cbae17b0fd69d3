"""What the rows are made of: a daemon's delivery without cameras, a daemon as a process, and what was heard."""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.wait import until
from watcher.mqtt.client import Mqtt
from watcher.mqtt.options import MqttOptions
from watcher.outbox.disk import DiskOutbox
from watcher.outbox.options import OutboxOptions
from watcher.post import Post, broker_name

CAMERAS = ("porch", "yard")
Key = tuple[str, int]
"""Id of an event, and number within it."""


def events(count: int, cameras: Sequence[str] = CAMERAS, updates: int = 0) -> Iterator[tuple[str, dict[str, Any]]]:
    """Camera and payload of each record, two or more for each event, the cameras in turns."""
    for number in range(count):
        yield from event(number, cameras, updates)


def event(number: int, cameras: Sequence[str] = CAMERAS, updates: int = 0) -> Iterator[tuple[str, dict[str, Any]]]:
    """The same of one event."""
    camera = cameras[number % len(cameras)]
    for sequence in range(2 + updates):
        kind = "started" if sequence == 0 else "ended" if sequence == 1 + updates else "updated"
        yield camera, {
            "schema": 1, "event_type": kind, "id": f"e{number:06}", "camera": camera, "sequence": sequence,
            "started_at": f"t{number}", "ended_at": f"t{number}" if kind == "ended" else None,
            "captured_at": f"t{number}.{sequence}", "published_at": None, "reason": "x" * 300,
            "end_reason": "fell" if kind == "ended" else None,
        }  # fmt: skip


def keys(told: Iterable[tuple[str, dict[str, Any]]]) -> set[Key]:
    return {(payload["id"], payload["sequence"]) for _, payload in told}


class Witness:
    """An outbox that writes down what it believes to have arrived."""

    def __init__(self, outbox: DiskOutbox) -> None:
        self.outbox = outbox
        self.believed: set[Key] = set()
        self._out: dict[int, Key] = {}

    def take(self, at: str, *, fresh: bool = False) -> Any:
        record = self.outbox.take(at, fresh=fresh)
        if record is not None:
            self._out[record.number] = record.payload["id"], record.payload["sequence"]
        return record

    def acknowledge(self, number: int) -> None:
        self.believed.add(self._out[number])
        self.outbox.acknowledge(number)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.outbox, name)


class Line:
    """The outbox and the client of one broker, as the service puts them together."""

    def __init__(
        self,
        folder: Path,
        port: int,
        outbox: OutboxOptions | None = None,
        cameras: Sequence[str] = CAMERAS,
        **options: Any,
    ) -> None:
        address = MqttOptions(host="127.0.0.1", port=port, **options)
        self.post = Post(folder, outbox or OutboxOptions())
        self.post.start()
        name = broker_name(address)
        self.outbox = self.post.assign([name])[name]
        self.witness = Witness(self.outbox)
        zones: dict[str, tuple[str, ...]] = dict.fromkeys(cameras, ())
        self.client = Mqtt(address, zones, lambda camera, request: None, outbox=self.witness)
        self.post.brokers = (self.client,)

    def start(self) -> "Line":
        self.client.start()
        return self

    def feed(self, told: Iterable[tuple[str, dict[str, Any]]], rate: float = 0.0) -> None:
        """Put records, `rate` a second; 0: as fast as they are taken."""
        began = time.monotonic()
        for number, (camera, payload) in enumerate(told):
            if rate and number % 20 == 0:
                # At the rate that was asked for; twenty at a time, for a sleep takes longer than a record.
                time.sleep(max(0.0, began + number / rate - time.monotonic()))
            self.post.record(camera, payload)

    def emptied(self, timeout: float) -> None:
        until(lambda: self.outbox.waiting() == 0, timeout, "everything is acknowledged")

    def stop(self) -> None:
        self.client.stop(2)
        self.post.stop(5)


def beside(work: Any) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


@dataclass(frozen=True)
class Account:
    """What was heard, against what was told."""

    missing: int
    duplicates: int
    disorders: int

    @classmethod
    def of(cls, payloads: Iterable[bytes], told: set[Key]) -> "Account":
        """`disorders`: first receipts that came after a later one of the same camera."""
        heard: Counter[Key] = Counter()
        newest: dict[str, Key] = {}
        disorders = 0
        for payload in map(json.loads, payloads):
            key = payload["id"], payload["sequence"]
            heard[key] += 1
            if heard[key] > 1:
                continue
            disorders += newest.get(payload["camera"], ("", 0)) > key
            newest[payload["camera"]] = max(key, newest.get(payload["camera"], key))
        return cls(len(told - heard.keys()), heard.total() - len(heard), disorders)


def now_and_then(times: int, seed: int, least: float, most: float) -> Iterator[int]:
    """Numbers from 0, after waits by chance."""
    chance = random.Random(seed)
    for number in range(times):
        # What is cut is cut at a moment that nobody has chosen.
        time.sleep(chance.uniform(least, most))
        yield number
