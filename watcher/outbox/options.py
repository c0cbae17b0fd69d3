"""Settings of what waits to be delivered. Standard library only."""

from dataclasses import dataclass
from typing import ClassVar

from watcher.quantities import ByteCount, Seconds
from watcher.vision.options import STRICT

LEAST = 100_000
"""Bytes: room for an event of some length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxOptions:
    """Records that a broker or a sink has not got yet wait on disk, in `<storage.folder>/outbox.db`."""

    __pydantic_config__: ClassVar = STRICT

    max_bytes: ByteCount = 100 * 10**6
    """For each broker and sink; at the bound the oldest event that has ended goes whole, and a `gap` says so."""
    max_age: Seconds = 30 * 86400.0
    """Events that ended longer ago than this go too."""
    durable: bool = False
    """Every record is on the disk itself before it goes out: it survives a power cut too, which costs some tens of
    milliseconds on a slow disk. Without this it survives all but that (of a power cut, the last seconds)."""

    def __post_init__(self) -> None:
        if self.max_bytes < LEAST:
            raise ValueError(f"max_bytes must be at least 100 kB, not {self.max_bytes} bytes")
        if self.max_age < 60:
            raise ValueError(f"max_age must be at least a minute, not {self.max_age:g} s")
