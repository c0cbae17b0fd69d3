"""One connection to the broker, from its beginning to its end, with a paho client of its own.

Each connection has a new client, so paho never holds a message that it would send again: what is sent again is the
outbox's business. One thread owns a connection and turns it; paho's callbacks run in that thread, inside `open`,
`publish` and `turn`, and do nothing but put down what happened.
"""

import logging
import os
import selectors
import socket
import ssl
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, WebsocketConnectionError
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from watcher.errors import SinkError
from watcher.mqtt.options import MqttOptions, TlsOptions, check_sendable

log = logging.getLogger(__name__)

V5 = MQTTProtocolVersion.MQTTv5
V311 = MQTTProtocolVersion.MQTTv311

WINDOW = 20
"""How many messages may be under way: mosquitto's own bound; one that tells us a lower one (MQTT 5) is obeyed."""
CONNECT_TIMEOUT = 5.0
"""Seconds for the network to connect, and again for the broker to answer."""


class WrongVersion(SinkError):
    """The broker does not speak this version of MQTT; `sure`: it said so, and did not just hang up."""

    def __init__(self, sentence: str, *, sure: bool) -> None:
        super().__init__(sentence)
        self.sure = sure


@dataclass(frozen=True, slots=True)
class Message:
    """What arrived. `retained`: it lay there before we came, or was sent to be kept."""

    topic: str
    payload: bytes
    retained: bool


@dataclass(frozen=True, slots=True)
class Receipt:
    """The broker has message `mid`; or it has refused it, and `refused` says why."""

    mid: int
    refused: str


class Connection:
    """A connection that is made (`open`), turned until it ends (`turn`), and closed.

    `receipts` and `messages` are for the owner to empty; `ended` holds the reason once it is over.
    """

    def __init__(
        self,
        options: MqttOptions,
        *,
        client_id: str,
        version: MQTTProtocolVersion = V5,
        will: tuple[str, str] | None = None,
    ) -> None:
        self.receipts: deque[Receipt] = deque()
        self.messages: deque[Message] = deque()
        self.connected = False
        self.subscribed = False
        self.ended = ""
        self.wrong_version = False
        self.window = WINDOW
        self.largest: int | None = None
        """Bytes of a whole message that the broker takes at most, where it has said so."""
        self._options = options
        self._version = version
        self._selector = selectors.DefaultSelector()
        self._watched: Any = None
        clean = None if version == V5 else True
        # Logging stays off in paho: it would log topics at best and payloads at worst.
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id,
            clean_session=clean,
            transport=options.transport,
            protocol=version,
            reconnect_on_failure=False,
        )
        if options.transport == "websockets":
            self._client.ws_set_options(path=options.path)
        self._client.connect_timeout = CONNECT_TIMEOUT
        self._client.max_inflight_messages_set(0)  # the owner keeps the window, so paho need not queue
        if will is not None:
            self._client.will_set(will[0], will[1], qos=1, retain=True)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_publish = self._on_publish
        self._client.on_message = self._on_message
        self._client.on_socket_open = self._on_socket_open

    @property
    def reason(self) -> str:
        """Why it ended, as a sentence; empty while it lasts."""
        return f"{self._options.address} {self.ended}" if self.ended else ""

    # --- what the owner does

    def open(self, wake: socket.socket) -> None:
        """Connect, up to the broker's consent; SinkError says why not, WrongVersion that another one may do.

        `wake`: a socket that becomes readable when there is something to do; `turn` reads it empty.
        """
        try:
            self._identify()
            # paho takes whole seconds alone
            self._client.connect(self._options.host, self._options.port, keepalive=round(self._options.keepalive))
        except OSError as error:
            self.drop()
            raise SinkError(_why_not(error, self._options)) from None
        except UnicodeError:
            self.drop()
            raise SinkError(f"{self._options.address} cannot be reached (no host can have this name)") from None
        except SinkError:
            self.drop()
            raise
        self._selector.register(wake, selectors.EVENT_READ)
        deadline = time.monotonic() + CONNECT_TIMEOUT
        while not self.connected and not self.ended and time.monotonic() < deadline:
            self.turn(wake, 0.2)
        if self.connected:
            return
        answered = self.ended
        self.close()
        if self.wrong_version:
            sentence = f"{self._options.address} does not speak MQTT {_name(self._version)}"
            raise WrongVersion(sentence, sure=answered.startswith("refuses"))
        raise SinkError(f"{self._options.address} " + (answered or "does not answer as an MQTT broker does"))

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool, expires: int | None = None) -> int:
        """Hand a message to the network; its number comes back in `receipts` when it has arrived (for quality of
        service 0: when it has been written). After `expires` seconds a broker of MQTT 5 hands it on no more."""
        properties = None
        if expires is not None and self._version == V5:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.MessageExpiryInterval = expires
        return self._client.publish(topic, payload, qos=qos, retain=retain, properties=properties).mid

    def subscribe(self, filters: tuple[str, ...], *, say_retain: bool = True) -> None:
        """Listen. `say_retain`: messages sent to be kept are known as such also when they come live (MQTT 5)."""
        if self._version == V5:
            options = SubscribeOptions(qos=1, retainAsPublished=say_retain)
            self._client.subscribe([(each, options) for each in filters])
        else:
            self._client.subscribe([(each, 1) for each in filters])

    def turn(self, wake: socket.socket, timeout: float) -> None:
        """Wait for the network or `wake`, `timeout` seconds at most, and do what there is to do."""
        sock = self._client.socket()
        if sock is None:
            self.ended = self.ended or "has closed the connection"
            return
        self._watch(sock)
        # TLS may hold bytes that the socket no longer shows
        pending = hasattr(sock, "pending") and sock.pending() > 0
        events = self._selector.select(0 if pending else timeout)
        ready = {key.fileobj: mask for key, mask in events}
        if wake in ready:
            wake.recv(4096)
        mask = ready.get(sock, 0)
        if pending or mask & selectors.EVENT_READ:
            self._client.loop_read()
        if mask & selectors.EVENT_WRITE:
            self._client.loop_write()
        if self._client.loop_misc() != MQTTErrorCode.MQTT_ERR_SUCCESS or self._client.socket() is None:
            self.ended = self.ended or "has closed the connection"

    def drained(self) -> bool:
        """Everything handed over is written to the network."""
        return not self._client.want_write()

    def close(self) -> None:
        """Say goodbye, so that the broker does not publish the last will, and let go. Never blocks."""
        self._client.on_disconnect = None
        if self.connected and not self.ended:
            self._client.disconnect()
        self.drop()

    def drop(self) -> None:
        """Let go without goodbye: the broker publishes the last will."""
        self.ended = self.ended or "was let go"
        sock = self._client.socket()
        self._selector.close()
        if sock is not None:
            sock.close()

    # --- paho's callbacks: they note, they never act

    def _on_connect(
        self, client: Client, userdata: Any, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self.wrong_version = reason.getName() == "Unsupported protocol version"
            self.ended = f"refuses the connection: {_words(reason)}"
            return
        self.connected = True
        allowed = getattr(properties, "ReceiveMaximum", WINDOW) if properties is not None else WINDOW
        self.window = max(1, min(WINDOW, allowed))
        self.largest = getattr(properties, "MaximumPacketSize", None)

    def _on_disconnect(
        self,
        client: Client,
        userdata: Any,
        flags: DisconnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if self.ended:
            return
        if flags.is_disconnect_packet_from_server:
            self.ended = f"has ended the connection: {_words(reason)}"
        elif reason.getName() == "Keep alive timeout":
            self.ended = f"has given no sign of life for {2 * self._options.keepalive:g} s"
        else:
            self.ended = "has closed the connection"
            # Brokers of MQTT 3.1.1 may also answer a newer greeting by hanging up.
            self.wrong_version = self._version == V5 and not self.connected

    def _on_subscribe(
        self, client: Client, userdata: Any, mid: int, reasons: list[ReasonCode], properties: Properties | None
    ) -> None:
        self.subscribed = True
        if any(reason.is_failure for reason in reasons):
            log.warning("%s does not let us listen: %s", self._options.address, _words(reasons[0]))

    def _on_publish(
        self, client: Client, userdata: Any, mid: int, reason: ReasonCode, properties: Properties | None
    ) -> None:
        self.receipts.append(Receipt(mid, _words(reason) if reason.is_failure else ""))

    def _on_message(self, client: Client, userdata: Any, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return
        self.messages.append(Message(topic, bytes(message.payload), bool(message.retain)))

    def _on_socket_open(self, client: Client, userdata: Any, sock: Any) -> None:
        # Without this a small message waits up to 40 ms for the acknowledgement of the one before.
        with socket.socket(fileno=os.dup(sock.fileno())) as same:  # that of websockets can be no more than asked
            same.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    # --- inside

    def _identify(self) -> None:
        """Give paho user, password and certificates, looked up now; SinkError where something is missing."""
        if self._options.user is not None:
            try:
                password = None if self._options.password is None else self._options.password.text()
            except ValueError as error:
                raise SinkError(f"the password for {self._options.address} is missing: {error}") from None
            try:
                check_sendable("it", password or "")
            except ValueError as error:
                raise SinkError(f"the password for {self._options.address} cannot be sent: {error}") from None
            self._client.username_pw_set(self._options.user, password)
        security = self._options.security
        if security is not None:
            self._client.tls_set_context(_context(security))
            self._client.tls_insecure_set(security.insecure)

    def _watch(self, sock: Any) -> None:
        mask = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._client.want_write() else 0)
        if self._watched is None:
            self._selector.register(sock, mask)
        else:
            self._selector.modify(sock, mask)
        self._watched = sock


def _context(security: TlsOptions) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=security.ca)
    except OSError as error:
        raise SinkError(f"tls.ca: {security.ca} cannot be used ({_told(error)})") from None
    if security.ca is not None:
        # Set by Python 3.13 and later; it refuses the authorities that most guides for home brokers make.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if security.cert is not None:
        try:
            # An empty password instead of a prompt that would wait for ever.
            context.load_cert_chain(security.cert, security.key, password="")
        except OSError as error:
            raise SinkError(f"tls.cert: {security.cert} cannot be used ({_told(error)})") from None
    if security.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _why_not(error: OSError, options: MqttOptions) -> str:
    """Why the network did not connect, in words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{options.address} shows a certificate that cannot be trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"{options.address} does not speak TLS with us ({_told(error)})"
    if isinstance(error, socket.gaierror):
        return f"there is no host {options.host} ({error.strerror})"
    if isinstance(error, TimeoutError):
        return f"{options.address} does not answer"
    if isinstance(error, WebsocketConnectionError):
        return f"{options.address} does not speak websockets at {options.path}"
    return f"{options.address} cannot be reached ({_told(error)})"


def _told(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "unknown").lower().replace("_", " ")
    return error.strerror or type(error).__name__


def _words(reason: ReasonCode) -> str:
    return reason.getName().lower()


def _name(version: MQTTProtocolVersion) -> str:
    return "5" if version == V5 else "3.1.1"
