"""Home Assistant on real brokers: told of every device, told again when it comes, and of what has gone."""

import json

import pytest

from tests.support.broker import retained
from tests.support.wait import until
from watcher.mqtt.connection import Message
from watcher.mqtt.discovery import Device, camera_message
from watcher.mqtt.home import AGAIN_EVERY, Home
from watcher.mqtt.kept import KeptInMemory
from watcher.mqtt.options import DiscoveryOptions, MqttOptions
from watcher.mqtt.states import States

DEVICE = "homeassistant/device/watcher_porch/config"
DAEMON = "homeassistant/device/watcher_daemon/config"
GONE = {"p": "binary_sensor"}
FOREIGN = b'{"o": {"name": "other"}, "cmps": {"x": {"p": "sensor", "a": 1}}}'
PORCH = Device(key="porch", zones={"door": ""})


def components(payload):
    return json.loads(payload)["cmps"]


def test_every_device_is_told_retained_and_cleared_when_it_goes(broker, daemon):
    mqtt = daemon(broker)
    mqtt.use_devices({"porch": PORCH})
    told = retained(broker.port, "homeassistant/#", [DEVICE, DAEMON])
    assert components(told[DEVICE])["zone_door"]["stat_t"] == "watcher/porch/zone/door"
    mqtt.use_devices({"porch": Device(key="porch")})
    until(
        lambda: components(retained(broker.port, DEVICE, [DEVICE])[DEVICE])["zone_door"] == {"p": "binary_sensor"}
    )
    mqtt.use_devices({})
    until(lambda: DEVICE not in retained(broker.port, "homeassistant/#", [DAEMON]))


def test_what_went_while_we_were_away_is_taken_back(mosquitto, daemon, listen):
    before = camera_message("watcher", Device(key="porch", zones={"door": "", "old": ""}))
    listen(mosquitto, "none").send(DEVICE, json.dumps(before), retain=True)
    mqtt = daemon(mosquitto, wait=False)
    mqtt.use_devices({"porch": PORCH})

    def left():
        return components(retained(mosquitto.port, DEVICE, [DEVICE])[DEVICE]).get("zone_old") == {
            "p": "binary_sensor"
        }

    until(left)
    assert "stat_t" in components(retained(mosquitto.port, DEVICE, [DEVICE])[DEVICE])["zone_door"]


def test_devices_of_another_day_are_cleared_and_nobody_elses(mosquitto, daemon, listen):
    before = listen(mosquitto, "none")
    kept = KeptInMemory()
    for topic in ("homeassistant/device/watcher_yard/config", "old/device/watcher_porch/config"):
        before.send(topic, "old", retain=True)
        kept.retain(topic)
    before.send("homeassistant/device/other/config", "theirs", retain=True)
    mqtt = daemon(mosquitto, kept=kept)
    mqtt.use_devices({"porch": PORCH})
    left = {DEVICE, DAEMON, "homeassistant/device/other/config"}
    until(lambda: {topic for topic in retained(mosquitto.port, "#", left) if "/device/" in topic} == left)
    mqtt.stop(2)
    again = daemon(mosquitto, kept=kept, discovery=False)
    again.use_devices({"porch": PORCH})
    left -= {DEVICE, DAEMON}
    until(lambda: {topic for topic in retained(mosquitto.port, "#") if "/device/" in topic} == left)


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", FOREIGN])
def test_what_stands_there_of_others_is_written_over(mosquitto, daemon, listen, payload):
    listen(mosquitto, "none").send(DEVICE, payload, retain=True)
    mqtt = daemon(mosquitto)
    mqtt.use_devices({"porch": PORCH})
    until(lambda: retained(mosquitto.port, DEVICE, [DEVICE])[DEVICE] != payload)
    assert "x" not in components(retained(mosquitto.port, DEVICE, [DEVICE])[DEVICE])


def test_everything_is_published_again_when_home_assistant_comes(broker, daemon, listen):
    mqtt = daemon(broker)
    mqtt.use_devices({"porch": PORCH})
    mqtt.state("porch", "change", "ON")
    # Whoever subscribes to nats-server in the moment in which something is published may hear nothing of it.
    retained(broker.port, "#", ["watcher/porch/change", DEVICE])
    home = listen(broker, "watcher/#", "homeassistant/device/#")
    until(lambda: home.newest("watcher/porch/change") == b"ON")
    until(lambda: home.newest(DEVICE))
    topics = ("watcher/porch/change", DEVICE, "watcher/porch/availability")
    before = {topic: len(home.on(topic)) for topic in topics}
    home.send("homeassistant/status", "offline")
    home.send("homeassistant/status", "online")
    until(lambda: all(len(home.on(topic)) > before[topic] for topic in topics))
    assert mqtt.requests == []


def test_a_flood_of_greetings_is_no_flood_of_answers():
    home, again = Home(MqttOptions(), States(), KeptInMemory()), []
    home._states.say_again = lambda: again.append(1)
    for tenth in range(200):
        assert home.hear(Message("homeassistant/status", b"online", False), tenth / 10)
        home.tend(tenth / 10)
    assert len(again) == 20 / AGAIN_EVERY


def test_a_prefix_of_its_own_and_none_at_all(mosquitto, daemon):
    mqtt = daemon(mosquitto, prefix="a/b", discovery=DiscoveryOptions(prefix="ha/disc", status="ha/birth"))
    mqtt.use_devices({"porch": PORCH})
    told = retained(mosquitto.port, "#", ["ha/disc/device/a_b_porch/config"])
    assert not [topic for topic in told if topic.startswith("homeassistant")]
    silent = daemon(mosquitto, prefix="c", discovery=False)
    silent.use_devices({"porch": PORCH})
    silent.state("porch", "change", "ON")
    until(lambda: retained(mosquitto.port, "c/#", ["c/porch/change"])["c/porch/change"] == b"ON")
    assert not [topic for topic in retained(mosquitto.port, "#", ["c/status"]) if "c_porch" in topic]
