"""Settings of the connection to a broker. Standard library only."""

import ipaddress
import re
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from watcher.quantities import ByteCount, Rate, Seconds
from watcher.secret import Secret
from watcher.vision.options import STRICT

_LOOPBACK = "127.0.0.1"
EMBEDDED = "embedded"
"""The host that means: start a broker of our own."""

_LONGEST_TEXT = 65535
_PREFIX = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*")
_PATH = re.compile(r"/[A-Za-z0-9._~/%-]{0,200}")
_USUAL_PORTS = {
    ("tcp", False): 1883, ("tcp", True): 8883, ("websockets", False): 80, ("websockets", True): 443,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsOptions:
    """How the broker is known, and how it knows us."""

    __pydantic_config__: ClassVar = STRICT

    ca: str | None = None
    """File of the certificates that may vouch for the broker; null: those of the system. An authority made at home
    may lack the key usage that RFC 5280 asks for: signature, name and dates are checked all the same."""
    cert: str | None = None
    """File of our own certificate, where the broker asks for one."""
    key: str | None = None
    """File of the key to `cert`; null: it is in the same file."""
    insecure: bool = False
    """Do not check who the broker is: only for a try, anyone on the way can read and write."""

    def __post_init__(self) -> None:
        if self.key is not None and self.cert is None:
            raise ValueError("key is given without cert; name the file of the certificate too")


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryOptions:
    """What Home Assistant is told, so that it sets up a device for each camera and for the daemon by itself."""

    __pydantic_config__: ClassVar = STRICT

    prefix: str = "homeassistant"
    """The topic under which Home Assistant looks for devices: the discovery prefix in its settings of MQTT."""
    status: str = "homeassistant/status"
    """The topic on which Home Assistant says `online`: its birth message; then everything is published again."""

    def __post_init__(self) -> None:
        _check_prefix(self.prefix, "prefix")
        _check_prefix(self.status, "status")


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttOptions:
    """The broker, and under which topics this daemon speaks there."""

    __pydantic_config__: ClassVar = STRICT

    host: str = "localhost"
    """Name or address of the broker; `embedded`: start one of our own on this machine."""
    listen: str = "127.0.0.1"
    """Of a broker of our own: the address of this machine that it listens at. 0.0.0.0: any, so that others reach
    it, which needs `user` and `password`."""
    port: int = 0
    """0: the usual one, 1883, or 8883 with tls; with websockets 80 or 443."""
    prefix: str = "watcher"
    """What all topics begin with; two daemons on one broker need different ones."""
    user: str | None = None
    """Whom we log in as; null: nobody."""
    password: Secret | None = None
    """The password of `user`: the text, or where to find it."""
    tls: TlsOptions | bool = False
    """true: with the system's certificates; or a mapping with ca, cert, key, insecure."""
    keepalive: Seconds = 15.0
    """After one and a half times this without a sign of life the broker says `offline` for us."""
    client_id: str = ""
    """Empty: made from the prefix."""
    drain_rate: Rate = 200.0
    """Records a second, at most, of those that have waited: the defaults of many brokers drop what comes faster.
    0: as fast as the broker takes them. What is new does not wait for what is old of another camera."""
    discovery: DiscoveryOptions | bool = True
    """true: Home Assistant is told of every camera; false: it is neither told nor listened to; or a mapping with
    prefix and status."""
    transport: Literal["tcp", "websockets"] = "tcp"
    """`websockets`: through what lets only HTTP pass; `port` is then 80, or 443 with tls."""
    path: str = "/mqtt"
    """The path at which the broker speaks websockets."""
    max_picture_bytes: ByteCount | None = 10**6
    """Larger pictures are published smaller; on disk they are whole. null: no limit but the broker's own."""
    max_width: int | None = None
    """Wider pictures are published so many pixels wide; null: as they are."""

    def __post_init__(self) -> None:
        _check_host(self.host)
        _check_prefix(self.prefix)
        if self.port == 0:
            object.__setattr__(self, "port", _USUAL_PORTS[self.transport, bool(self.tls)])
        if not self.path.startswith("/") or not _PATH.fullmatch(self.path):
            raise ValueError(f"path begins with / and is part of a URL, like /mqtt, not {self.path!r}")
        if not 1 <= self.port <= 65535:
            raise ValueError(f"port must lie between 1 and 65535, not {self.port}")
        if not 1 <= self.keepalive <= 3600:
            raise ValueError(f"keepalive must lie between 1 s and 1 h, not {self.keepalive:g} s")
        if self.max_picture_bytes is not None and self.max_picture_bytes < 2000:
            raise ValueError(f"max_picture_bytes must be at least 2000, not {self.max_picture_bytes}")
        if self.max_width is not None and self.max_width < 32:
            raise ValueError(f"max_width must be at least 32 pixels, not {self.max_width}")
        if self.password is not None and self.user is None:
            raise ValueError("password is given without user; write both")
        if self.home is not None and f"{self.home.status}/".startswith(f"{self.prefix}/"):
            raise ValueError("prefix is where Home Assistant says that it is here (discovery.status); take another")
        if self.embedded and self.transport != "tcp":
            raise ValueError("a broker of our own is spoken to directly; take transport out")
        self._check_own_broker()
        if not self.client_id:
            object.__setattr__(self, "client_id", self.prefix.replace("/", "_"))
        check_sendable("client_id", self.client_id)
        check_sendable("user", self.user or "")
        if self.password is not None and self.password.plain:
            check_sendable("password", self.password.text())
        if len(self.client_id.encode()) > 100:
            raise ValueError("client_id is longer than 100 bytes")

    def _check_own_broker(self) -> None:
        if not self.embedded:
            if self.listen != _LOOPBACK:
                raise ValueError("listen is for a broker of our own; write host: embedded, or take listen out")
            return
        if self.tls:
            raise ValueError("tls is not for a broker of our own; take it out, or run a broker yourself")
        try:
            address = ipaddress.ip_address(self.listen)
        except ValueError:
            raise ValueError(
                f"listen must be an address like 192.168.1.5 or 0.0.0.0, not {self.listen!r}"
            ) from None
        if not address.is_loopback and (self.user is None or self.password is None):
            raise ValueError("listen lets others in, so it takes a user and a password; write both")
        if self.user is not None and (self.password is None or ":" in self.user or not self.user.isprintable()):
            raise ValueError("user of a broker of our own takes a password, and has no colon in it")

    @property
    def embedded(self) -> bool:
        return self.host == EMBEDDED

    def near(self, port: int) -> "MqttOptions":
        """Where our own broker is found from here."""
        address = ipaddress.ip_address(self.listen)
        host = str(address) if not address.is_unspecified else _LOOPBACK if address.version == 4 else "::1"
        return replace(self, host=host, port=port, listen=_LOOPBACK)

    @property
    def home(self) -> DiscoveryOptions | None:
        """How Home Assistant is told; None: it is not."""
        if isinstance(self.discovery, bool):
            return DiscoveryOptions() if self.discovery else None
        return self.discovery

    @property
    def security(self) -> TlsOptions | None:
        """The settings of TLS; None: plain."""
        if isinstance(self.tls, bool):
            return TlsOptions() if self.tls else None
        return self.tls

    @property
    def address(self) -> str:
        """The broker as people write it, without any secret."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def _check_host(host: str) -> None:
    # A URL may hold a password, so it is not repeated in the sentence.
    if "@" in host or "/" in host:
        raise ValueError("host is the name or address alone; port, user, password and tls have keys of their own")
    if not host or host != host.strip() or any(character.isspace() for character in host):
        raise ValueError(f"host must be a name or an address, not {host!r}")
    if not host.isprintable():
        raise ValueError(f"host must be a name or an address, without control characters, not {host!r}")
    if not _is_name(host):
        raise ValueError(
            "host must be a name or an address: parts of 1 to 63 letters joined by dots, 253 at most, "
            f"not {host[:80]!r}"
        )


def _is_name(host: str) -> bool:
    """Whether the name can be looked up at all."""
    try:
        plain = host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        return False
    return len(plain) <= 253 and all(1 <= len(part) <= 63 for part in plain.removesuffix(".").split("."))


def check_sendable(what: str, text: str) -> None:
    """ValueError where MQTT cannot carry a text; the text itself, which may be a secret, is not repeated."""
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError(f"{what} has a NUL or half a character in it; write text without them")
    if len(text.encode()) > _LONGEST_TEXT:
        raise ValueError(f"{what} is longer than {_LONGEST_TEXT} bytes, the most that MQTT can carry")


def _check_prefix(prefix: str, what: str = "prefix") -> None:
    if len(prefix) > 100 or not _PREFIX.fullmatch(prefix):
        raise ValueError(
            f"{what} must be letters, digits, '_' and '-', in parts joined by '/' (100 at most), not {prefix!r}"
        )
