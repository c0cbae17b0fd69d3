"""What a new configuration changes: only that is touched when it is reloaded."""

from dataclasses import dataclass

from watcher.config.options import Options


@dataclass(frozen=True, slots=True)
class Changes:
    """Keys of cameras, in the order of the new configuration (of the old one for those removed)."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    mqtt: bool
    storage: bool
    outbox: bool = False

    def __bool__(self) -> bool:
        """Whether anything changes at all."""
        return bool(self.added or self.removed or self.changed or self.mqtt or self.storage or self.outbox)


def changed(old: Options, new: Options) -> Changes:
    """What differs from `old` in `new`; a default that changed counts for the cameras in which it is in force."""
    return Changes(
        added=tuple(key for key in new.cameras if key not in old.cameras),
        removed=tuple(key for key in old.cameras if key not in new.cameras),
        changed=tuple(
            key for key, camera in new.cameras.items() if key in old.cameras and camera != old.cameras[key]
        ),
        mqtt=old.mqtt != new.mqtt,
        storage=old.storage != new.storage,
        outbox=old.outbox != new.outbox,
    )
