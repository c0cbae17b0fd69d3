"""HTTP for cameras: one GET with deadlines, Basic and Digest login, redirects, and closing from another thread."""

import base64
import hashlib
import http.client
import re
import secrets
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

from watcher.sources.urls import Address, address, trouble

_REDIRECTS = 5
_AS_IT_IS = "!#$%&'()*+,/:;=?@[]~|"
"""What stands in paths and queries unquoted beside letters and digits; % because it may be quoted already."""
_FIELD = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]+))')


class Refused(Exception):
    """The server answered, but not with what was asked for; the text is a clause without any address."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a GET, its body not read yet."""

    status: int
    headers: Mapping[str, str]
    body: http.client.HTTPResponse


class Getter:
    """GETs one address, one request at a time; `cut` ends whatever is under way, from any thread."""

    def __init__(self, target: Address, timeout: float, verify_tls: bool) -> None:
        self._target, self._timeout = target, timeout
        self._tls = ssl.create_default_context()
        if not verify_tls:
            self._tls.check_hostname = False
            self._tls.verify_mode = ssl.CERT_NONE
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._cut = False

    def get(self, headers: Mapping[str, str]) -> Reply:
        """The reply, after logging in and following redirects.

        Raises
        ------
        Refused : any status other than 200 and 304.
        OSError, ValueError, http.client.HTTPException : no connection, or no HTTP; may be shown by `words`.
        """
        target, login = self._target, ""
        for _ in range(_REDIRECTS + 2):
            reply = self._once(target, {**headers, **({"Authorization": login} if login else {})})
            if reply.status in (301, 302, 303, 307, 308) and reply.headers.get("location"):
                target, login = _redirected(target, reply.headers["location"]), ""
            elif reply.status == 401 and not login and target.user is not None:
                login = _login(target, reply.body.headers.get_all("WWW-Authenticate") or [])
            elif reply.status in (200, 304):
                return reply
            else:
                raise Refused(_status(reply.status))
            reply.body.close()
        raise Refused("it redirects in a circle")

    def cut(self) -> None:
        """End the request under way, and refuse any further one."""
        with self._lock:
            self._cut = True
            self._shut()

    def drop(self) -> None:
        """End the connection; another request may follow."""
        with self._lock:
            self._shut()

    def _shut(self) -> None:
        if self._socket is not None:
            # Not close(): a read in another thread would go on, or read from whoever gets the number next. And
            # of socket itself, because a TLS socket's shutdown takes its state away from under that read.
            try:
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
            except OSError:
                return

    def _once(self, target: Address, headers: Mapping[str, str]) -> Reply:
        parts = urlsplit(target.url)
        connection = self._connected(parts.scheme, target.host, parts.port)
        connection.request(
            "GET", _path(target.url), headers={"User-Agent": "watcher", "Connection": "close", **headers}
        )
        body = connection.getresponse()
        return Reply(body.status, {name.lower(): value for name, value in body.getheaders()}, body)

    def _connected(self, scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection
        if scheme == "https":
            connection = http.client.HTTPSConnection(host, port, timeout=self._timeout, context=self._tls)
        else:
            connection = http.client.HTTPConnection(host, port, timeout=self._timeout)
        connection.connect()
        with self._lock:
            self._socket = connection.sock
            if self._cut:
                self._shut()
        return connection


def words(error: Exception) -> str:
    """An error of `Getter.get`, or of reading a body, in plain words, without any address."""
    if isinstance(error, Refused):
        return str(error)
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused: nothing listens there"
    if isinstance(error, socket.gaierror):
        return "its name is not known"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message}); verify_tls: false accepts it"
    if isinstance(error, ssl.SSLError):
        return "it does not speak TLS as it should"
    if isinstance(error, UnicodeError):
        return "its name is not one that a host can have"
    if isinstance(error, OSError):
        return error.strerror or "the connection broke"
    return "it does not answer in HTTP"


def _status(status: int) -> str:
    if status == 401:
        return "user name or password are missing or wrong"
    if status == 403:
        return "access is forbidden"
    if status == 404:
        return "there is nothing under this path"
    return f"it answered with status {status}"


def _redirected(source: Address, location: str) -> Address:
    """Where a redirect leads; credentials go along only to the same host."""
    try:
        joined = quote(urljoin(source.url, location), safe=_AS_IT_IS)
    except ValueError:
        raise Refused("it redirects to something that is no URL") from None
    if trouble(joined, ("http", "https")):
        raise Refused("it redirects to something that is not HTTP, or no URL")
    target = address(joined)
    if target.host != source.host or target.user is not None:
        return target
    return Address(target.url, source.user, source.password)


def _path(url: str) -> str:
    """What is asked for: path and query, with everything quoted that may not stand in a request."""
    parts = urlsplit(url)
    return quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=_AS_IT_IS)


def _login(target: Address, challenges: list[str]) -> str:
    """The Authorization header that answers a challenge: Digest where offered, else Basic."""
    user, password = target.user or "", target.password or ""
    for challenge in challenges:
        scheme, _, fields = challenge.strip().partition(" ")
        if scheme.lower() == "digest":
            values = {name.lower(): quoted or plain for name, quoted, plain in _FIELD.findall(fields)}
            if values.get("algorithm", "MD5").upper() in ("MD5", "SHA-256"):
                return _digest(target, user, password, values)
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _sendable(text: str) -> bool:
    """Whether a header can carry the text between quotes."""
    return text.isprintable() and not set('"\\') & set(text) and all(ord(character) < 256 for character in text)


def _digest(target: Address, user: str, password: str, values: Mapping[str, str]) -> str:
    """The answer to a Digest challenge (RFC 7616), for one GET."""
    algorithm = values.get("algorithm", "MD5")

    def hashed(*words: str) -> str:
        data = ":".join(words).encode()
        # MD5 is what cameras ask for; it guards nothing here that plain HTTP would not show anyway.
        return (hashlib.sha256 if algorithm.upper() == "SHA-256" else hashlib.md5)(data).hexdigest()

    uri = _path(target.url)
    realm, nonce = values.get("realm", ""), values.get("nonce", "")
    secret, request = hashed(user, realm, password), hashed("GET", uri)
    if not _sendable(user):
        raise Refused(
            "the user name has characters that a Digest login cannot carry; use letters of Western Europe"
        )
    fields = {"username": user, "realm": realm, "nonce": nonce, "uri": uri}
    if "auth" in [word.strip() for word in values.get("qop", "").split(",")]:
        count, own = "00000001", secrets.token_hex(8)
        fields["response"] = hashed(secret, nonce, count, own, "auth", request)
        tail = f', qop=auth, nc={count}, cnonce="{own}"'
    else:
        fields["response"] = hashed(secret, nonce, request)
        tail = ""
    if "opaque" in values:
        fields["opaque"] = values["opaque"]
    return (
        "Digest "
        + ", ".join(f'{name}="{value}"' for name, value in fields.items())
        + f", algorithm={algorithm}"
        + tail
    )
