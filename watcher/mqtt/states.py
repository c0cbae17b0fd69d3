"""What is true now, by topic: the newest wins, and a new connection hears all of it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from watcher.mqtt import topics
from watcher.mqtt.topics import Topic
from watcher.sinks import Pictures


@dataclass(frozen=True, slots=True)
class Value:
    """What one topic says now; empty bytes clear what the broker keeps of it."""

    text: str
    """The whole topic."""
    topic: Topic
    payload: bytes


class States:
    """The newest value of each topic, and which of them the broker has yet to hear. Safe in several threads.

    Values of topics that are not retained go out once and are forgotten, also when nobody is connected.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, Value] = {}
        self._small: dict[str, None] = {}
        self._large: dict[str, None] = {}
        self._devices: dict[str, None] = {}

    def put(self, value: Value) -> None:
        """The topic says this from now on."""
        with self._lock:
            self._values[value.text] = value
            self._waiting(value)[value.text] = None

    def begin(self, value: Value) -> None:
        """The topic says this unless it says something already."""
        with self._lock:
            before = self._values.get(value.text)
            if before is None or not before.payload:
                self._values[value.text] = value
                self._waiting(value)[value.text] = None

    def clear_below(self, start: str) -> None:
        """Clear every retained topic that begins like this, at the broker too."""
        with self._lock:
            for text, value in self._values.items():
                if text.startswith(start):
                    self._values[text] = Value(text, value.topic, b"")
                    self._waiting(value)[text] = None

    def all_again(self) -> None:
        """A new connection: everything retained has to be heard, and nothing else of before."""
        with self._lock:
            self._values = {text: value for text, value in self._values.items() if value.topic.retained}
            self._small.clear()
            self._large.clear()
            self._devices.clear()
            for text, value in self._values.items():
                self._waiting(value)[text] = None

    def say_again(self) -> None:
        """Somebody has come who has heard nothing yet: all that is retained, but not what was only cleared."""
        with self._lock:
            for text, value in self._values.items():
                if value.topic.retained and value.payload:
                    self._waiting(value)[text] = None

    def take(self) -> Value | None:
        """The next text or JSON that the broker has yet to hear."""
        return self._taken(self._small)

    def take_picture(self) -> Value | None:
        """The next picture that the broker has yet to hear."""
        return self._taken(self._large)

    def take_device(self) -> Value | None:
        """The next message for Home Assistant that the broker has yet to hear."""
        return self._taken(self._devices)

    def drop_devices(self) -> None:
        """Nothing for Home Assistant any more."""
        with self._lock:
            self._values = {text: one for text, one in self._values.items() if one.topic is not topics.DISCOVERY}
            self._devices.clear()

    def _taken(self, waiting: dict[str, None]) -> Value | None:
        with self._lock:
            if not waiting:
                return None
            text = next(iter(waiting))
            del waiting[text]
            value = self._values[text]
            if not value.topic.retained:
                del self._values[text]
            return value

    def _waiting(self, value: Value) -> dict[str, None]:
        if value.topic is topics.DISCOVERY:
            return self._devices
        return self._large if value.topic.kind == "jpeg" else self._small


@dataclass(frozen=True, slots=True, eq=False)
class Exposure:
    """A picture that is still to be made: `make` draws and encodes it, None where there is none."""

    camera: str
    topic: Topic
    make: Callable[[], bytes | None]


class Album:
    """The newest pictures of each camera that are still to be made. Safe in several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._exposures: dict[str, list[Exposure]] = {}
        self._lives: dict[str, Exposure] = {}

    def put_live(self, exposure: Exposure) -> None:
        """A picture of now; of events' pictures it is always behind."""
        with self._lock:
            self._lives[exposure.camera] = exposure

    def put(self, camera: str, pictures: Pictures) -> None:
        """These instead of what the camera had."""
        makers: tuple[tuple[Topic, Callable[[], bytes | None]], ...] = (
            (topics.SNAPSHOT, pictures.annotated),
            (topics.CLEAN, pictures.clean),
            (topics.DIFFERENCE, pictures.difference),
            (topics.REFERENCE, pictures.reference),
        )
        exposures = [Exposure(camera, topic, make) for topic, make in makers]
        with self._lock:
            self._exposures.pop(camera, None)
            self._exposures[camera] = exposures

    def take(self) -> Exposure | None:
        """The next to be made."""
        with self._lock:
            for camera, exposures in self._exposures.items():
                exposure = exposures.pop(0)
                if not exposures:
                    del self._exposures[camera]
                return exposure
            for camera in self._lives:
                return self._lives.pop(camera)
            return None

    def drop(self, camera: str) -> None:
        """The camera is gone."""
        with self._lock:
            self._exposures.pop(camera, None)
            self._lives.pop(camera, None)
