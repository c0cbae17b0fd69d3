"""Row wavingtrees: Wallflower's strongly waving trees (``wildlife``, ten pictures a second).

K. Toyama, J. Krumm, B. Brumitt, B. Meyers, "Wallflower: principles and practice of background maintenance", ICCV
1999, doi:10.1109/ICCV.1999.791228. Trees alone in frames 0 to 241, learning included; at 242 a person enters.

An event is false if its ``started_at`` lies at a frame up to 241, also where it is told later. The person is found
by the frame in which an event is told that started at 242 or later; an event that trees had opened and that is
still open then does not count as finding anybody.
"""

import math

from tests.bench.accuracy.asked import Asked
from tests.bench.accuracy.material import shared
from tests.bench.accuracy.rows import Measured
from tests.bench.measure import Figure
from watcher.events.event import EventUpdate
from watcher.replaying import replay

_FPS = 10.0
_ENTERS = 242


def measured(asked: Asked) -> Measured:
    starts = [
        update
        for _, _, updates in replay(shared("wallflower-wavingtrees/input"), "wildlife", fps=_FPS)
        for update in updates
        if update.phase == "started"
    ]
    false = [one for one in starts if _frame(one.event.started) < _ENTERS]
    right = [one for one in starts if one not in false]
    found = _frame(right[0].captured) if right else math.inf
    what = "frame that finds the person, who enters at 242"
    watched = f"in {_ENTERS / _FPS:.1f} s"
    return Measured(
        [
            Figure("wavingtrees", "events in frames 0-241 (wildlife)", len(false), watched, 0, 0),
            Figure("wavingtrees", what, found, "", 252, 247),
        ],
        [_line("FALSE", one) for one in false] + [_line("found", one) for one in right],
    )


def _frame(seconds: float) -> int:
    return round(seconds * _FPS)


def _line(word: str, start: EventUpdate) -> str:
    box = start.regions[0].box if start.regions else None
    return f"{word} frame {_frame(start.event.started)}, told at {_frame(start.captured)}: {box}: {start.reason}"
