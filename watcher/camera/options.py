"""Settings of one camera: everything that belongs to it, in one value. Standard library only."""

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from watcher.camera.kinds import ByKind
from watcher.events.options import EventsOptions
from watcher.inspection.when import LineOptions
from watcher.profiles import ProfileName
from watcher.quantities import Seconds
from watcher.sinks.options import ExecOptions, RecordOptions, WebhookOptions
from watcher.sources.options import SourceOptions, options_from_text
from watcher.vision.options import STRICT, AreaOptions, DetectorOptions, WatchedOptions, ZoneOptions
from watcher.vision.reference.options import BackgroundOptions, FixedOptions, GoldenOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOptions:
    """The live picture over MQTT, for looking in: small and slow; it is no video."""

    __pydantic_config__: ClassVar = STRICT

    enabled: bool = False
    """Publish it; also a setting while running."""
    every: Seconds = 1.0
    """From one picture to the next; a second at least."""
    width: int = 640
    """Its width at most, in pixels."""

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ValueError(f"every must be at least 1 s, not {self.every:g} s")
        if not 64 <= self.width <= 3840:
            raise ValueError(f"width must lie between 64 and 3840 pixels, not {self.width}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraOptions:
    """One camera or recording: where its frames come from, where to look, and what to do about change."""

    __pydantic_config__: ClassVar = STRICT

    key: str
    """The camera's key in the configuration: its name in topics, files and logs."""
    name: str = ""
    """A title for people; the key where it is not given."""
    enabled: bool = True
    """Watch it; false: it waits, paused, until it is switched on by a command."""
    source: Annotated[SourceOptions, ByKind(text=options_from_text)]
    """Where frames come from: one string (a URL, a file, a folder, `/dev/video0`, `demo`), or a section with
    its `kind`."""
    profile: ProfileName = "home"
    """The use, which sets defaults: `home`, `wildlife`, `inspection` or `plain`."""
    reference: Annotated[FixedOptions | BackgroundOptions | GoldenOptions, ByKind()] = field(
        default_factory=BackgroundOptions
    )
    """What frames are compared with."""
    zones: dict[str, ZoneOptions] = field(default_factory=dict)
    """The parts to watch, by key; the whole picture where there are none."""
    ignore: dict[str, AreaOptions] = field(default_factory=dict)
    """Parts in which change does not count, by key."""
    privacy: dict[str, AreaOptions] = field(default_factory=dict)
    """Parts that are blacked out before anything is stored, published or learnt, by key."""
    detector: DetectorOptions = field(default_factory=DetectorOptions)
    """How frames are compared with the reference."""
    events: EventsOptions = field(default_factory=EventsOptions)
    """When change begins, ends, and counts."""
    inspection: LineOptions = field(default_factory=LineOptions)
    """With a golden reference: when a part is inspected, and what a defect is."""
    record: RecordOptions = field(default_factory=RecordOptions)
    """What is kept of each event."""
    sinks: dict[str, Annotated[ExecOptions | WebhookOptions, ByKind()]] = field(default_factory=dict)
    """Who is told beside the brokers, by key: commands and web addresses. Under `defaults` for all cameras."""
    live: LiveOptions = field(default_factory=LiveOptions)
    """The live picture over MQTT."""

    @property
    def title(self) -> str:
        """What people call it."""
        return self.name or self.key

    @property
    def inspects(self) -> bool:
        """Whether it judges parts against a golden one instead of telling events."""
        return isinstance(self.reference, GoldenOptions)

    @property
    def goldens(self) -> dict[str, str]:
        """The golden references of a camera that inspects, NAME or NAME@VERSION, by recipe; where
        there are no recipes, the reference's name stands for the one."""
        if not isinstance(self.reference, GoldenOptions):
            return {}
        recipes = {key: recipe.reference or key for key, recipe in self.inspection.recipes.items()}
        return recipes or {self.reference.name: self.reference.name}

    @property
    def compared(self) -> FixedOptions | BackgroundOptions:
        """What a detector compares frames with, where one is used: a golden part is no picture of a scene."""
        return FixedOptions() if isinstance(self.reference, GoldenOptions) else self.reference

    @property
    def watched(self) -> WatchedOptions:
        """Where to look."""
        return WatchedOptions(zones=self.zones, ignore=self.ignore, privacy=self.privacy)
