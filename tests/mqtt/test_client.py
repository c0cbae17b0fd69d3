"""The daemon on the bus, against real brokers: truth at every moment, nothing lost, commands obeyed."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from tests.mqtt.test_states import Shots
from tests.support.broker import free_port, retained
from tests.support.wait import until
from watcher.errors import RequestRefused
from watcher.outbox import MemoryOutbox
from watcher.requests import Adjust, SetReference, TakeSnapshot

FIRST = {
    "watcher/porch/availability": b"offline",
    "watcher/porch/change": b"None",
    "watcher/porch/zone/door": b"None",
    "watcher/status": b"online",
}


def update(number, event="a", kind="updated"):
    return {"id": event, "sequence": number, "event_type": kind, "published_at": None, "captured_at": "then"}


def sequences(listener, topic="watcher/porch/event"):
    return [json.loads(payload)["sequence"] for payload in listener.on(topic)]


def without_duplicates(numbers):
    return list(dict.fromkeys(numbers))


def test_what_is_not_known_is_said_to_be_not_known(broker, daemon):
    daemon(broker)
    told = retained(broker.port, "watcher/#", FIRST)
    assert {topic: told[topic] for topic in FIRST} == FIRST
    about = json.loads(told["watcher/about"])
    assert about["schema"] == 1
    assert about["watcher"]
    assert set(json.loads(told["watcher/instance"])) == {"id", "host"}


def test_states_are_retained_and_the_newest_wins(broker, daemon, listen):
    mqtt = daemon(broker)
    listener = listen(broker)
    mqtt.state("porch", "change", "ON")
    mqtt.state("porch", "health", {"state": "ok", "reason": "grün"})
    mqtt.state("porch", "state", {"fps": 25.0})
    mqtt.state("porch", "setting/threshold", "0.015")
    mqtt.state("porch", "decision", {"reason": "too small"})
    until(lambda: listener.newest("watcher/porch/decision"))
    wanted = {
        "watcher/porch/change": b"ON",
        "watcher/porch/health": '{"state":"ok","reason":"grün"}'.encode(),
        "watcher/porch/state": b'{"fps":25.0}',
        "watcher/porch/setting/threshold": b"0.015",
    }
    told = retained(broker.port, "watcher/porch/#", wanted)
    assert {topic: told[topic] for topic in wanted} == wanted
    assert "watcher/porch/decision" not in told
    mqtt.state("porch", "change", None)
    until(lambda: listener.newest("watcher/porch/change") == b"")


def test_a_state_that_cannot_be_said_is_logged_and_nothing_else_suffers(mosquitto, daemon, listen, caplog):
    mqtt = daemon(mosquitto)
    listener = listen(mosquitto)
    mqtt.state("porch", "nonsense", "x")
    mqtt.state("porch", "health", {"since": float("nan")})
    mqtt.record("porch", {"id": "a", "sequence": 0, "bad": object()})
    mqtt.record("porch", update(1))
    until(lambda: sequences(listener) == [1])
    assert "no topic for the state 'nonsense'" in caplog.text
    assert "cannot be written as JSON" in caplog.text
    assert "a record cannot be published" in caplog.text


def test_records_go_out_in_order_with_the_time_of_publishing(broker, daemon, listen):
    mqtt = daemon(broker)
    listener = listen(broker)
    for number in range(300):
        mqtt.record("porch", update(number))
    until(lambda: len(listener.on("watcher/porch/event")) == 300)
    assert sequences(listener) == list(range(300))
    heard = [each for each in listener.heard if each.topic == "watcher/porch/event"]
    assert {(each.qos, each.retained) for each in heard} == {(1, False)}
    payload = json.loads(heard[0].payload)
    assert payload["published_at"].endswith("Z")
    assert payload["captured_at"] == "then"


def test_pictures_come_after_their_event_and_are_kept(broker, daemon, listen):
    mqtt = daemon(broker)
    listener = listen(broker)
    mqtt.record("porch", update(0))
    mqtt.pictures("porch", None, Shots(b"x"))
    until(lambda: listener.newest("watcher/porch/snapshot/difference"))
    order = [each.topic.removeprefix("watcher/porch/") for each in listener.heard if "/porch/" in each.topic]
    assert order.index("event") < order.index("snapshot") < order.index("snapshot/clean")
    told = retained(broker.port, "watcher/porch/snapshot/#", ["watcher/porch/snapshot"])
    assert told["watcher/porch/snapshot"] == b"x annotated"
    assert told["watcher/porch/snapshot/clean"] == b"x clean"
    assert "watcher/porch/snapshot/reference" not in told, "there is none, so none is kept"


def test_a_live_picture_is_made_for_whoever_hears_it_and_not_kept(broker, daemon, listen):
    mqtt = daemon(broker)
    listener = listen(broker)
    made = []

    def make():
        made.append(1)
        return b"now"

    mqtt.state("porch", "live", make)
    until(lambda: listener.newest("watcher/porch/live") == b"now")
    mqtt.state("porch", "change", "ON")
    assert "watcher/porch/live" not in retained(broker.port, "watcher/#", ["watcher/porch/change"])
    assert made == [1]


def test_a_picture_that_cannot_be_made_costs_only_itself(mosquitto, daemon, listen, caplog):
    class Broken(Shots):
        def annotated(self):
            raise ZeroDivisionError("drawing")

    mqtt = daemon(mosquitto)
    listener = listen(mosquitto)
    mqtt.pictures("porch", None, Broken(b"x"))
    until(lambda: listener.newest("watcher/porch/snapshot/clean") == b"x clean")
    assert "ZeroDivisionError: drawing" in caplog.text
    assert b"offline" not in listener.on("watcher/status")


def test_the_broker_may_come_later(start_broker, daemon, listen, caplog):
    broker = start_broker()
    broker.kill()
    mqtt = daemon(broker, wait=False)
    mqtt.state("porch", "change", "ON")
    mqtt.record("porch", update(0))
    until(lambda: mqtt.trouble)
    assert "Connection refused" in mqtt.trouble
    broker.start()
    listener = listen(broker)
    until(lambda: sequences(listener) == [0])
    assert listener.newest("watcher/porch/change") == b"ON"
    assert listener.newest("watcher/status") == b"online"
    until(lambda: mqtt.trouble == "")
    assert caplog.text.count("cannot be reached") == 1, "the same trouble was said more than once"


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_truth_is_told_again_to_a_broker_that_forgot_it(start_broker, daemon, how):
    broker = start_broker()
    mqtt = daemon(broker)
    mqtt.state("porch", "change", "ON")
    mqtt.pictures("porch", None, Shots(b"x"))
    wanted = {**FIRST, "watcher/porch/change": b"ON", "watcher/porch/snapshot": b"x annotated"}
    retained(broker.port, "watcher/#", wanted)
    for _ in range(2):
        getattr(broker, how)()
        broker.start()
        told = retained(broker.port, "watcher/#", wanted, 10)
        assert {topic: told[topic] for topic in wanted} == wanted


@pytest.mark.parametrize("name", ["mosquitto", "nats"])
def test_no_record_is_lost_when_the_broker_restarts_in_the_middle(name, start_broker, daemon, listen):
    broker = start_broker(name, keeps=True)
    mqtt = daemon(broker)
    listener = listen(broker, "watcher/porch/event", session="keeps")
    for number in range(200):
        mqtt.record("porch", update(number))
        if number == 100:
            until(lambda: len(listener.heard) > 20)
            broker.stop()
        if number == 150:
            broker.start()
    until(lambda: len(set(sequences(listener))) == 200, 20, "all records")
    assert without_duplicates(sequences(listener)) == list(range(200))
    published = {}
    for payload in map(json.loads, listener.on("watcher/porch/event")):
        assert published.setdefault(payload["sequence"], payload["published_at"]) == payload["published_at"]


def test_while_the_broker_is_away_the_newest_records_wait(start_broker, daemon, listen, caplog):
    broker = start_broker()
    mqtt = daemon(broker)
    broker.kill()
    until(lambda: not mqtt.connected)  # what is handed out before is kept: a subscriber may know it
    for event in range(600):
        mqtt.record("porch", update(0, f"e{event}", "started"))
        mqtt.record("porch", update(1, f"e{event}", "ended"))
    broker.start()
    listener = listen(broker, "watcher/porch/event")
    until(lambda: any(json.loads(each)["id"] == "e599" for each in listener.on("watcher/porch/event")), 15)
    until(lambda: mqtt._outbox.waiting() == 0)
    gap, *kept = map(json.loads, listener.on("watcher/porch/event"))
    assert gap["event_type"] == "gap"
    assert gap["lost"] == 600 - len(kept) / 2
    assert 990 <= len(kept) < 1000
    assert "records are lost so far" in caplog.text


def test_the_broker_says_offline_for_a_daemon_that_was_killed(broker, listen):
    listener = listen(broker)
    code = (
        "import sys, time; from watcher.mqtt.client import Mqtt; from watcher.mqtt.options import MqttOptions\n"
        "m = Mqtt(MqttOptions(host='127.0.0.1', port=int(sys.argv[1])), {'porch': []}, print)\n"
        "m.start(); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(broker.port)], cwd=Path(__file__).parents[2])
    try:
        until(lambda: listener.newest("watcher/status") == b"online")
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    until(lambda: listener.newest("watcher/status") == b"offline")
    assert retained(broker.port, "watcher/status", ["watcher/status"])["watcher/status"] == b"offline"


def test_a_clean_stop_delivers_and_says_offline(broker, daemon, listen):
    mqtt = daemon(broker)
    listener = listen(broker)
    mqtt.state("porch", "availability", "online")
    for number in range(500):
        mqtt.record("porch", update(number))
    mqtt.stop(5)
    until(lambda: listener.newest("watcher/status") == b"offline")
    assert sequences(listener) == list(range(500))
    assert listener.newest("watcher/porch/availability") == b"offline"
    order = [each.topic for each in listener.heard]
    assert order.index("watcher/porch/availability") < len(order) - 1
    assert order[-1] == "watcher/status"
    assert not mqtt.connected


def test_a_broker_that_hangs_cannot_hold_a_stop(mosquitto, daemon, caplog):
    mqtt = daemon(mosquitto)
    mosquitto.pause()
    for number in range(50):
        mqtt.record("porch", update(number))
    begun = time.monotonic()
    mqtt.stop(1.0)
    assert time.monotonic() - begun < 1.5
    assert not mqtt._thread.is_alive()
    assert "50 records not delivered yet" in caplog.text
    mosquitto.go_on()
    status = retained(mosquitto.port, "watcher/status", ["watcher/status"])
    until(lambda: retained(mosquitto.port, "watcher/status", status)["watcher/status"] == b"offline")


def test_a_stop_without_a_broker_is_immediate(start_broker, daemon):
    broker = start_broker()
    broker.kill()
    mqtt = daemon(broker, wait=False)
    until(lambda: mqtt.trouble)
    begun = time.monotonic()
    mqtt.stop(5)
    assert time.monotonic() - begun < 0.5


def test_a_broker_that_never_answers_is_given_up_and_tried_again(daemon, monkeypatch):
    monkeypatch.setattr("watcher.mqtt.connection.CONNECT_TIMEOUT", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        mqtt = daemon(None, wait=False, port=silent.getsockname()[1])
        until(lambda: mqtt.trouble)
        assert "does not answer as an MQTT broker does" in mqtt.trouble
        for _ in range(2):
            silent.accept()[0].close()
        mqtt.stop(1)


def test_commands_become_requests(broker, daemon, listen):
    mqtt = daemon(broker)
    listener = listen(broker)
    commands = [
        ("reference/set", "TAKE"),
        ("setting/threshold/set", "2 %"),
        ("setting/enabled/set", "OFF"),
        ("snapshot/take", ""),
    ]
    for number, (topic, payload) in enumerate(commands, 1):
        listener.send(f"watcher/porch/{topic}", payload)
        # A broker keeps the order within one subscription alone.
        until(lambda number=number: len(mqtt.requests) == number)
    requests = [SetReference(), Adjust("threshold", 0.02), Adjust("enabled", False), TakeSnapshot()]
    assert mqtt.requests == [("porch", each) for each in requests]


def test_commands_work_after_the_broker_has_restarted(start_broker, daemon, listen):
    broker = start_broker()
    mqtt = daemon(broker)
    broker.restart()
    listener = listen(broker)
    until(lambda: listener.newest("watcher/status") == b"online")
    listener.send("watcher/porch/reference/set", "TAKE")
    until(lambda: mqtt.requests == [("porch", SetReference())])


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("porch/setting/colour/set", "red", "there is no setting colour"),
        ("porch/setting/threshold/set", "3", "write 3 %"),
        ("porch/reference/set", b"\xff\x00", "not UTF-8"),
        ("porch/snapshot/take", b"x" * 5000, "5000 bytes"),
        ("prch/reference/set", "TAKE", "there is no camera prch; known are porch"),
        ("porch/reference/set", "day@99", "there is no day@99"),
    ],
)
def test_what_is_refused_is_answered(mosquitto, daemon, listen, topic, payload, reason):
    def refuse(camera, request):
        raise RequestRefused(f"there is no {request.name}")

    daemon(mosquitto, refuse)
    listener = listen(mosquitto)
    camera = topic.partition("/")[0]
    listener.send(f"watcher/{topic}", payload)
    until(lambda: listener.newest(f"watcher/{camera}/error"))
    error = json.loads(listener.newest(f"watcher/{camera}/error"))
    assert reason in error["reason"]
    assert set(error) == {"schema", "at", "command", "payload", "reason"}
    assert f"watcher/{camera}/{error['command']}" == f"watcher/{topic}"
    assert len(error["payload"]) <= 200


@pytest.mark.parametrize("version", [MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5])
def test_a_retained_command_is_ignored_and_that_is_said(mosquitto, daemon, listen, version, caplog):
    listener = listen(mosquitto, version=version)
    listener.send("watcher/porch/reference/set", "TAKE", retain=True)
    mqtt = daemon(mosquitto)
    until(lambda: listener.newest("watcher/porch/error"))
    assert "retained" in json.loads(listener.newest("watcher/porch/error"))["reason"]
    assert "a retained command is ignored" in caplog.text
    listener.send("watcher/porch/setting/enabled/set", "OFF", retain=True)
    until(lambda: len(listener.on("watcher/porch/error")) == 2)
    listener.send("watcher/porch/snapshot/take", "")
    until(lambda: mqtt.requests)
    assert mqtt.requests == [("porch", TakeSnapshot())]


def test_a_fault_in_obeying_is_logged_and_the_daemon_lives_on(mosquitto, daemon, listen, caplog):
    asked = []

    def faulty(camera, request):
        asked.append(request)
        raise KeyError("a fault of ours")

    daemon(mosquitto, faulty)
    listener = listen(mosquitto)
    listener.send("watcher/porch/reference/set", "TAKE")
    until(lambda: "KeyError: 'a fault of ours'" in caplog.text)
    refused = until(lambda: listener.newest("watcher/porch/error"))
    assert json.loads(refused)["reason"].startswith("a fault in the program (KeyError)")
    assert b"offline" not in listener.on("watcher/status")[1:]
    assert asked == [SetReference()]


def test_other_cameras_from_now_on(mosquitto, daemon, listen):
    mqtt = daemon(mosquitto, cameras={"porch": ["door", "step"], "yard": ["gate"]})
    mqtt.state("yard", "change", "ON")
    listener = listen(mosquitto)
    until(lambda: listener.newest("watcher/yard/change") == b"ON")
    mqtt.use_cameras({"porch": ["door"], "cellar": []})
    until(lambda: listener.newest("watcher/yard/zone/gate") == b"")
    until(lambda: listener.newest("watcher/cellar/change") == b"None")
    told = retained(mosquitto.port, "watcher/#", ["watcher/cellar/availability"])
    assert {topic.split("/")[1] for topic in told} == {"about", "cellar", "instance", "porch", "status"}
    assert "watcher/porch/zone/door" in told
    assert "watcher/porch/zone/step" not in told


def test_a_prefix_of_several_parts(broker, daemon, listen):
    mqtt = daemon(broker, prefix="home/cellar")
    told = retained(broker.port, "home/cellar/#", ["home/cellar/status"])
    assert told["home/cellar/status"] == b"online"
    listen(broker, "none").send("home/cellar/porch/reference/set", "TAKE")
    until(lambda: mqtt.requests == [("porch", SetReference())])


def test_a_name_for_localhost_is_enough(mosquitto, daemon):
    daemon(mosquitto, host="localhost")


def test_records_of_an_outbox_given_are_delivered_and_acknowledged(mosquitto, daemon, listen):
    outbox = MemoryOutbox()
    outbox.put("porch", update(7))
    listener = listen(mosquitto)
    daemon(mosquitto, outbox=outbox)
    until(lambda: sequences(listener) == [7])
    until(lambda: outbox.waiting() == 0)


def test_a_camera_that_is_gone_is_cleared_also_of_what_one_before_us_published(mosquitto, daemon, listen):
    before = listen(mosquitto, "none")
    for topic in (
        "snapshot",
        "snapshot/clean",
        "snapshot/reference",
        "snapshot/difference",
        "setting/threshold",
        "health",
    ):
        before.send(f"watcher/yard/{topic}", "old", retain=True)
    mqtt = daemon(mosquitto, cameras={"porch": [], "yard": []})
    mqtt.use_cameras({"porch": []})
    listener = listen(mosquitto)
    until(
        lambda: (
            not [topic for topic in retained(mosquitto.port, "watcher/#", ["watcher/status"]) if "/yard/" in topic]
        )
    )
    assert listener is not None


def test_a_flood_of_commands_is_no_flood_of_lines_or_answers(mosquitto, daemon, listen, caplog):
    mqtt = daemon(mosquitto)
    listener = listen(mosquitto)
    for number in range(60):
        listener.send(f"watcher/cam{number}/reference/set", f"nonsense {number}")
    listener.send("watcher/porch/setting/colour/set", "red")
    listener.send("watcher/porch/snapshot/take", "")
    until(lambda: mqtt.requests)
    until(lambda: listener.on("watcher/porch/error"))
    assert caplog.text.count("refused") == 10
    assert len([number for number in range(60) if listener.on(f"watcher/cam{number}/error")]) == 10


@pytest.mark.parametrize("name", ["mosquitto", "nats"])
def test_through_websockets_too(name, start_broker, daemon, listen):
    port = free_port()
    settings = {
        "mosquitto": [f"listener {port} 127.0.0.1", "protocol websockets"],
        "nats": [f"websocket {{ host: 127.0.0.1, port: {port}, no_tls: true }}"],
    }
    broker = start_broker(name, settings[name])
    mqtt = daemon(broker, port=port, transport="websockets")
    listener = listen(broker)
    for number in range(200):
        mqtt.record("porch", update(number))
    mqtt.pictures("porch", None, Shots(b"x" * 100_000))
    until(lambda: sequences(listener) == list(range(200)))
    until(lambda: listener.newest("watcher/porch/snapshot/clean"))
    listener.send("watcher/porch/reference/set", "TAKE")
    until(lambda: mqtt.requests == [("porch", SetReference())])
    mqtt.stop(2)
    until(lambda: listener.newest("watcher/status") == b"offline")


def test_what_speaks_no_websockets_is_said(mosquitto, daemon):
    mqtt = daemon(mosquitto, wait=False, transport="websockets")
    until(lambda: mqtt.trouble)
    assert mqtt.trouble
