"""Row memory: the daemon as it runs, with one camera and with three."""

import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import paho.mqtt.client as mqtt
import yaml

from tests.bench import clips
from tests.bench.measure import Figure
from tests.support.wait import until
from watcher.mqtt.broker import Broker

_SETTLED = 12.0
"""Seconds until the clip has come round once: learnt, an event begun and ended, pictures made, and what only the
start needed has been let go of."""
_FURTHER = 2


def figures(folder: Path, rounds: int) -> list[Figure]:
    recording = clips.drawn_h264(folder)
    broker = Broker(folder / "broker", 0)
    port = broker.start()
    try:
        counts = [1, 1 + _FURTHER] * max(1, min(rounds // 3, 2))
        used = [(count, _megabytes(folder, recording, port, count)) for count in counts]
    finally:
        broker.stop()
    one = statistics.median(size for count, size in used if count == 1)
    more = statistics.median(size for count, size in used if count > 1)
    note = (
        "resident (VmRSS) after the 1080p25 H.264 clip went round once; the broker is a process of its own; "
        + "runs: " + ", ".join(f"{count} -> {size:.0f} MB" for count, size in used)
    )  # fmt: skip
    return [
        Figure("memory", "the daemon with one 1080p camera", one, "MB", 110, 85, note=note),
        Figure("memory", "each further camera", (more - one) / _FURTHER, "MB", 20, 15),
    ]


def _megabytes(folder: Path, recording: Path, port: int, cameras: int) -> float:
    source = {"kind": "video", "path": str(recording), "pace": "real", "repeat": True}
    config = folder / f"memory-{cameras}.yaml"
    config.write_text(
        yaml.safe_dump(
            {
                "mqtt": {"host": "127.0.0.1", "port": port},
                "storage": {"folder": str(folder / "memory"), "keep_free": "0 GB"},
                "cameras": {f"c{number}": {"source": source} for number in range(cameras)},
            }
        )
    )
    command = [sys.executable, "-m", "watcher", "run", "--config", str(config)]
    with open(folder / "memory.log", "wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as daemon:
        try:
            _wait_online(port, {f"watcher/c{number}/availability" for number in range(cameras)})
            time.sleep(_SETTLED)
            samples = []
            for _ in range(10):
                samples.append(_resident(daemon.pid))
                # So far apart that the samples are of different moments between two frames.
                time.sleep(0.3)
            daemon.send_signal(signal.SIGTERM)
            assert daemon.wait(10) == 0, (folder / "memory.log").read_text()
        finally:
            daemon.kill()
    return statistics.median(samples)


def _wait_online(port: int, topics: set[str]) -> None:
    online: set[str] = set()
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.on_connect = lambda client, *_: client.subscribe("watcher/+/availability", qos=1)
    client.on_message = lambda _client, _data, message: (
        online.add(message.topic) if message.payload == b"online" else online.discard(message.topic)
    )
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        until(lambda: topics <= online, 30, "all cameras online")
    finally:
        client.disconnect()
        client.loop_stop()


def _resident(pid: int) -> float:
    with open(f"/proc/{pid}/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
