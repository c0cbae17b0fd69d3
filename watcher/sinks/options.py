"""Settings of what is kept on disk. Standard library only."""

from dataclasses import dataclass
from typing import ClassVar

from watcher.quantities import ByteCount
from watcher.vision.options import STRICT


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageOptions:
    """Where pictures and references are kept, and within what bounds."""

    __pydantic_config__: ClassVar = STRICT

    folder: str = "data"
    """The folder for all of it; it is made where it is missing."""
    keep_days: float | None = 30
    """Pictures and the history older than this are removed; null: no limit of age."""
    max_bytes: ByteCount | None = 5 * 10**9
    """The oldest pictures go when there are more bytes than this."""
    keep_free: ByteCount = 10**9
    """The oldest pictures go, and no new ones are written, while less than this is free on the disk."""
    max_history: ByteCount | None = 10**9
    """The oldest of the history of events and inspections goes when it takes more bytes than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOptions:
    """What is kept of each event."""

    __pydantic_config__: ClassVar = STRICT

    snapshot: bool = True
    """Keep the pictures of an event: with boxes, and clean."""
