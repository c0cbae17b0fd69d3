"""Settings of what is kept on disk. Standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal
from urllib.parse import urlsplit

from watcher.quantities import ByteCount, Seconds
from watcher.secret import Secret
from watcher.vision.options import STRICT

Told = Literal["started", "updated", "ended", "verdict"]
"""What a sink is told of: the steps of an event, and verdicts of inspections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageOptions:
    """Where pictures and references are kept, and within what bounds."""

    __pydantic_config__: ClassVar = STRICT

    folder: str = "data"
    """The folder for all of it, of one daemon alone; it is made where it is missing."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecOptions:
    """A command that is run for each record: the JSON of the event on its standard input, without a shell."""

    __pydantic_config__: ClassVar = STRICT

    kind: Literal["exec"] = "exec"
    command: tuple[str, ...]
    """The program and its arguments, as a list. A path with a slash begins in the folder of the config file."""
    events: tuple[Told, ...] = ("started", "ended", "verdict")
    """What it is run for: `started`, `updated`, `ended`, `verdict`."""
    timeout: Seconds = 30.0
    """A command that takes longer is killed, with all that it has started."""
    environment: dict[str, Secret] = field(default_factory=dict)
    """Variables for it, beside those that it gets anyhow: texts, or places of secrets."""

    def __post_init__(self) -> None:
        if not self.command or not self.command[0]:
            raise ValueError("command is empty; write for example [/usr/local/bin/notify, --quietly]")
        if any("\0" in part for part in self.command):
            raise ValueError("command has a NUL in it; write text without it")
        for name in self.environment:
            if not name or "=" in name or "\0" in name:
                raise ValueError(f"environment has {name!r}, which cannot be the name of a variable")
        _check_events(self.events)
        _check_timeout(self.timeout)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookOptions:
    """An address to which the JSON of each record is posted, again until it is taken."""

    __pydantic_config__: ClassVar = STRICT

    kind: Literal["webhook"] = "webhook"
    url: Secret
    """http:// or https://; it is shown by its host alone."""
    events: tuple[Told, ...] = ("started", "updated", "ended", "verdict")
    """What is posted: `started`, `updated`, `ended`, `verdict`."""
    timeout: Seconds = 10.0
    """For one post, from the connection to the end of the answer."""
    headers: dict[str, Secret] = field(default_factory=dict)
    """Header fields to send along, such as Authorization: texts, or places of secrets."""
    ca: str | None = None
    """File of the certificates that may vouch for an https:// server; null: those of the system."""
    verify_tls: bool = True
    """Check the certificate of the server."""

    def __post_init__(self) -> None:
        if self.url.plain:
            check_url(self.url.text())
        check_headers({name: value.text() if value.plain else "" for name, value in self.headers.items()})
        _check_events(self.events)
        _check_timeout(self.timeout)


SinkOptions = ExecOptions | WebhookOptions


def check_url(url: str) -> None:
    """ValueError where nothing can be posted there; the address, which may hold a secret, is not repeated."""
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits or not url.isprintable() or " " in url:
        raise ValueError("url must be an address like https://host/path")


def check_headers(headers: Mapping[str, str]) -> None:
    """ValueError where a field cannot be sent; its value, which may be a secret, is not repeated."""
    for name, value in headers.items():
        if not name or not name.isascii() or not all(c.isalnum() or c in "-_.!#$%&'*+^`|~" for c in name):
            raise ValueError(f"headers has {name[:50]!r}, which cannot be the name of a header field")
        if name.lower() in ("content-length", "transfer-encoding", "host", "connection"):
            raise ValueError(f"headers has {name}, which is set by the program itself")
        if not value.isprintable() or not value.isascii():
            raise ValueError(
                f"headers has a value for {name} that cannot be sent: plain characters of one line only"
            )


def _check_events(events: tuple[Told, ...]) -> None:
    if not events:
        raise ValueError("events is empty, so the sink would never be told anything; name at least one")


def _check_timeout(timeout: float) -> None:
    if not 0.1 <= timeout <= 3600:
        raise ValueError(f"timeout must lie between 0.1 s and 1 h, not {timeout:g} s")
