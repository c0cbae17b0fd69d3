"""What people and programs ask of a camera while it runs, as values.

MQTT, the command line and signals make them; the camera's watch thread applies them between two
observations, so that there is one answer to "what is the setting now?".
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Pause:
    """Stop watching until `Resume`; open events end with reason ``paused``."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Watch again."""


@dataclass(frozen=True, slots=True)
class SetReference:
    """Take the present picture as the reference (name None), or use a stored one by name."""

    name: str | None = None


@dataclass(frozen=True, slots=True)
class Adjust:
    """Change one setting (`watcher.settings`) while running; the value is in base units, None: as configured."""

    setting: str
    value: float | bool | str | None


@dataclass(frozen=True, slots=True)
class ForgetLearnt:
    """Forget what was learnt of the scene and learn it anew; a reference that was given or taken stays."""


@dataclass(frozen=True, slots=True)
class TakeSnapshot:
    """Publish and store a picture of the present frame."""


@dataclass(frozen=True, slots=True)
class Republish:
    """Publish every retained state again (a broker has just connected)."""


@dataclass(frozen=True, slots=True)
class Inspect:
    """Inspect the first frame captured from now on, and answer with a verdict that carries these along."""

    correlation_id: str | None = None
    part: str | None = None


@dataclass(frozen=True, slots=True)
class ResetCounters:
    """Count inspections from zero: another shift, or another `batch`."""

    batch: str = ""


@dataclass(frozen=True, slots=True)
class TellTruth:
    """What a past inspection should have said: its part was good (then it is learnt from), or bad."""

    inspection: str
    truth: Literal["good", "bad"]


Request = (
    Pause | Resume | SetReference | Adjust | ForgetLearnt | TakeSnapshot | Republish
    | Inspect | ResetCounters | TellTruth
)  # fmt: skip
