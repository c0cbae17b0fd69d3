"""Receives events for the bench: python -m tests.bench.subscriber PORT [TOPIC]; a line each when it is ended."""

import json
import signal
import sys
import threading
import time
from typing import Any

import paho.mqtt.client as mqtt

_received: list[tuple[int, bytes]] = []


def main(port: int, topic: str = "watcher/+/event") -> None:
    ready, done = threading.Event(), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.on_connect = lambda client, *_: client.subscribe(topic, qos=1)
    client.on_subscribe = lambda *_: ready.set()

    def on_message(_client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        _received.append((time.monotonic_ns(), message.payload))

    client.on_message = on_message
    client.connect("127.0.0.1", port)
    client.loop_start()
    ready.wait(10)
    print("ready", flush=True)
    done.wait()
    client.loop_stop()
    for moment, payload in _received:
        event = json.loads(payload)
        if "captured_at" in event:
            told = {key: event.get(key) for key in ("captured_at", "event_type", "verdict", "reason", "elapsed_ms")}
            print(json.dumps({"received": moment, **told}))


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
