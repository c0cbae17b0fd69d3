"""A broker that does what a real one will not: refuse, stall, withhold receipts, hang up in the middle of a packet.

It speaks as much of MQTT 3.1.1 and 5 as a publisher needs, and writes down everything that it was told.
"""

import contextlib
import socket
import struct
import threading
from dataclasses import dataclass, field

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PINGREQ, PINGRESP, DISCONNECT = 1, 2, 3, 4, 8, 9, 12, 13, 14


@dataclass(frozen=True)
class Published:
    """A message that arrived whole. `again`: the client says that it has sent it before."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    again: bool


class HungUp(Exception):
    """The client is gone, or we have let go of it."""


class RecordingBroker:
    """`published` is all that arrived, `acknowledged` that of which a receipt was handed to the network.

    `refuse`: the code that every connection is refused with (`refuse_v5`: those of MQTT 5); `withhold`: nothing is
    acknowledged; `cut_after`: so many bytes of the next publication are read before the connection is cut.
    """

    def __init__(self) -> None:
        self.published: list[Published] = []
        self.acknowledged: list[Published] = []
        self.wills: list[tuple[str, bytes]] = []
        self.refuse = 0
        self.refuse_v5 = False
        self.withhold = False
        self.cut_after: int | None = None
        self.connections = 0
        self.retained: dict[str, bytes] = {}
        self._going = threading.Event()
        self._going.set()
        self._clients: set[_Client] = set()
        self._lock = threading.Lock()
        self._ear: socket.socket | None = None
        self.port = 0
        self.start()

    def start(self) -> None:
        """Listen, on the same port as before."""
        self._ear = socket.socket()
        self._ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._ear.bind(("127.0.0.1", self.port))
        self._ear.listen()
        self.port = self._ear.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._ear,), daemon=True).start()

    def stall(self) -> None:
        """Connections stay; nothing is read or answered."""
        self._going.clear()

    def go_on(self) -> None:
        self._going.set()

    def cut(self) -> None:
        """Every connection breaks, without a word."""
        with self._lock:
            clients = list(self._clients)
        for client in clients:
            client.cut()

    def kill(self) -> None:
        """It is gone; `start` brings it back, and it remembers nothing that it should have kept."""
        if self._ear is not None:
            with contextlib.suppress(OSError):
                self._ear.shutdown(socket.SHUT_RDWR)
            self._ear.close()
        self.cut()
        self.go_on()

    def _accept(self, ear: socket.socket) -> None:
        while True:
            try:
                wire, _ = ear.accept()
            except OSError:
                return
            client = _Client(self, wire)
            with self._lock:
                self._clients.add(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: "_Client") -> None:
        try:
            client.serve()
        except (OSError, HungUp, struct.error, IndexError):
            pass
        finally:
            with self._lock:
                self._clients.discard(client)
            client.cut()
            if client.will is not None:
                self.wills.append(client.will)

    def wait(self) -> None:
        self._going.wait()


@dataclass(eq=False)
class _Client:
    broker: RecordingBroker
    wire: socket.socket
    version: int = 4
    will: tuple[str, bytes] | None = None
    buffer: bytes = field(default=b"")

    def cut(self) -> None:
        with contextlib.suppress(OSError):
            # Nothing that is still on the way arrives: as if the cable was pulled and the machine gone.
            self.wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.wire.shutdown(socket.SHUT_RDWR)
        self.wire.close()

    def serve(self) -> None:
        self.wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            kind, flags, body = self._packet()
            if kind == CONNECT:
                self._connect(body)
            elif kind == PUBLISH:
                self._publish(flags, body)
            elif kind == SUBSCRIBE:
                self._subscribe(body)
            elif kind == PINGREQ:
                self._send(PINGRESP, b"")
            elif kind == DISCONNECT:
                self.will = None
                return

    def _packet(self) -> tuple[int, int, bytes]:
        first = self._read(1)[0]
        size, shift = 0, 0
        while True:
            byte = self._read(1)[0]
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        cut_after = self.broker.cut_after
        if first >> 4 == PUBLISH and cut_after is not None:
            self.broker.cut_after = None
            self._read(min(cut_after, size))
            raise HungUp
        return first >> 4, first & 15, self._read(size)

    def _read(self, size: int) -> bytes:
        while len(self.buffer) < size:
            self.broker.wait()
            more = self.wire.recv(65536)
            if not more:
                raise HungUp
            self.buffer += more
        self.broker.wait()
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def _send(self, kind: int, body: bytes, flags: int = 0) -> None:
        self.wire.sendall(bytes([kind << 4 | flags, *_varint(len(body))]) + body)

    def _connect(self, body: bytes) -> None:
        self.version, flags = body[6], body[7]
        at = 10
        at = self._skip_properties(body, at)
        _, at = _text(body, at)
        if flags & 4:
            at = self._skip_properties(body, at)
            topic, at = _text(body, at)
            payload, at = _bytes(body, at)
            self.will = topic, payload
        self.broker.connections += 1
        refusal = 0x84 if self.broker.refuse_v5 and self.version == 5 else self.broker.refuse
        self._send(CONNACK, bytes([0, refusal]) + (b"\0" if self.version == 5 else b""))
        if refusal:
            self.will = None
            raise HungUp

    def _publish(self, flags: int, body: bytes) -> None:
        topic, at = _text(body, 0)
        qos, mid = flags >> 1 & 3, b""
        if qos:
            mid, at = body[at : at + 2], at + 2
        at = self._skip_properties(body, at)
        message = Published(topic, body[at:], qos, bool(flags & 1), bool(flags & 8))
        self.broker.published.append(message)
        if message.retain:
            self.broker.retained[topic] = message.payload
        if qos and not self.broker.withhold:
            self._send(PUBACK, mid)
            self.broker.acknowledged.append(message)

    def _subscribe(self, body: bytes) -> None:
        at = self._skip_properties(body, 2)
        filters = []
        while at < len(body):
            wanted, at = _text(body, at)
            filters.append(wanted)
            at += 1
        codes = bytes([1] * len(filters))
        self._send(SUBACK, body[:2] + (b"\0" if self.version == 5 else b"") + codes)
        for topic, payload in list(self.broker.retained.items()):
            if topic in filters and payload:
                written = topic.encode()
                properties = b"\0" if self.version == 5 else b""
                self._send(PUBLISH, struct.pack("!H", len(written)) + written + properties + payload, flags=1)

    def _skip_properties(self, body: bytes, at: int) -> int:
        if self.version != 5:
            return at
        return at + 1 + body[at]  # never 128 bytes of them here


def _text(body: bytes, at: int) -> tuple[str, int]:
    found, at = _bytes(body, at)
    return found.decode(), at


def _bytes(body: bytes, at: int) -> tuple[bytes, int]:
    (size,) = struct.unpack_from("!H", body, at)
    return body[at + 2 : at + 2 + size], at + 2 + size


def _varint(number: int) -> bytes:
    found = b""
    while True:
        number, rest = number >> 7, number & 127
        found += bytes([rest | (128 if number else 0)])
        if not number:
            return found
