"""Row arrival: 1,000 changes of light during which somebody arrives, profile ``home``.

See `tests.bench.accuracy.visitors` for who arrives and how. Found: at most 1 s after the arrival, and not before
it, an event has been told and is open, and one of the frame's regions overlaps the visible part of the visitor
with an intersection over union of more than 0.2.
"""

from functools import partial
from math import isinf

from tests.bench.accuracy.asked import Asked, spread
from tests.bench.accuracy.cutouts import cutouts
from tests.bench.accuracy.light import SHOWN, by_kind
from tests.bench.accuracy.quiet import PLACES, frames
from tests.bench.accuracy.rows import Measured
from tests.bench.accuracy.trials import Outcome, run_arrival
from tests.bench.measure import Figure, middle


def measured(asked: Asked) -> Measured:
    for place in PLACES:
        frames(place)
    cutouts()
    outcomes = list(spread(partial(run_arrival, save=asked.save), asked.numbers(), asked.jobs))
    missed = [one for one in outcomes if isinf(one.found)]
    found = len(outcomes) - len(missed)
    delays = [one.found for one in outcomes if one not in missed]
    after = f", after {middle(delays)[0]:.2f} s in the median" if delays else ""
    unit = f"% ({found} of {len(outcomes):,}{after})"
    hows = ", ".join(
        f"{how} {sum(f' {how},' in one.words for one in missed)}/{sum(f' {how},' in one.words for one in outcomes)}"
        for how in ("walks", "appears", "stays")
    )
    return Measured(
        [Figure("arrival", "found during a change of light", 100 * found / len(outcomes), unit, 95, 99, True)],
        [f"{by_kind(outcomes, missed)}; {hows}", *(_line(one) for one in missed[:SHOWN])],
    )


def _line(one: Outcome) -> str:
    told = ", ".join(f"{at:+.2f}" for at in one.told) or "nothing"
    return f"trial {one.number}: {one.words}: told {told}, largest overlap {one.best:.2f}"
