"""What can be set of a camera while it runs: the one table of settings.

MQTT reads commands by it and tells the values in force, Home Assistant is given its switches and numbers from it,
and what a command sets is kept under the key that config.yaml has for the same thing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from watcher.quantities import DURATION, FRACTION, Quantity

Value = float | bool | str | None
"""What a setting can be; None: what config.yaml says."""

AS_CONFIGURED = "CONFIG"
"""The payload that takes back what a command has set."""
OF_ZONE = "threshold_"
"""Begins the name of a zone's own threshold."""
# Longer values are no quantity, and a pattern with several repeats must not be tried on 4 kB of digits.
_LONGEST_VALUE = 64


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. A `quantity` makes it a number, `choices` a choice, neither of them ON or OFF."""

    name: str
    key: str
    """Where config.yaml has it below the camera, ``events.threshold``; empty: it is no matter of configuration."""
    title: str
    what: str
    quantity: Quantity | None = None
    choices: tuple[str, ...] = ()
    """What may be chosen; which of them a camera really has, the camera says (`of_camera`)."""
    icon: str = ""
    unit: str = ""
    """In which a person sees it; a unit of `quantity`."""
    most: float = 0.0
    """What Home Assistant offers at most, in `unit`; not a limit."""
    step: float = 1.0
    named: bool = False
    """One of the names that the camera's configuration gives: which, the camera says."""
    usual: bool = True
    """Wanted by most people; the others have to be asked for in Home Assistant."""

    def parse(self, text: str) -> Value:
        """The value in base units, None for CONFIG; ValueError says in one sentence what to write instead."""
        value = text.strip()
        if value == AS_CONFIGURED and self.key:
            return None
        if self.quantity is not None:
            return self._number(self.quantity, value)
        if self.named:
            if len(value) > _LONGEST_VALUE:
                raise ValueError(f"{self.name} is a name of at most {_LONGEST_VALUE} characters")
            return value
        if self.choices:
            if value not in self.choices:
                raise ValueError(f"{self.name} is one of {', '.join(self.choices)}")
            return value
        if value.upper() not in {"ON", "OFF"}:
            raise ValueError(f"{self.name} is ON or OFF")
        return value.upper() == "ON"

    def _number(self, quantity: Quantity, value: str) -> float:
        if len(value) > _LONGEST_VALUE:
            raise ValueError(f"{self.name} is not {quantity.what}; write for example {quantity.example}")
        try:
            return quantity.parse(value)
        except ValueError as error:
            raise ValueError(f"{self.name} {error}") from None

    def told(self, value: Value) -> str:
        """The value in force as it is published: ON or OFF, a number in base units, a choice."""
        if isinstance(value, bool):
            return "ON" if value else "OFF"
        return f"{value:.10g}" if isinstance(value, (int, float)) else str(value)


def _share(name: str, key: str, title: str, what: str, **more: object) -> Setting:
    shown = Setting(name, key, title, what, FRACTION, unit="%", most=100.0, step=0.01)
    return replace(shown, **more)  # type: ignore[arg-type]


def _time(name: str, key: str, title: str, what: str, most: float, **more: object) -> Setting:
    shown = Setting(name, key, title, what, DURATION, unit="s", most=most, step=0.1, usual=False)
    return replace(shown, **more)  # type: ignore[arg-type]


ENABLED = Setting("enabled", "enabled", "Detection", "Whether the camera is watched.", icon="mdi:eye")
MUTE = _time(
    "mute", "", "Mute", "Not watched for so long, then again; 0 ends it. At most 30 days.", 43200.0,
    unit="min", step=1.0, icon="mdi:bell-sleep", usual=True,
)  # fmt: skip
PROFILE = Setting(
    "profile", "profile", "Profile", "The use, with its defaults; what was set by itself stays.",
    choices=("home", "wildlife", "inspection", "plain"), icon="mdi:account-cog",
)  # fmt: skip
THRESHOLD = _share(
    "threshold", "events.threshold", "Threshold", "The changed fraction that makes an event.", icon="mdi:tune"
)
REFERENCE_MODE = Setting(
    "reference_mode", "reference.kind", "Reference mode", "What frames are compared with.",
    choices=("fixed", "background", "golden"), icon="mdi:image-sync",
)  # fmt: skip
RECIPE = Setting(
    "recipe", "inspection.recipe", "Recipe", "The product that is inspected, one of the camera's recipes.",
    named=True, icon="mdi:clipboard-list",
)  # fmt: skip

TABLE: tuple[Setting, ...] = (
    ENABLED,
    MUTE,
    PROFILE,
    THRESHOLD,
    _share(
        "sensitivity", "detector.sensitivity", "Sensitivity", "0: only blatant change, 1: the faintest.",
        step=1.0, icon="mdi:contrast-circle",
    ),
    _time("rise", "events.rise", "Rise", "How long change must last before it is an event.", 86400.0),
    _time("fall", "events.fall", "Fall", "How long there must be none before the event ends.", 86400.0),
    _time("settle", "events.settle", "Settle", "What has been still for so long ends the event.", 86400.0),
    _time("cooldown", "events.cooldown", "Cooldown", "No new event for so long after one.", 86400.0, step=1.0),
    REFERENCE_MODE,
    RECIPE,
    Setting("live", "live.enabled", "Live picture", "A picture of now, again and again.", icon="mdi:video"),
)  # fmt: skip


def of_zone(zone: str, title: str = "") -> Setting:
    """A zone's own threshold."""
    what = "The changed fraction of the zone that makes an event."
    return replace(
        THRESHOLD, name=OF_ZONE + zone, key=f"zones.{zone}.threshold", title=f"Threshold {title or zone}", what=what
    )


def of_camera(zones: Iterable[tuple[str, str]] = ()) -> tuple[Setting, ...]:
    """The settings of a camera with these zones (key, title)."""
    return (*TABLE, *(of_zone(key, title) for key, title in zones))


def table() -> str:
    """The settings as the README's Markdown table."""
    rows = ["| setting | payload | what | in config.yaml |", "|---|---|---|---|"]
    for setting in (*TABLE, of_zone("ZONE")):
        quantity = setting.quantity
        named = "a name" if setting.named else ""
        written = ", ".join(f"`{one}`" for one in setting.choices) or named or "`ON`, `OFF`"
        if quantity is not None:
            written = f"{quantity.what}: `{quantity.example}`"
        rows.append(
            f"| `{setting.name}` | {written} | {setting.what} | {f'`{setting.key}`' if setting.key else ''} |"
        )
    return "\n".join(rows)


def find(name: str) -> Setting:
    """The setting of this name, whether a camera has it or not; ValueError names the known ones."""
    for setting in TABLE:
        if setting.name == name:
            return setting
    if name.startswith(OF_ZONE) and name != OF_ZONE:
        return of_zone(name.removeprefix(OF_ZONE))
    known = ", ".join(setting.name for setting in TABLE)
    raise ValueError(f"there is no setting {name}; known are {known} and {OF_ZONE}ZONE")
