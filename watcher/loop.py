"""The program, as one generator: the same for cameras, recordings and pictures."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from watcher.events.event import EventUpdate
from watcher.vision.detection import Detection
from watcher.vision.frame import Observation

Step = tuple[Observation, Detection, tuple[EventUpdate, ...]]


class Detects(Protocol):
    """Compares observations with a reference, and learns."""

    def step(self, seen: Observation) -> Detection: ...

    def learn(self, seen: Observation, detection: Detection, updates: tuple[EventUpdate, ...]) -> None: ...


class Tracks(Protocol):
    """Makes events of detections."""

    def step(self, seen: Observation, detection: Detection) -> tuple[EventUpdate, ...]: ...


def watch(observations: Iterable[Observation], detector: Detects, tracker: Tracks) -> Iterator[Step]:
    """Every observation with what was detected in it and what that means for events.

    The detector learns last: it must not take into the reference what has just become, or still is, an event.
    """
    for seen in observations:
        detection = detector.step(seen)
        updates = tracker.step(seen, detection)
        detector.learn(seen, detection, updates)
        yield seen, detection, updates
        del seen  # not held while waiting for the next one
