"""Row clips: six recordings whose events a person judged frame by frame (bottle, one-by-one: ``home``; tree and the
three trail clips: ``wildlife``).

Matching is that of ``watcher replay --truth``, one to one by where events start. A hit has to be told of its own:
true events that are excused because they lie next to a hit are counted apart, and "all hit" counts them as hit only
as the contract allows. A delay runs until the event was *told* (the frame that confirmed it), not until its
``started_at``, which goes back to the first frame and would flatter; less the label's tolerance in frames and one
frame interval, both measured in the frames that really followed.
"""

from functools import partial
from statistics import median

from tests.bench.accuracy.asked import Asked, spread
from tests.bench.accuracy.material import CLIPS
from tests.bench.accuracy.peers import dvr_scan, dvr_scanned, motion, motion_watched
from tests.bench.accuracy.rows import Measured
from tests.bench.accuracy.told import Told, lines, watched
from tests.bench.measure import Figure


def measured(asked: Asked) -> Measured:
    told = list(spread(partial(watched, save=asked.save), CLIPS, asked.jobs))
    details = [line for one in told for line in lines(one)]
    theirs = peers() if asked.peers else {}
    details += [f"{name}: not installed, not measured" for name, one in theirs.items() if one is None]
    values = {name: _values(one) for name, one in theirs.items() if one is not None}
    if "DVR-Scan" in values:
        values["DVR-Scan"][2:4] = [None, None]
    return Measured(_figures(told), details, values)


def _figures(told: list[Told]) -> list[Figure]:
    excused = sum(len(one.score.excused) for one in told)
    true = sum(len(one.score.hits) + len(one.score.misses) for one in told) + excused
    watch = f"in {sum(one.seconds for one in told):,.0f} s"
    values = iter(_values(told))
    figures = [
        Figure("clips", "events not hit", next(values), f"of {true} ({excused} excused)", 0, 0),
        Figure("clips", "false events", next(values), watch, 0, 0),
        Figure("clips", "delay until told, median", next(values), "s", 0.5, 0.25),
        Figure("clips", "the longest delay", next(values), "s", 1.0, 1.0),
    ]
    for one in told:
        what = f"{one.clip.name} ({one.clip.profile})"
        of = f"of {len(one.score.hits) + len(one.score.misses) + len(one.score.excused)}"
        figures.append(Figure("clips", f"{what}: hit", next(values), of, more_is_better=True))
        figures.append(Figure("clips", f"{what}: false", next(values), f"in {one.seconds:.0f} s"))
    return figures


def _values(told: list[Told]) -> list[float | None]:
    """The numbers of the figures, for whoever told it."""
    late = [one.late(hit) for one in told for hit in one.score.hits]
    return [
        sum(len(one.score.misses) for one in told),
        sum(len(one.score.false) for one in told),
        median(late) if late else None,
        max(late) if late else None,
        *(len(events) for one in told for events in (one.score.hits, one.score.false)),
    ]


def peers() -> dict[str, list[Told] | None]:
    """What peers tell of the same recordings; None where one is not installed."""
    found: dict[str, list[Told] | None] = {"Motion": None, "DVR-Scan": None}
    if program := motion():
        found["Motion"] = motion_watched(program, CLIPS)
    if program := dvr_scan():
        found["DVR-Scan"] = [dvr_scanned(program, clip) for clip in CLIPS]
    return found
