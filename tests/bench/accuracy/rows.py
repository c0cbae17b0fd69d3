"""The rows of the table, and what a row gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.bench.measure import Figure

ROWS = {
    "pixel": "pixel F over CDnet highway and office, SBI HallAndMonitor, HighwayI and IBMtest2 (home)",
    "wavingtrees": "strongly waving trees: events while nothing else happens; the frame that finds a person",
    "leaves": "tree.avi and three trail clips: events that leaves make (wildlife)",
    "clips": "six recordings with truth: events hit, false, and the delay until they are told",
    "light": "1,000 seeded changes of light over real quiet frames: events that they make (home)",
    "arrival": "the same with somebody real arriving during the change: found within a second (home)",
    "noise": "sigma 0, 3, 6 and 12 drawn fresh on real frames: events (home)",
    "alarms": "false alarms set to 24 a day, three simulated days: how many there are",
    "shake": "row pixel with a shaking camera: pixel F lost (home)",
    "cost": "a step of the whole detector at 320x180 / scikit-image's gaussian SSIM, CPU time",
    "strangers": "leaves over the whole picture, a bag left behind, people 10 px tall: nothing is demanded",
    "table": "the daemon's own table (python -m tests.bench), with this detector",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """What a row gives: figures, what there is to know about them line by line, and what peers reach on the same,
    by their names, a value for each figure (None: does not apply)."""

    figures: list[Figure]
    details: list[str] = field(default_factory=list)
    peers: Mapping[str, list[float | None]] = field(default_factory=dict)
