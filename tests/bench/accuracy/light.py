"""Row light: 1,000 changes of light over quiet frames of office, one-by-one and bottle, profile ``home``.

See `tests.bench.accuracy.lights` for what is drawn and `tests.bench.accuracy.trials` for how a trial goes. Nothing
but the light changes, so every event that is told is false; a trial counts once, however many it told.
"""

from collections import Counter
from collections.abc import Sequence
from functools import partial

from tests.bench.accuracy.asked import Asked, spread
from tests.bench.accuracy.lights import KINDS
from tests.bench.accuracy.quiet import PLACES, frames
from tests.bench.accuracy.rows import Measured
from tests.bench.accuracy.trials import Outcome, run_light
from tests.bench.measure import Figure

SHOWN = 60
"""So many failed trials are told one by one."""


def measured(asked: Asked) -> Measured:
    for place in PLACES:
        frames(place)  # before the processes part, so that they share them
    outcomes = list(spread(partial(run_light, save=asked.save), asked.numbers(), asked.jobs))
    failed = [one for one in outcomes if one.told]
    seconds = sum(one.judged for one in outcomes)
    share = 100 * len(failed) / len(outcomes)
    unit = f"% ({len(failed)} of {len(outcomes):,} trials, {sum(len(one.told) for one in failed)} events"
    return Measured(
        [Figure("light", "changes of light that were told as events", share, f"{unit} in {seconds:,.0f} s)", 1, 0)],
        [by_kind(outcomes, failed), *(_line(one) for one in failed[:SHOWN])],
    )


def by_kind(outcomes: Sequence[Outcome], failed: Sequence[Outcome]) -> str:
    """Which kinds of light, and which places, failed how often."""
    wholes = [Counter(one.kind for one in outcomes), Counter(one.words.split(",")[0] for one in outcomes)]
    parts = [Counter(one.kind for one in failed), Counter(one.words.split(",")[0] for one in failed)]
    names = [KINDS, tuple(place.name for place in PLACES)]
    return "failed: " + "; ".join(
        ", ".join(f"{name} {part[name]}/{whole[name]}" for name in known if whole[name])
        for known, whole, part in zip(names, wholes, parts, strict=True)
    )


def _line(one: Outcome) -> str:
    times = ", ".join(f"{at:+.2f}" for at in one.told)
    return f"trial {one.number}: {one.words}: told at {times} s: {one.reasons[0]}"
