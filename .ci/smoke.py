"""Runs the daemon as a user would and watches it from outside: `python .ci/smoke.py [SECONDS] -- COMMAND ...`

The broker's port is taken from what the daemon says, as a person would read it. A subscriber must then see the
daemon online and an event of the demo camera begin and end; SIGTERM must end the daemon with status 0 within five
seconds, after it has said that it is offline. Exit status 0 when all of that was so.
"""

import json
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import IO, Any

import paho.mqtt.client as mqtt

_PORT = re.compile(r"(?:\bport\s+|:|-p\s+)(\d{2,5})\b")

Message = tuple[str, bytes]


def main(seconds: float, command: list[str]) -> int:
    daemon = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_pass_on, args=(daemon.stdout, said), daemon=True).start()
    began = time.monotonic()
    client: mqtt.Client | None = None
    try:
        client, seen = _subscriber(daemon, said, began + seconds)
        events = _wait(seen, lambda: _phases(seen) >= {"started", "ended"}, began + seconds)
        online = any(topic.endswith("/status") and body == b"online" for topic, body in seen)
        status, took = _stopped(daemon)
        offline = _wait(seen, lambda: _says_offline(seen), time.monotonic() + 2)
    finally:
        daemon.kill()
        if client is not None:
            client.disconnect()
            client.loop_stop()
    topics = sorted({topic for topic, _ in seen})
    print(f"smoke: {len(seen)} messages on {len(topics)} topics: {', '.join(topics)}")
    checks = {
        "the daemon was online": online,
        f"an event began and ended within {seconds:g} s (seen: {sorted(_phases(seen))})": events,
        f"SIGTERM ended it with status 0 (was {status})": status == 0,
        f"within 5 s (took {took:.1f} s)": took <= 5,
        "it said that it is offline": offline,
    }
    for what, held in checks.items():
        print("smoke:", "yes, " if held else "NO:  ", what)
    return 0 if all(checks.values()) else 1


def _pass_on(stream: IO[str], said: queue.Queue[str]) -> None:
    for line in stream:
        print("  |", line, end="", flush=True)
        said.put(line)


def _subscriber(
    daemon: "subprocess.Popen[str]", said: queue.Queue[str], deadline: float
) -> tuple[mqtt.Client, list[Message]]:
    """A client of the broker whose port the daemon named, and the list that its messages go to."""
    while time.monotonic() < deadline and daemon.poll() is None:
        try:
            line = said.get(timeout=0.2)
        except queue.Empty:
            continue
        for port in map(int, _PORT.findall(line)):
            seen: list[Message] = []
            client = _connected(port, seen)
            if client is not None:
                print(f"smoke: subscribed at port {port}")
                return client, seen
    raise SystemExit(f"smoke: the daemon named no port at which a broker answers (status {daemon.poll()})")


def _connected(port: int, seen: list[Message]) -> mqtt.Client | None:
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)

    def on_message(_client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        seen.append((message.topic, message.payload))

    client.on_message = on_message
    client.on_connect = lambda client, *_: client.subscribe("watcher/#", qos=1)
    try:
        client.connect("127.0.0.1", port)
    except (OSError, ValueError):
        return None
    client.loop_start()
    return client


def _phases(seen: list[Message]) -> set[str]:
    bodies = [body for topic, body in list(seen) if topic.endswith("/event")]
    return {str(json.loads(body).get("event_type")) for body in bodies}


def _says_offline(seen: list[Message]) -> bool:
    statuses = [body for topic, body in list(seen) if topic == "watcher/status"]
    return bool(statuses) and statuses[-1] == b"offline"


def _stopped(daemon: "subprocess.Popen[str]") -> tuple[int | None, float]:
    began = time.monotonic()
    daemon.send_signal(signal.SIGTERM)
    try:
        status: int | None = daemon.wait(timeout=15)
    except subprocess.TimeoutExpired:
        status = None
    return status, time.monotonic() - began


def _wait(seen: list[Message], condition: Callable[[], bool], deadline: float) -> bool:
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


if __name__ == "__main__":
    options, _, command = " ".join(sys.argv[1:]).partition("-- ")
    sys.exit(main(float(options or 40), command.split()))
