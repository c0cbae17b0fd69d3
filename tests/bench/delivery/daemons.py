"""Rows in which the whole daemon takes part, as a process of its own."""

import json
import random
import signal
import socket
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

from tests.bench.delivery.camera import FPS, PERIOD
from tests.bench.measure import Figure
from tests.end_to_end.daemon import Daemon
from tests.support.broker import Listener, Mosquitto
from tests.support.wait import until

EVERY = PERIOD / FPS
"""Seconds from one event to the next."""


def _written(folder: Path, port: int, broker: str = "", more: str = "") -> Path:
    """The configuration of a daemon with one camera that blinks."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(
        f"mqtt: {{host: 127.0.0.1, port: {port}, {broker}}}\n"
        f"storage: {{folder: data, keep_free: 0}}\n{more}"
        "cameras:\n"
        "  bench:\n"
        f"    source: {{kind: 'tests.bench.delivery.camera:Blinking', settings: {{log: '{folder}/gone.log'}}}}\n"
        "    profile: plain\n"
        "    events: {rise: 0 s, fall: 0.1 s, settle: 20 s, threshold: 1 %}\n"
        "    record: {snapshot: false}\n"
    )
    return folder


def _gone(folder: Path) -> list[float]:
    """When the square had been there and gone."""
    with suppress(FileNotFoundError):
        return [float(line) for line in (folder / "gone.log").read_text().splitlines()]
    return []


def _told(listener: Listener) -> dict[str, list[dict[str, object]]]:
    """What was heard, by event, without duplicates, in the order of first receipt."""
    found: dict[str, dict[int, dict[str, object]]] = {}
    for payload in map(json.loads, listener.on("watcher/bench/event")):
        found.setdefault(payload["id"], {}).setdefault(payload["sequence"], payload)
    return {event: list(parts.values()) for event, parts in found.items()}


def _torn(parts: list[dict[str, object]]) -> bool:
    """Whether the event is not there from its beginning to its end, in order."""
    whole = [part["sequence"] for part in parts] == list(range(len(parts)))
    return not whole or parts[-1]["event_type"] != "ended" or not parts[-1]["end_reason"]


def _whole(listener: Listener) -> int:
    """How many events were heard from their beginning to their end."""
    return sum(not _torn(parts) for parts in _told(listener).values())


def kills(folder: Path, times: int = 25) -> list[Figure]:
    """The daemon killed with ``kill -9`` at random, and started again."""
    broker = Mosquitto(folder / "broker", keeps=True).start()
    listener = Listener(broker.port, "watcher/bench/event", session="keeps")
    home = _written(folder / "home", broker.port)
    chance = random.Random(4)
    started = 0
    for number in range(times):
        daemon = Daemon(home)
        until(lambda daemon=daemon: [one for one in daemon.printed if "●" in one], 60, "an event")
        # Up to three seconds later, the broker away for the last part of every other life.
        deadline = time.monotonic() + chance.uniform(0, 3)
        if number % 2:
            # At some moment of its life, not at the same one every time.
            time.sleep(chance.uniform(0, 0.5))
            broker.stop()
        time.sleep(max(0.0, deadline - time.monotonic()))
        daemon.kill()
        daemon.ended(5)
        started += sum("●" in one for one in daemon.printed)
        if number % 2:
            broker.start()
    daemon = Daemon(home)
    until(lambda: len([one for one in daemon.printed if "○" in one]) > 2, 60, "it goes on")
    assert daemon.terminate() == 0
    started += sum("●" in one for one in daemon.printed)
    until(lambda: len(_told(listener)) >= started, 30, "all that was printed is heard")
    until(lambda: not any(map(_torn, _told(listener).values())), 10, "all have ended")
    told = _told(listener)
    crashed = sum(parts[-1]["end_reason"] == "crashed" for parts in told.values())
    listener.close()
    broker.kill()
    missing = max(0, started - len(told))
    return [
        Figure("kills", f"daemon killed {times} times during {started} events: events missing", missing, "", 0, 0,
               note=f"{crashed} events were open and were ended at the next start, as crashed"),
        Figure("kills", "events without a beginning, an end, a reason, or a part",
               sum(map(_torn, told.values())), "", 0, 0),
    ]  # fmt: skip


def late(folder: Path, seconds: float = 10.0) -> list[Figure]:
    """The broker comes after the daemon has run for a while."""
    broker = Mosquitto(folder / "broker")
    home = _written(folder / "home", broker.port)
    daemon = Daemon(home)
    try:
        daemon.says("watching 1 camera")
        # It watches without a broker for so long: that is the row.
        time.sleep(seconds)
        shown = len(_gone(home))
        broker.start()
        came = time.monotonic()
        listener = Listener(broker.port)
        until(lambda: listener.newest("watcher/status") == b"online", 20, "it is here")
        took = time.monotonic() - came
        # The last of them may have gone from the picture while its end was not yet told.
        with suppress(AssertionError):  # the figure says it
            until(lambda: _whole(listener) >= shown, 30, "what happened meanwhile")
        states = {"availability", "change", "health", "setting/enabled", "setting/threshold"}
        until(lambda: all(listener.newest(f"watcher/bench/{one}") for one in states), 10, "states")
        whole = _whole(listener)
        listener.close()
    finally:
        daemon.terminate()
        broker.kill()
    return [
        Figure("late", f"broker after {seconds:g} s: events seen meanwhile and not told", max(0, shown - whole), "",
               0, 0, note=f"{shown} events while it was away"),
        Figure("late", "from its coming until we say online", took, "s", 10, 6),
    ]  # fmt: skip


class Hose:
    """A way to a broker that can be squeezed: connections stay, and nothing goes through."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._open = threading.Event()
        self._open.set()
        self._ear = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._ear.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def squeeze(self) -> None:
        self._open.clear()

    def let_go(self) -> None:
        self._open.set()

    def close(self) -> None:
        self._open.set()
        self._ear.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._ear.accept()
                threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        self._open.wait()
        with suppress(OSError):
            far = socket.create_connection(("127.0.0.1", self._to))
            for one, other in ((near, far), (far, near)):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while more := one.recv(65536):
                self._open.wait()
                other.sendall(more)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def hole(folder: Path, seconds: float = 60.0, keepalive: float = 15.0) -> list[Figure]:
    """Nothing goes through to the broker for a while, and no connection breaks."""
    broker = Mosquitto(folder / "broker").start()
    hose = Hose(broker.port)
    home = _written(folder / "home", hose.port, f"keepalive: {keepalive:g}")
    listener = Listener(broker.port)
    daemon = Daemon(home)
    try:
        until(lambda: len(_told(listener)) > 2, 60, "events")
        hose.squeeze()
        began, before = time.monotonic(), len(_gone(home))
        heard = len(listener.on("watcher/status"))
        until(lambda: b"offline" in listener.on("watcher/status")[heard:], 2 * keepalive + 5, "offline")
        offline = time.monotonic() - began
        # The network swallows everything for so long, however soon that was noticed.
        time.sleep(max(0.0, began + seconds - time.monotonic()))
        shown = len(_gone(home)) - before
        opened, length = time.monotonic(), time.monotonic() - began
        hose.let_go()
        until(lambda: listener.newest("watcher/status") == b"online", 30, "online again")
        recovered = time.monotonic() - opened
        until(lambda: len(_told(listener)) >= before + shown, 30, "what happened meanwhile")
        state = json.loads(until(lambda: listener.newest("watcher/bench/state"), 5) or b"{}")
        until(lambda: _whole(listener) >= before + shown, 10, "all ended")
        seen = [parts for parts in _told(listener).values() if not _torn(parts)]
    finally:
        daemon.terminate()
        listener.close()
        hose.close()
        broker.kill()
    return [
        Figure("hole", f"{seconds:g} s: the broker says offline after", offline, "s", seconds, 2 * keepalive),
        Figure("hole", "recovery after it opens", recovered, "s", 10, 5),
        Figure("hole", "events shown meanwhile and missing", max(0, before + shown - len(seen)), "", 0, 0,
               note=f"{shown} events in {length:.0f} s of the hole, {length / EVERY:.0f} at full rate; "
                    f"{state.get('fps')} fps of {FPS} afterwards"),
    ]  # fmt: skip


def full(folder: Path) -> list[Figure]:
    """The disk full while the broker is away: a file system of 1 MB, filled."""
    broker = Mosquitto(folder / "broker")
    home = _written(folder / "home", broker.port)
    disk = home / "data"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], check=True)
    daemon = Daemon(home)
    ballast = disk / "ballast"
    try:
        until(lambda: len(_gone(home)) > 2, 60, "events")
        with ballast.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))
        daemon.says("records wait in memory", 30)
        before = len(_gone(home))
        until(lambda: len(_gone(home)) >= before + 5, 30, "detection goes on")
        ballast.unlink()
        daemon.says("records are written to the disk again", 30)
        listener = Listener(broker.start().port)
        shown = len(_gone(home))
        until(lambda: len(_told(listener)) >= shown, 60, "all are told")
        until(lambda: _whole(listener) >= shown, 10, "all have ended")
        whole = _whole(listener)
        listener.close()
    finally:
        daemon.kill()
        broker.kill()
        subprocess.run(["umount", "-l", str(disk)], check=False)
    said = sum("records wait in memory" in line for line in daemon.said)
    return [
        Figure("full", "events shown and missing", max(0, shown - whole), "", 0, 0, note=f"{shown} events"),
        Figure("full", "times that it was said", said, "", 2, 1),
    ]  # fmt: skip


def second(folder: Path) -> list[Figure]:
    """A second daemon with the same prefix on the same broker."""
    broker = Mosquitto(folder / "broker").start()
    listener = Listener(broker.port)
    first = Daemon(_written(folder / "one", broker.port))
    other = None
    try:
        until(lambda: len(_told(listener)) > 1, 60, "events")
        other = Daemon(_written(folder / "two", broker.port))
        refusal = other.says("another daemon", 30)
        before = len(_told(listener))
        until(lambda: len(_told(listener)) >= before + 3, 30, "the first goes on")
        disturbed = listener.on("watcher/status").count(b"offline")
        # Both show the same: were the second heard too, there would be twice as many.
        extra = max(0, len(_told(listener)) - len(_gone(folder / "one")) - 1)
    finally:
        for daemon in (first, other):
            if daemon is not None:
                daemon.child.send_signal(signal.SIGTERM)
                daemon.ended(10)
        listener.close()
        broker.kill()
    return [
        Figure("second", "events of the second daemon that were heard", extra, "", 0, 0, note=refusal.strip()),
        Figure("second", "times that the first was taken for gone", disturbed, "", 0, 0),
    ]
