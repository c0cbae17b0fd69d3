"""The whole configuration as one value. Standard library only."""

from dataclasses import dataclass, field
from typing import ClassVar

from watcher.camera.options import CameraOptions
from watcher.mqtt.options import MqttOptions
from watcher.outbox.options import OutboxOptions
from watcher.sinks.options import StorageOptions
from watcher.vision.options import STRICT


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What config.yaml says, complete: defaults and profiles are already laid under each camera."""

    __pydantic_config__: ClassVar = STRICT

    mqtt: tuple[MqttOptions, ...] = field(default_factory=lambda: (MqttOptions(),))
    """The brokers that are told; one section, or a list of them."""
    storage: StorageOptions = field(default_factory=StorageOptions)
    """Where pictures and references are kept, and within what bounds."""
    outbox: OutboxOptions = field(default_factory=OutboxOptions)
    """What waits for brokers and sinks that are away."""
    cameras: dict[str, CameraOptions]
    """The cameras by key."""
