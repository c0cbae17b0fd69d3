"""A small RTSP server on loopback: H.264 over TCP, looped, with switches for everything that cameras do wrong."""

import base64
import contextlib
import itertools
import socket
import struct
import threading
import time
from collections.abc import Sequence

_MTU = 1400
_CLOCK = 90_000


class RtspServer:
    """Serves access units (`scenes.h264`) to any number of clients, beginning anew for each.

    Parameters
    ----------
    units : H.264 access units with start codes.
    fps : how many of them a second.
    login : "user:password" that is asked for (Basic); None: nobody is asked.
    mute : accept connections and never answer.
    """

    def __init__(self, units: Sequence[bytes], *, fps: float = 10, login: str | None = None, mute: bool = False):
        self._units, self._fps, self._login, self._mute = units, fps, login, mute
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._clients: set[socket.socket] = set()
        self._flowing = threading.Event()
        self._flowing.set()
        self._stopped = threading.Event()
        self.playing = 0
        """How many clients are being sent pictures."""
        self.sent = 0
        """How many access units have been sent, to all."""
        self.damage: set[int] = set()
        """Indices of access units of which only the first half is sent."""
        threading.Thread(target=self._accept, name="rtsp-accept", daemon=True).start()

    @property
    def url(self) -> str:
        """The address; with the login in it where one is asked for."""
        return f"rtsp://{self._login + '@' if self._login else ''}127.0.0.1:{self.port}/live"

    def freeze(self) -> None:
        """Stop sending; connections stay."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Send again."""
        self._flowing.set()

    def drop(self) -> None:
        """Hang up on every client; new ones may come."""
        with self._lock:
            for client in self._clients:
                with contextlib.suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Hang up, and accept nobody any more."""
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop()

    def __enter__(self) -> "RtspServer":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._clients.add(client)
            threading.Thread(target=self._serve, args=(client,), name="rtsp-client", daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        gone = threading.Event()
        try:
            self._converse(client, gone)
        except OSError:
            pass
        finally:
            gone.set()
            with self._lock:
                self._clients.discard(client)
            client.close()

    def _converse(self, client: socket.socket, gone: threading.Event) -> None:
        lines = client.makefile("rb")
        writing = threading.Lock()
        while request := _request(lines):
            if self._mute:
                continue
            method, headers = request
            body, extra = b"", []
            status = "200 OK"
            if method in ("DESCRIBE", "SETUP", "PLAY") and not self._welcome(headers):
                status, extra = "401 Unauthorized", ['WWW-Authenticate: Basic realm="test"']
            elif method == "OPTIONS":
                extra = ["Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER"]
            elif method == "DESCRIBE":
                body = self._description()
                extra = ["Content-Type: application/sdp", f"Content-Base: rtsp://127.0.0.1:{self.port}/live/"]
            elif method == "SETUP":
                extra = ["Transport: RTP/AVP/TCP;unicast;interleaved=0-1"]
            head = [f"RTSP/1.0 {status}", f"CSeq: {headers.get('cseq', '0')}", "Session: 1", *extra]
            head.append(f"Content-Length: {len(body)}")
            with writing:
                client.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + body)
            if method == "PLAY" and status == "200 OK":
                threading.Thread(target=self._play, args=(client, writing, gone), daemon=True).start()
            if method == "TEARDOWN":
                return

    def _welcome(self, headers: dict[str, str]) -> bool:
        if self._login is None:
            return True
        return headers.get("authorization", "") == "Basic " + base64.b64encode(self._login.encode()).decode()

    def _description(self) -> bytes:
        nals = _nals(self._units[0])
        sps, pps = (next(nal for nal in nals if nal[0] & 31 == kind) for kind in (7, 8))
        sets = ",".join(base64.b64encode(nal).decode() for nal in (sps, pps))
        return "\r\n".join(
            ["v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=test", "c=IN IP4 127.0.0.1", "t=0 0", "m=video 0 RTP/AVP 96",
             "a=rtpmap:96 H264/90000", f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={sets}",
             "a=control:track1", ""]
        ).encode()  # fmt: skip

    def _play(self, client: socket.socket, writing: threading.Lock, gone: threading.Event) -> None:
        with self._lock:
            self.playing += 1
        sequence = itertools.count(1)
        due = time.monotonic()
        try:
            for count in itertools.count():
                while not self._flowing.wait(0.05):
                    if gone.is_set() or self._stopped.is_set():
                        return
                    due = time.monotonic()
                index = count % len(self._units)
                unit = self._units[index]
                if index in self.damage:
                    unit = unit[: len(unit) // 2]
                with writing:
                    client.sendall(_interleaved(unit, round(count * _CLOCK / self._fps), sequence))
                self.sent += 1
                due += 1 / self._fps
                if gone.wait(max(0.0, due - time.monotonic())) or self._stopped.is_set():
                    return
        except OSError:
            return
        finally:
            with self._lock:
                self.playing -= 1


def _request(lines: object) -> tuple[str, dict[str, str]] | None:
    """Method and headers of the next request; receiver reports that come between are skipped."""
    while (first := lines.read(1)) == b"$":  # type: ignore[attr-defined]
        _, length = struct.unpack(">BH", lines.read(3))  # type: ignore[attr-defined]
        lines.read(length)  # type: ignore[attr-defined]
    if not first:
        return None
    method = (first + lines.readline()).decode("latin-1").partition(" ")[0]  # type: ignore[attr-defined]
    headers = {}
    while (line := lines.readline().strip()) != b"":  # type: ignore[attr-defined]
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    return method, headers


def _nals(unit: bytes) -> list[bytes]:
    """The NAL units of an access unit, without start codes."""
    parts = unit.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")
    return [part for part in parts if part]


def _interleaved(unit: bytes, timestamp: int, sequence: "itertools.count[int]") -> bytes:
    """An access unit as RTP packets (RFC 6184: single NAL units and FU-A), framed for RTSP's connection."""
    payloads: list[bytes] = []
    for nal in _nals(unit):
        if len(nal) <= _MTU:
            payloads.append(nal)
            continue
        pieces = [nal[1:][at : at + _MTU] for at in range(0, len(nal) - 1, _MTU)]
        for number, piece in enumerate(pieces):
            edge = 0x80 * (number == 0) | 0x40 * (number == len(pieces) - 1)
            payloads.append(bytes([nal[0] & 0xE0 | 28, edge | nal[0] & 31]) + piece)
    packets = b""
    for number, payload in enumerate(payloads):
        last = 0x80 * (number == len(payloads) - 1)
        header = struct.pack(">BBHII", 0x80, last | 96, next(sequence) & 0xFFFF, timestamp & 0xFFFFFFFF, 1)
        packets += struct.pack(">cBH", b"$", 0, 12 + len(payload)) + header + payload
    return packets
