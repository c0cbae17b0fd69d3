"""Which topics the broker keeps for us, so that it keeps nothing of what is gone, and we clear nobody else's."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from watcher.mqtt import topics
from watcher.mqtt.states import Value
from watcher.settings import OF_ZONE


class Kept(Protocol):
    """The topics that one broker keeps for us, remembered over restarts. Safe in several threads."""

    def topics(self) -> frozenset[str]: ...

    def retain(self, topic: str) -> None: ...

    def forget(self, topic: str) -> None: ...


class KeptInMemory:
    """For who has no disk: it forgets with the daemon."""

    def __init__(self) -> None:
        self._topics: frozenset[str] = frozenset()

    def topics(self) -> frozenset[str]:
        return self._topics

    def retain(self, topic: str) -> None:
        self._topics |= {topic}

    def forget(self, topic: str) -> None:
        self._topics -= {topic}


def stale(prefix: str, kept: frozenset[str], cameras: Mapping[str, Sequence[str]]) -> Iterator[Value]:
    """What clears the topics that are kept of cameras and zones which are no more."""
    for text in sorted(kept):
        place = topics.parse(prefix, text)
        if place is None:
            continue
        camera, zone = place.keys.get("camera"), place.keys.get("zone")
        setting = place.keys.get("setting", "")
        if setting.startswith(OF_ZONE):
            zone = setting.removeprefix(OF_ZONE)
        if camera is not None and (camera not in cameras or (zone is not None and zone not in cameras[camera])):
            yield Value(text, place.topic, b"")
