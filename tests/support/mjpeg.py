"""A small HTTP camera on loopback: a multipart stream and a still picture, with switches for faults."""

import base64
import contextlib
import hashlib
import itertools
import re
import socket
import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class HttpCamera:
    """``/stream`` is MJPEG, ``/still.jpg`` the picture of now.

    Parameters
    ----------
    pictures : encoded pictures, looped; what is no picture goes out as it is.
    fps : how many a second.
    login : "user:password" that is asked for; None: nobody is asked.
    digest : ask for it by Digest instead of Basic.
    lengths : whether parts say their Content-Length.
    boundary : the name in the Content-Type header, as cameras write it; "": nothing is between the pictures.
    kind : the type that the header says; None: as it should be, "": no header.
    """

    def __init__(
        self,
        pictures: Sequence[bytes],
        *,
        fps: float = 20,
        login: str | None = None,
        digest: bool = False,
        lengths: bool = True,
        boundary: str = "frame",
        kind: str | None = None,
    ) -> None:
        self.kind = kind
        self.pictures, self.fps, self.login, self.digest = list(pictures), fps, login, digest
        self.lengths, self.boundary = lengths, boundary
        self.flowing = threading.Event()
        self.flowing.set()
        self.still: bytes = self.pictures[0]
        self.status = 200
        """What ``/still.jpg`` answers with."""
        self.requests: list[tuple[str, int]] = []
        """Path and status of every answer."""
        self.clients: set[socket.socket] = set()
        self._server = _Server(("127.0.0.1", 0), _Request)
        self._server.camera = self
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://{self.login + '@' if self.login else ''}127.0.0.1:{self.port}/stream"

    @property
    def still_url(self) -> str:
        return self.url.replace("/stream", "/still.jpg")

    def freeze(self) -> None:
        """Stop sending; connections stay."""
        self.flowing.clear()

    def thaw(self) -> None:
        """Send again."""
        self.flowing.set()

    def drop(self) -> None:
        """Hang up on every client; new ones may come."""
        for client in list(self.clients):
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Hang up, and listen no more."""
        self._server.shutdown()
        self._server.server_close()
        self.drop()

    def __enter__(self) -> "HttpCamera":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    camera: HttpCamera

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are no error here."""


class _Request(BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """Tests print nothing."""

    def do_GET(self) -> None:
        camera = self.server.camera
        camera.clients.add(self.connection)
        try:
            if not self._welcome():
                self._refuse()
            elif self.path.startswith("/stream"):
                self._stream()
            elif self.path.startswith("/still"):
                self._still()
            elif self.path.startswith("/moved"):
                self._answer(302, b"", {"Location": "/still.jpg"})
            else:
                self._answer(404, b"")
        finally:
            camera.clients.discard(self.connection)

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.server.camera.requests.append((self.path, status))
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _welcome(self) -> bool:
        camera, given = self.server.camera, self.headers.get("Authorization", "")
        if camera.login is None:
            return True
        if not camera.digest:
            return given == "Basic " + base64.b64encode(camera.login.encode()).decode()
        user, _, password = camera.login.partition(":")
        values = dict(re.findall(r'(\w+)="?([^",]*)"?', given))
        secret = _md5(f"{user}:test:{password}")
        request = _md5(f"GET:{self.path}")
        tail = f"{values.get('nc')}:{values.get('cnonce')}:auth"
        return values.get("response") == _md5(f"{secret}:abc:{tail}:{request}")

    def _refuse(self) -> None:
        asked = (
            'Digest realm="test", nonce="abc", qop="auth"' if self.server.camera.digest else 'Basic realm="test"'
        )
        self._answer(401, b"", {"WWW-Authenticate": asked})

    def _still(self) -> None:
        camera = self.server.camera
        camera.flowing.wait()
        tag = f'"{hashlib.sha256(camera.still).hexdigest()[:16]}"'
        if camera.status != 200:
            self._answer(camera.status, b"")
        elif self.headers.get("If-None-Match") == tag:
            self._answer(304, b"")
        else:
            self._answer(200, camera.still, {"ETag": tag, "Content-Type": "image/jpeg"})

    def _stream(self) -> None:
        camera = self.server.camera
        camera.requests.append((self.path, 200))
        self.send_response(200)
        kind = camera.kind if camera.kind is not None else f"multipart/x-mixed-replace; boundary={camera.boundary}"
        if kind:
            self.send_header("Content-Type", kind)
        self.end_headers()
        line = b"--" + camera.boundary.encode().lstrip(b"-")
        for count in itertools.count():
            camera.flowing.wait()
            data = camera.pictures[count % len(camera.pictures)]
            if not camera.boundary:
                self.wfile.write(data)
                time.sleep(1 / camera.fps)
                continue
            length = b"Content-Length: %d\r\n" % len(data) if camera.lengths else b""
            self.wfile.write(line + b"\r\nContent-Type: image/jpeg\r\n" + length + b"\r\n" + data + b"\r\n")
            if count == 0 and not camera.lengths:
                self.wfile.flush()
            time.sleep(1 / camera.fps)  # the rate of a camera, not a wait for something


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
