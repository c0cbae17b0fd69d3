"""Row alarms: false alarms set to 24 a day, three simulated days of noise: how many there are.

Not there yet: the detector has no setting for how many false alarms may be expected, so there is nothing to hold
against its promise.
"""

from tests.bench.accuracy.asked import Asked
from tests.bench.accuracy.rows import Measured
from tests.bench.measure import Figure


def measured(asked: Asked) -> Measured:
    why = "there is no setting for the false alarms that may be expected, yet"
    return Measured([Figure("alarms", "false alarms of three days / those set", None, "", 3, 1.5, note=why)])
