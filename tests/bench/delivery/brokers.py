"""Rows in which the broker is the one in trouble."""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import psutil

from tests.bench.delivery.feed import Account, Line, beside, events, keys, now_and_then
from tests.bench.measure import Figure
from tests.end_to_end.daemon import ROOT
from tests.support.broker import Listener, Mosquitto, Nats, RealBroker
from tests.support.recording_broker import RecordingBroker
from tests.support.wait import until
from watcher.mqtt.connection import WINDOW
from watcher.outbox.options import OutboxOptions


def restarts(folder: Path, count: int = 10_000, times: int = 50) -> list[Figure]:
    """mosquitto stopped and started again at random; a subscriber with a session that lasts."""
    return _restarted("restarts", Mosquitto(folder / "broker", keeps=True), folder, count, times)


def nats(folder: Path, count: int = 2_000, times: int = 10) -> list[Figure]:
    """The same with nats-server."""
    return _restarted("nats", Nats(folder / "broker", keeps=True), folder, count, times)


def _restarted(row: str, broker: RealBroker, folder: Path, count: int, times: int) -> list[Figure]:
    broker.start()
    listener = Listener(broker.port, "watcher/+/event", session="keeps")
    line = Line(folder / "data", broker.port, drain_rate=0).start()
    told = list(events(count))
    feeder = beside(lambda: line.feed(told, 2.2 * count / (0.45 * times)))
    for _ in now_and_then(times, 1, 0.1, 0.4):
        broker.stop()
        broker.start()
    feeder.join()
    line.emptied(120)
    wanted = keys(told)
    heard = "watcher/porch/event", "watcher/yard/event"

    def all_heard() -> bool:
        return len([None for each in list(listener.heard) if each.topic in heard]) >= len(told)

    try:
        until(all_heard, 60, "as many messages as were told")
        listener.quiet(3, set(heard))
    finally:
        account = Account.of([each.payload for each in listener.heard if each.topic in heard], wanted)
        line.stop()
        listener.close()
        broker.kill()
    per_cut = account.duplicates / times
    return [
        Figure(row, f"{count} events, broker restarted {times} times: records missing", account.missing, "",
               0, 0),
        Figure(row, "first receipts out of order", account.disorders, "", 0, 0),
        Figure(row, "duplicates for each cut", per_cut, "", WINDOW, WINDOW / 2),
    ]  # fmt: skip


def cuts(folder: Path, count: int = 10_000, times: int = 50) -> list[Figure]:
    """The recording broker killed, cut, or cut in the middle of a packet, at random."""
    broker = RecordingBroker()
    line = Line(folder / "data", broker.port, drain_rate=0).start()
    told = list(events(count))
    feeder = beside(lambda: line.feed(told, 2.2 * count / (0.35 * times)))
    chance = random.Random(2)
    believed_more = 0
    for number in now_and_then(times, 3, 0.05, 0.25):
        if number % 3 == 0:
            broker.kill()
            believed_more += len(line.witness.believed - _acknowledged(broker))
            # Away for shorter and for longer than the client waits before it tries again.
            time.sleep(chance.uniform(0, 0.1))
            broker.start()
        elif number % 3 == 1:
            broker.cut()
        else:
            broker.cut_after = chance.randrange(1, 300)
    feeder.join()
    line.emptied(120)
    arrived, believed, wanted = _acknowledged(broker), set(line.witness.believed), keys(told)
    again = sum(message.again for message in broker.published)
    line.stop()
    broker.kill()
    return [
        Figure("cuts", f"{count} events, broker cut {times} times: acknowledged or believed so, but not both",
               len(arrived ^ believed) + believed_more, "", 0, 0),
        Figure("cuts", "records never acknowledged", len(wanted - arrived), "", 0, 0),
        Figure("cuts", "messages that the client itself has sent again", again, "", 0, 0),
    ]  # fmt: skip


def _acknowledged(broker: RecordingBroker) -> set[tuple[str, int]]:
    payloads = [json.loads(one.payload) for one in list(broker.acknowledged) if one.topic.endswith("/event")]
    return {(payload["id"], payload["sequence"]) for payload in payloads}


def storm(folder: Path, count: int = 10_000, times: int = 25) -> list[Figure]:
    """What delivers killed with ``kill -9`` at random, the broker restarted in between, in a storm of events."""
    broker = Mosquitto(folder / "broker", keeps=True).start()
    listener = Listener(broker.port, "watcher/+/event", session="keeps")
    chance = random.Random(5)
    rate = 500.0
    put: set[tuple[int, int]] = set()
    first = 0
    for number in range(times):
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.delivery.feeding", str(folder / "data"), str(broker.port),
             str(first), str(rate)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT,
        )  # fmt: skip
        assert child.stdout is not None
        last = first + count // times + chance.randrange(40)
        for line in child.stdout:
            event, part = _numbers(line)
            put.add((event, part))
            if event >= last:
                break
            if number % 3 == 2 and event == first + count // times // 2 and part == 1:
                broker.stop()
                broker.start()
        child.kill()
        put |= {_numbers(line) for line in child.stdout if line.endswith(b"\n")}
        child.wait()
        first = max(put)[0] + 1
    line = Line(folder / "data", broker.port, drain_rate=0).start()
    for camera, payload in line.post.end_left_open():
        line.post.record(camera, payload)
    line.emptied(120)
    listener.quiet(3, {"watcher/porch/event", "watcher/yard/event"})
    line.stop()
    told = [json.loads(each.payload) for each in listener.heard if each.topic.endswith("/event")]
    listener.close()
    broker.kill()
    heard = {(int(payload["id"][1:]), payload["sequence"]) for payload in told}
    ended = {
        int(payload["id"][1:]) for payload in told if payload["event_type"] == "ended" and payload["end_reason"]
    }
    crashed = {payload["id"] for payload in told if payload["end_reason"] == "crashed"}
    begun = {event for event, _ in put}
    missing = {(event, part) for event, part in put if (event, part) not in heard}
    return [
        Figure("storm", f"killed {times} times during {len(begun)} events: records missing", len(missing), "", 0, 0,
               note=f"{len(crashed)} events were open and were ended at the next start, as crashed"),
        Figure("storm", "events that never end, or without a reason", len(begun - ended), "", 0, 0),
        Figure("storm", "duplicates for each kill", (len(told) - len(heard)) / times, "", WINDOW, WINDOW / 2),
    ]  # fmt: skip


def _numbers(line: bytes) -> tuple[int, int]:
    event, sequence = line.split()
    return int(event), int(sequence)


def bound(folder: Path, count: int = 20_000) -> list[Figure]:
    """The broker away, and more events than there is room for."""
    line = Line(folder / "data", 1, OutboxOptions(max_bytes=2_000_000))
    told = list(events(count))
    process = psutil.Process()
    line.feed(told[: len(told) // 4])
    before = process.memory_info().rss
    line.feed(told[len(told) // 4 :])
    grown = (process.memory_info().rss - before) / 1e6
    until(lambda: line.outbox.size <= 2e6, 5, "the last one is within the bound")
    size = line.outbox.size
    records = []
    while (record := line.outbox.take("now")) is not None:
        records.append(record.payload)
        line.outbox.acknowledge(record.number)
    line.stop()
    gaps = [one for one in records if one["event_type"] == "gap"]
    rest = [one for one in records if one["event_type"] != "gap"]
    announced = sum(gap["lost"] for gap in gaps)
    halves = len(rest) - 2 * len({one["id"] for one in rest})
    file = sum(path.stat().st_size for path in (folder / "data").iterdir()) / 1e6
    return [
        Figure("bound", f"{count} events into 2 MB: bytes kept / bound", size / 2e6, "", 1.0, 1.0),
        Figure("bound", "lost events that no gap announces", abs(count - len(rest) / 2 - announced), "", 0, 0),
        Figure("bound", "events of which a part is kept", abs(halves), "", 0, 0),
        Figure("bound", "memory grown meanwhile", grown, "MB", 5, 2,
               note=f"{len(gaps)} gaps, {file:.1f} MB on disk"),
    ]  # fmt: skip


def draining(folder: Path, count: int = 10_000) -> list[Figure]:
    """A backlog to a local mosquitto: at the default rate, and as fast as it goes."""
    broker = Mosquitto(folder / "broker").start()
    slow, _ = _drained(folder / "slow", broker, min(count, 1000) // 2, {})
    fast, missing = _drained(folder / "fast", broker, count // 2, {"drain_rate": 0})
    broker.kill()
    return [
        Figure("draining", "the most in any second at the default of 200/s", slow, "/s", 220, 210),
        Figure("draining", "drain_rate 0, QoS 1, to a local mosquitto", fast, "/s", 2000, 4000, True),
        Figure("draining", "records missing", missing, "", 0, 0),
    ]


def _drained(folder: Path, broker: Mosquitto, count: int, options: dict[str, float]) -> tuple[float, int]:
    """Records in the fastest second (of fewer: in all), and how many were missing."""
    listener = Listener(broker.port, "watcher/+/event")
    at: list[float] = []
    remember = listener.client.on_message

    def heard(client: object, userdata: object, message: object) -> None:
        at.append(time.monotonic())
        remember(client, userdata, message)  # type: ignore[misc, arg-type]

    listener.client.on_message = heard
    told = list(events(count))
    line = Line(folder, broker.port, **options)
    line.feed(told)
    line.start()
    line.emptied(60)
    until(lambda: len(at) >= len(told), 30, "all are heard")
    line.stop()
    listener.close()
    missing = Account.of([each.payload for each in listener.heard], keys(told)).missing
    if options:
        return len(at) / (at[-1] - at[0]), missing
    most = max(sum(1 for other in at if one <= other < one + 1) for one in at)
    return float(most), missing


def put(folder: Path, count: int = 2000) -> list[Figure]:
    """How long a camera waits until its record is on disk."""
    line = Line(folder / "data", 1)
    waits = []
    for camera, payload in events(count // 2):
        # One by one, as cameras tell: in a heap each would wait for those before it.
        time.sleep(0.002)
        began = time.perf_counter()
        line.post.record(camera, payload)
        waits.append(1000 * (time.perf_counter() - began))
    line.stop()
    waits.sort()
    return [
        Figure("put", "a camera waits for the outbox, median", waits[len(waits) // 2], "ms", 1, 0.3),
        Figure("put", "the same, 99th percentile", waits[len(waits) * 99 // 100], "ms", 10, 6),
    ]
