"""The program, as one generator: the same for cameras, recordings and pictures."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from watcher.events.event import EventUpdate
from watcher.vision.detection import Detection
from watcher.vision.frame import Observation

Updates = tuple[EventUpdate, ...]
Step = tuple[Observation, Detection, Updates]


class Detects(Protocol):
    """Compares observations with a reference, and learns."""

    def step(self, seen: Observation) -> Detection: ...

    def learn(self, seen: Observation, detection: Detection, updates: Updates) -> None: ...


class Tracks(Protocol):
    """Makes events of detections."""

    def step(self, seen: Observation, detection: Detection) -> Updates: ...


def watch(
    observations: Iterable[Observation],
    detector: Detects,
    tracker: Tracks,
    tell: Callable[[Updates], None] = lambda updates: None,
) -> Iterator[Step]:
    """Every observation with what was detected in it and what that means for events.

    The detector learns last: it must not take into the reference what has just become, or still is, an event.
    `tell` hears of updates before that, for whoever waits for them should not wait for learning too.
    """
    for seen in observations:
        detection = detector.step(seen)
        updates = tracker.step(seen, detection)
        if updates:
            tell(updates)
        detector.learn(seen, detection, updates)
        yield seen, detection, updates
        del seen  # not held while waiting for the next one
