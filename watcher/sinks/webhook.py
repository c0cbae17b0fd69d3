"""The payload of each record as an HTTP POST."""

import base64
import http.client
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from watcher import __version__
from watcher.errors import SinkError
from watcher.outbox import Record
from watcher.sinks.courier import NotTaken, TryLater
from watcher.sinks.options import WebhookOptions, check_headers, check_url

REDIRECTS = 3
_LONGEST_ANSWER = 64 * 1024
_LONGEST_PAUSE = 600.0
_REFUSED = frozenset((400, 413, 415, 422))
"""Statuses that are about the payload itself: refused for ever, it would stand in the way of all others."""
_AGAIN_THERE = frozenset((307, 308))
"""Redirects that ask for the same post again; the others would make a GET of it."""


class Webhook:
    """Posts each record to the address of `options`; whatever answers with 2xx has it."""

    def __init__(self, options: WebhookOptions) -> None:
        self._options = options

    def __call__(self, record: Record, late: Callable[[], bool]) -> str:
        try:
            body = json.dumps(record.payload, separators=(",", ":"), allow_nan=False, ensure_ascii=False).encode()
            url, headers = self._options.url.text(), self._headers(record)
            check_url(url)
        except ValueError as error:
            raise SinkError(f"the address or a header field cannot be used: {error}") from None
        for _ in range(REDIRECTS + 1):
            parts = urlsplit(url)
            status, fields = self._post(parts, body, headers)
            if status not in _AGAIN_THERE:
                return _judged(shown(parts), status, fields)
            target = urlsplit(urljoin(url, fields.get("Location") or ""))
            headers = _for_there(parts, target, headers)
            url = target.geturl()
        raise SinkError(f"{shown(parts)} redirects more than {REDIRECTS} times")

    def _headers(self, record: Record) -> dict[str, str]:
        own = {name: value.text() for name, value in self._options.headers.items()}
        check_headers(own)
        return {
            "Content-Type": "application/json",
            "User-Agent": f"watcher/{__version__}",
            "Idempotency-Key": f"{record.event}-{record.payload.get('sequence', 0)}",
            **own,
        }

    def _post(
        self, parts: SplitResult, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, http.client.HTTPMessage]:
        """Status and header fields of the answer."""
        where = shown(parts)
        try:
            with closing(self._connection(parts)) as connection:
                connection.connect()
                assert connection.sock is not None
                with _limited(connection.sock, self._options.timeout):
                    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                    connection.request("POST", path, body, {**_login(parts), **headers})
                    answer = connection.getresponse()
                    answer.read(_LONGEST_ANSWER)
                return answer.status, answer.headers
        except ssl.SSLCertVerificationError as error:
            raise SinkError(f"{where} shows a certificate that cannot be trusted: {error.verify_message}") from None
        except TimeoutError:
            raise SinkError(f"{where} does not answer within {self._options.timeout:g} s") from None
        except OSError as error:
            raise SinkError(f"{where} cannot be reached ({error.strerror or type(error).__name__})") from None
        except (http.client.HTTPException, ValueError) as error:
            raise SinkError(f"{where} does not answer as a web server does ({type(error).__name__})") from None

    def _connection(self, parts: SplitResult) -> http.client.HTTPConnection:
        host, timeout = parts.hostname or "", self._options.timeout
        if parts.scheme == "http":
            return http.client.HTTPConnection(host, parts.port, timeout=timeout)
        try:
            context = ssl.create_default_context(cafile=self._options.ca)
        except OSError as error:
            raise SinkError(
                f"ca: {self._options.ca} cannot be used ({error.strerror or 'no certificate'})"
            ) from None
        if self._options.ca is not None:
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # as most authorities made at home need it
        if not self._options.verify_tls:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection(host, parts.port, timeout=timeout, context=context)


def shown(parts: SplitResult) -> str:
    """The server as it may be shown to anybody: without path, query and credentials."""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")


def _judged(where: str, status: int, fields: http.client.HTTPMessage) -> str:
    if 200 <= status < 300:
        return ""
    if status in _REFUSED:
        return f"{where} refuses a record (status {status}); it is left out"
    if 300 <= status < 400:
        raise SinkError(f"{where} answers with a redirect (status {status}) that a post cannot follow")
    with suppress(ValueError):
        pause = float(fields.get("Retry-After") or "no number")
        raise TryLater(f"{where} answers with status {status}", min(max(0.0, pause), _LONGEST_PAUSE))
    raise NotTaken(f"{where} answers with status {status}")


def _for_there(before: SplitResult, target: SplitResult, headers: Mapping[str, str]) -> dict[str, str]:
    """The header fields to send to the target of a redirect; SinkError where it must not be followed."""
    if target.scheme not in ("http", "https") or not target.hostname:
        raise SinkError(f"{shown(before)} redirects to what is no web address")
    if before.scheme == "https" and target.scheme == "http":
        raise SinkError(f"{shown(before)} redirects from https to http; that is not followed")
    same = (before.hostname, before.port) == (target.hostname, target.port)
    # What was meant for one server, keys among it, is not told another.
    ours = ("Content-Type", "User-Agent", "Idempotency-Key")
    return dict(headers) if same else {name: headers[name] for name in ours}


def _login(parts: SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


@contextmanager
def _limited(wire: socket.socket, seconds: float) -> Iterator[None]:
    """Ends an exchange that takes longer than `seconds` altogether, however slowly something comes."""
    over = threading.Event()

    def end() -> None:
        over.set()
        with suppress(OSError):
            wire.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, http.client.HTTPException):
        if not over.is_set():
            raise
    finally:
        timer.cancel()
    if over.is_set():
        raise TimeoutError
