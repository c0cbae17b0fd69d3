"""Row leaves: events from leaves in tree.avi and the three trail clips (``wildlife``).

Leaves move in these from the first frame to the last. Every event that is no hit and lies outside ``dont_care`` is
counted, whatever else was going on (dust, coding ghosts), and so is one that begins while the true event is open: a
stranger cannot tell, nor need he, which of them were leaves. What else was there is said beside each.
"""

from functools import partial

from tests.bench.accuracy.asked import Asked, spread
from tests.bench.accuracy.material import leafy
from tests.bench.accuracy.rows import Measured
from tests.bench.accuracy.told import lines, watched
from tests.bench.measure import Figure


def measured(asked: Asked) -> Measured:
    told = list(spread(partial(watched, save=asked.save), list(leafy()), asked.jobs))
    seconds = sum(one.seconds for one in told)
    false = sum(len(one.score.false) for one in told)
    what = "events from leaves, tree.avi and trail clips (wildlife)"
    details = [line for one in told for line in lines(one) if "FALSE" in line]
    return Measured([Figure("leaves", what, false, f"in {seconds:,.0f} s", 0, 0)], details)
