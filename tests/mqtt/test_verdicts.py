"""Verdicts over MQTT: at once or never as live, and nothing of them is lost; commands of an inspection."""

import json
import time

import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from tests.support.broker import retained
from tests.support.wait import until
from watcher.mqtt import inspecting
from watcher.mqtt.delivery import STALLED
from watcher.mqtt.live import ROOM, Live, Lives
from watcher.outbox import MemoryOutbox
from watcher.requests import Inspect, ResetCounters, TellTruth

LIVE, LATE = "watcher/porch/verdict", "watcher/porch/verdict/late"


def verdict(number):
    return {"schema": 1, "id": f"v{number}", "verdict": "PASS", "captured_at": "then", "published_at": None}


def ids(listener, topic):
    return [json.loads(payload)["id"] for payload in listener.on(topic)]


def test_verdicts_are_told_live_in_order_and_never_kept(broker, daemon, listen):
    mqtt, listener = daemon(broker), listen(broker)
    for number in range(30):
        mqtt.verdict("porch", verdict(number), time.monotonic() + 5)
    until(lambda: len(listener.on(LIVE)) == 30)
    assert ids(listener, LIVE) == [f"v{number}" for number in range(30)]
    assert json.loads(listener.on(LIVE)[0])["published_at"].endswith("Z")
    assert listener.on(LATE) == []
    assert LIVE not in retained(broker.port, "watcher/porch/#", ["watcher/porch/availability"])


def test_one_that_is_too_old_is_told_as_late(broker, daemon, listen):
    mqtt, listener = daemon(broker), listen(broker)
    mqtt.verdict("porch", verdict(0), time.monotonic() - 0.001)
    mqtt.verdict("porch", verdict(1), time.monotonic() + 5)
    until(lambda: listener.on(LATE) and listener.on(LIVE))
    assert (ids(listener, LATE), ids(listener, LIVE)) == (["v0"], ["v1"])
    assert json.loads(listener.on(LATE)[0])["published_at"].endswith("Z")


def test_nothing_is_told_live_after_the_broker_was_away(start_broker, daemon, listen):
    broker = start_broker(keeps=True)
    listener = listen(broker, "watcher/porch/verdict/#", session="display")
    mqtt = daemon(broker)
    broker.stop()
    until(lambda: not mqtt.connected)
    over = time.monotonic() + 0.2
    for number in range(3):
        mqtt.verdict("porch", verdict(number), over)
    until(lambda: time.monotonic() > over)
    broker.start()
    until(lambda: len(listener.on(LATE)) == 3, 15)
    assert ids(listener, LATE) == ["v0", "v1", "v2"]
    assert listener.on(LIVE) == []


def test_what_was_under_way_when_the_connection_broke_becomes_a_record(start_broker, daemon):
    broker, outbox = start_broker(), MemoryOutbox()
    mqtt = daemon(broker, outbox=outbox)
    broker.pause()
    mqtt.verdict("porch", verdict(0), time.monotonic() + 30)
    until(lambda: mqtt._delivery is not None and mqtt._delivery._verdicts)
    broker.child.kill()  # as it hangs: `kill` would wake it first, and it would answer
    until(lambda: outbox.waiting() == 1)
    assert outbox.take("then").payload == {**verdict(0), "published_at": "then"}


def test_a_broker_that_hangs_is_not_handed_what_it_would_tell_late(mosquitto, daemon, listen):
    mqtt, listener = daemon(mosquitto), listen(mosquitto, "watcher/porch/verdict/#")
    until(lambda: mqtt._delivery.heard and not mqtt._delivery._under_way())
    mosquitto.pause()
    mqtt.state("porch", "change", "ON")
    until(mqtt._delivery._under_way)
    hangs = time.monotonic() + STALLED + 0.2
    until(lambda: time.monotonic() > hangs)
    over = time.monotonic() + 0.3
    mqtt.verdict("porch", verdict(1), over)
    until(lambda: time.monotonic() > over)
    mosquitto.go_on()
    until(lambda: ids(listener, LATE) == ["v1"])
    assert listener.on(LIVE) == []


def test_a_broker_does_not_keep_it_for_somebody_who_is_away(mosquitto, daemon, listen):
    mqtt = daemon(mosquitto)
    expiries = []
    listener = listen(mosquitto, LIVE, version=MQTTProtocolVersion.MQTTv5)
    listener.client.on_message = lambda client, userdata, message: expiries.append(
        message.properties.MessageExpiryInterval
    )
    mqtt.verdict("porch", verdict(0), time.monotonic() + 0.5)
    until(lambda: expiries)
    assert expiries == [1]


def test_only_so_many_wait():
    lives = Lives()
    assert all(lives.put(Live("porch", verdict(n), 10.0)) is None for n in range(ROOM))
    pushed_out = lives.put(Live("porch", verdict(ROOM), 10.0))
    assert pushed_out is not None
    assert pushed_out.payload["id"] == "v0"


def test_order_is_kept_between_late_and_live():
    lives = Lives()
    for until_, number in ((1.0, 0), (3.0, 1), (2.0, 2)):
        lives.put(Live("porch", verdict(number), until_))
    assert lives.take(1.5) is None
    assert [late.payload["id"] for late in lives.take_late(1.5)] == ["v0"]
    assert lives.take(1.5).payload["id"] == "v1"


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("", Inspect()),
        (" PRESS ", Inspect()),
        ("1", Inspect()),
        ("{}", Inspect()),
        ('{"correlation_id": "a-7", "part": "SN 1"}', Inspect("a-7", "SN 1")),
        ('{"part": 4711}', Inspect(None, "4711")),
    ],
)
def test_a_trigger(text, request_):
    assert inspecting.trigger(text) == request_


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("now, please", "no JSON"),
        ('{"part": "a"', "no JSON"),
        ("[1]", "not a JSON object"),
        ('{"corelation_id": "a"}', "'corelation_id' is not known here"),
        ('{"part": {"a": 1}}', "part is text or a number"),
        ('{"part": true}', "part is text or a number"),
        ('{"part": "' + "x" * 201 + '"}', "at most 200"),
        ("[" * 4000, "no JSON"),
    ],
)
def test_a_trigger_that_is_refused(text, why):
    with pytest.raises(ValueError, match=why):
        inspecting.trigger(text)


def test_the_truth_about_an_inspection():
    assert inspecting.truth('{"id": "01KAQ3", "truth": "good"}') == TellTruth("01KAQ3", "good")
    for text, why in (('{"truth": "good"}', "id is missing"), ('{"id": "a", "truth": "fine"}', "good or bad")):
        with pytest.raises(ValueError, match=why):
            inspecting.truth(text)


def test_a_reset_of_the_counters():
    assert inspecting.reset(" lot 7 ") == ResetCounters("lot 7")
    with pytest.raises(ValueError, match="one line"):
        inspecting.reset("a\nb")


def test_commands_reach_the_camera(mosquitto, daemon, listen):
    mqtt, listener = daemon(mosquitto), listen(mosquitto)
    listener.send("watcher/porch/inspect", '{"correlation_id": "a-7"}')
    listener.send("watcher/porch/counters/reset", "lot 7")
    listener.send("watcher/porch/inspect/truth", '{"id": "01KAQ3", "truth": "bad"}')
    until(lambda: len(mqtt.requests) == 3)
    assert [request for _, request in mqtt.requests] == [
        Inspect("a-7"), ResetCounters("lot 7"), TellTruth("01KAQ3", "bad")
    ]  # fmt: skip
