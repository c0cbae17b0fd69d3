"""Row clips: six recordings whose events a person judged frame by frame (bottle, one-by-one: ``home``; tree and the
three trail clips: ``wildlife``).

Matching is that of ``watcher replay --truth``, one to one by where events start. A hit has to be told of its own:
true events that are excused because they lie next to a hit are counted apart, and "all hit" counts them as hit only
as the contract allows. A delay runs until the event was *told* (the frame that confirmed it), not until its
``started_at``, which goes back to the first frame and would flatter; less the label's tolerance in frames and one
frame interval, both measured in the frames that really followed.
"""

from statistics import median

from tests.bench.accuracy.asked import Asked, spread
from tests.bench.accuracy.material import CLIPS
from tests.bench.accuracy.rows import Measured
from tests.bench.accuracy.told import Told, lines, watched
from tests.bench.measure import Figure


def measured(asked: Asked) -> Measured:
    told = list(spread(watched, CLIPS, asked.jobs))
    return Measured(_figures(told), [line for one in told for line in lines(one)])


def _figures(told: list[Told]) -> list[Figure]:
    true = sum(len(one.score.hits) + len(one.score.misses) + len(one.score.excused) for one in told)
    hits = sum(len(one.score.hits) for one in told)
    excused = sum(len(one.score.excused) for one in told)
    seconds = sum(one.seconds for one in told)
    late = [one.late(hit) for one in told for hit in one.score.hits]
    figures = [
        Figure("clips", "events not hit", true - hits - excused, f"of {true} ({excused} excused)", 0, 0),
        Figure("clips", "false events", sum(len(one.score.false) for one in told), f"in {seconds:,.0f} s", 0, 0),
        Figure("clips", "delay until told, median", median(late) if late else None, "s", 0.5, 0.25),
        Figure("clips", "the longest delay", max(late) if late else None, "s", 1.0, 1.0),
    ]
    return figures + [
        Figure(
            "clips", f"{one.clip.name} ({one.clip.profile}): hit", len(one.score.hits),
            f"({len(one.score.excused)} excused, {len(one.score.misses)} missed, {len(one.score.false)} false"
            f" in {one.seconds:.0f} s)",
        )
        for one in told
    ]  # fmt: skip
