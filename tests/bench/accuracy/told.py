"""What the program told of a recording, held against the truth."""

import json
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.accuracy.material import Clip
from tests.bench.accuracy.sheets import save_sheet
from watcher.events.event import EventUpdate
from watcher.events.truth import Hit, Score, Truth, predictions, read_truth, score
from watcher.replaying import Replay, camera_options
from watcher.vision.frame import Frame


@dataclass(frozen=True, slots=True)
class Told:
    """A watched recording. `starts` are the updates that began an event, in their order."""

    clip: Clip
    score: Score
    times: tuple[float, ...]
    starts: tuple[EventUpdate, ...]

    @property
    def seconds(self) -> float:
        return self.score.watched_s

    def late(self, hit: Hit) -> float:
        """Seconds from the true start until the event was told, less the label's tolerance and one frame."""
        return overdue(hit.said_after_s, hit, self.times)

    def describe(self, start_s: float) -> str:
        """Where and why the event began that started at this time."""
        for update in self.starts:
            if abs(update.event.started - start_s) < 1e-3:
                boxes = ", ".join(
                    f"{r.box.x0},{r.box.y0} {r.box.x1 - r.box.x0}x{r.box.y1 - r.box.y0}" for r in update.regions[:3]
                )
                return f"at {boxes} of {update.frame_size[0]}x{update.frame_size[1]}: {update.reason}"
        return ""


def overdue(after: float, hit: Hit, times: Sequence[float]) -> float:
    """`after` (seconds from the true start) less what may not be held against anybody: the label's tolerance in
    frames and one more, measured in the frames that really followed."""
    first = bisect_left(times, hit.event.start_s - 1e-3)
    last = times[min(first + hit.event.tolerance_frames + 1, len(times) - 1)]
    return max(0.0, after - (last - times[min(first, len(times) - 1)]))


def truth_of(clip: Clip) -> Truth:
    """What a person saw in a recording."""
    return read_truth(json.loads(clip.truth.read_text()))


def watched(clip: Clip, save: Path | None = None) -> Told:
    """The whole recording through the engine with its profile's defaults; pictures of each event's begin."""
    truth = truth_of(clip)
    updates, times = [], []
    replay = Replay(camera_options(clip.path, clip.profile))
    for seen, detection, told in replay.steps():
        updates += told
        if save is not None and isinstance(seen, Frame) and any(one.phase == "started" for one in told):
            boxes = [region.box for region in detection.regions]
            name = f"{clip.name}-{seen.at:07.2f}.png"
            save_sheet(save / name, seen, replay.detector, boxes, None, told[0].reason)
        if isinstance(seen, Frame):
            times.append(seen.at)
    result = score(truth, predictions(updates), times[-1] - times[0], times)
    starts = tuple(update for update in updates if update.phase == "started")
    return Told(clip, result, tuple(times), starts)


def lines(told: Told) -> list[str]:
    """What became of each event, one line each."""
    found = [
        f"{told.clip.name}: hit {hit.event.start_s:.2f} s {hit.event.kind}: started {hit.delay_s:+.2f} s, told"
        f" {hit.said_after_s:+.2f} s (counted {told.late(hit):.2f} s)"
        for hit in told.score.hits
    ]
    for name, events in (("miss", told.score.misses), ("excused (next to a hit)", told.score.excused)):
        found += [f"{told.clip.name}: {name} {event.start_s:.2f} s {event.kind}" for event in events]
    found += [
        f"{told.clip.name}: FALSE {one.start_s:.2f} s{' during ' + kind if kind else ''}"
        f" {told.describe(one.start_s)}"
        for one, kind in zip(told.score.false, told.score.nuisances, strict=True)
    ]
    return found
