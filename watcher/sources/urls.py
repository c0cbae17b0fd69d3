"""Credentials in URLs: taken out for whoever logs in, hidden from whoever reads. Standard library only."""

import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit, urlunsplit

HIDDEN = "***"

_URL = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*://)(?P<rest>[^\s'\"<>]+)")
_PLAIN_HOST = re.compile(r"([^:@\[\]]*|\[[^\]@]*\])(:\d*)?")
_SECRET_FIELD = re.compile(
    r"(?P<name>[?&;](?:user|usr|username|login|password|passwd|pwd|pass|token|key|auth|secret)=)[^&;#\s]*",
    re.IGNORECASE,
)


def shown(url: str) -> str:
    """The URL, or a text with URLs in it, as it may be shown to anybody: credentials are ``***``.

    Names and passwords before the host are hidden, and so are the values of query fields that commonly hold them.
    """
    return _SECRET_FIELD.sub(rf"\g<name>{HIDDEN}", _URL.sub(_without_login, url))


def _without_login(match: re.Match[str]) -> str:
    # Passwords are often typed with an @ or a / in them, unquoted. Where it is not plain what is host and what
    # is password, everything up to the last @ goes: rather a host too much than half a password too few.
    rest = match["rest"]
    _, found, after = rest.rpartition("@")
    if not found or _PLAIN_HOST.fullmatch(re.split(r"[/?#]", rest)[0]):
        return match[0]
    return f"{match['scheme']}{HIDDEN}@{after}"


@dataclass(frozen=True, slots=True)
class Address:
    """A URL without its credentials, and the credentials, unquoted."""

    url: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    def with_login(self) -> str:
        """The URL with quoted credentials in it, for libraries that take them no other way. Never to be shown."""
        if self.user is None:
            return self.url
        parts = urlsplit(self.url)
        login = quote(self.user, safe="") + (":" + quote(self.password, safe="") if self.password else "")
        return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}"))


def address(url: str, user: str | None = None, password: str | None = None) -> Address:
    """A URL taken apart; `user` and `password`, where given, go before those in the URL."""
    parts = urlsplit(url)
    login, found, host = parts.netloc.rpartition("@")
    bare = urlunsplit(parts._replace(netloc=host))
    if not found:
        return Address(bare, user, password)
    name, _, word = login.partition(":")
    return Address(bare, user or unquote(name), password if password is not None else unquote(word))


def trouble(url: str, schemes: tuple[str, ...]) -> str | None:
    """What is wrong with a URL for these schemes, in one sentence; None where nothing is."""
    example = f"write for example {schemes[0]}://192.168.1.20/path"
    if any(character.isspace() or not character.isprintable() for character in url):
        # Not shown: where a password has a space in it, it is not plain where it begins and ends.
        return f"the URL has a space or a control character in it; write %20 for a space, or {example}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        # urlsplit's words may quote the part of the URL that holds the password.
        what = "its port is not a number from 0 to 65535" if "ort" in str(error) else "it cannot be taken apart"
        return f"{shown(url)!r} is not a URL ({what}); {example}"
    if parts.scheme.lower() not in schemes:
        return f"{shown(url)!r} does not begin with {' or '.join(s + '://' for s in schemes)}; {example}"
    if not parts.hostname or port == 0:
        return f"{shown(url)!r} names no host; {example}"
    return None
