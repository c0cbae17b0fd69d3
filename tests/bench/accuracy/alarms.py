"""Row alarms: false alarms set to 24 a day, three simulated days of noise: how many there are, profile ``home``.

A day at each of the three quiet places, with fresh noise of sigma 3, 6 and 12 for every frame, watched from its
beginning: learning the noise is part of the day, and nothing is reported meanwhile. Frames come every ten seconds
instead of ten times a second, 25,920 instead of 2.6 million: the number wanted is for a day, however many frames it
has, and two frames in a row are an event then instead of four. The factor is that of 72, either way.
"""

from dataclasses import replace

from tests.bench.accuracy.asked import Asked, spread
from tests.bench.accuracy.engine import Given
from tests.bench.accuracy.noise import pictures
from tests.bench.accuracy.quiet import PLACES, Place
from tests.bench.accuracy.rows import Measured
from tests.bench.measure import Figure
from watcher.replaying import Replay, camera_options
from watcher.sources.options import CustomOptions

A_DAY = 24.0
FPS = 0.1
SIGMAS = (3, 6, 12)


def measured(asked: Asked) -> Measured:
    works = list(zip(SIGMAS, PLACES, strict=True))
    told = list(spread(_watched, works, asked.jobs))
    events, wanted = sum(told), A_DAY * len(works)
    factor = max(events, wanted) / min(events, wanted) if events else None
    what = "false alarms of three days against those set, factor"
    figure = Figure("alarms", what, factor, f"({events} events, {wanted:g} set)", 3, 1.5)
    return Measured(
        [figure], [f"{place.name}, sigma {sigma}: {n}" for (sigma, place), n in zip(works, told, strict=True)]
    )


def _watched(work: tuple[int, Place]) -> int:
    """The events of a day."""
    sigma, place = work
    settings = {"pictures": lambda: pictures(sigma, place, round(86400 * FPS)), "fps": FPS}
    options = camera_options("demo", "home")
    replay = Replay(
        replace(
            options,
            detector=replace(options.detector, false_alarms=A_DAY),
            source=CustomOptions(kind=f"{Given.__module__}:{Given.__name__}", settings=settings),
        )
    )
    return sum(update.phase == "started" for _, _, updates in replay.steps() for update in updates)
