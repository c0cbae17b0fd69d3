"""The whole pipeline as the program runs it, over frames that are given."""

from collections.abc import Iterable
from itertools import islice

from watcher.events.ids import replay_ids
from watcher.events.tracker import Tracker
from watcher.loop import watch
from watcher.profiles import settings
from watcher.sources import Source
from watcher.sources.build import make_source
from watcher.sources.options import VideoOptions
from watcher.vision.detector import Detector
from watcher.vision.frame import Observation
from watcher.vision.options import WatchedOptions


class Pipeline:
    """A detector and a tracker with the settings of a profile; counts what it saw, so that a row can check it."""

    def __init__(self, profile: str = "home") -> None:
        chosen = settings(profile)
        self._detector = Detector(
            chosen.detector, WatchedOptions(), chosen.reference, absorb_after=chosen.events.absorb_after
        )
        self._tracker = Tracker("bench", chosen.events, {}, replay_ids("bench"))
        self.frames = 0
        self.changed = 0
        self.events = 0

    def run(self, observations: Iterable[Observation]) -> None:
        for _, detection, updates in watch(observations, self._detector, self._tracker):
            self.frames += 1
            self.changed += detection.outcome == "changed"
            self.events += any(update.phase == "started" for update in updates)


def watch_recording(path: str, frames: int, skip_loop_filter: bool = False) -> Pipeline:
    """The first `frames` frames of a recording, decoded in one thread, through a new pipeline."""
    pipeline = Pipeline()
    source: Source = make_source(VideoOptions(path=path, skip_loop_filter=skip_loop_filter, threads=1), "bench")
    source.open()
    try:
        pipeline.run(islice(source.frames(), frames))
    finally:
        source.close()
    assert pipeline.frames == frames, f"{pipeline.frames} frames of {frames} were seen"
    return pipeline
