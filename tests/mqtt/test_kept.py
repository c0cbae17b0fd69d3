"""What the broker keeps of cameras and zones that went while the daemon was not running is cleared, and no more."""

import pytest

from tests.support.broker import Listener, retained
from tests.support.wait import until
from watcher.mqtt.client import Mqtt
from watcher.mqtt.options import MqttOptions
from watcher.outbox.options import OutboxOptions
from watcher.post import Post, broker_name


@pytest.fixture
def life(tmp_path, mosquitto):
    """One life of a daemon: its cameras, and what it says."""

    def live(cameras, said, prefix="watcher", folder="data"):
        address = MqttOptions(host="127.0.0.1", port=mosquitto.port, prefix=prefix)
        post = Post(tmp_path / folder, OutboxOptions())
        post.start()
        outbox = post.assign([broker_name(address)])[broker_name(address)]
        client = Mqtt(address, cameras, lambda camera, request: None, outbox=outbox, kept=post.kept(outbox))
        client.start()
        until(lambda: client.connected)
        for camera, name, value in said:
            client.state(camera, name, value)
        wanted = {f"{prefix}/{camera}/{name}" for camera, name, _ in said}
        told = retained(mosquitto.port, f"{prefix}/#", {*wanted, f"{prefix}/status"})
        client.stop(2)
        post.stop(5)
        return told

    return live


YARD = [("yard", "health", {"state": "ok"}), ("yard", "setting/threshold", "0.1"), ("yard", "zone/gate", "ON")]
PORCH = [("porch", "change", "OFF"), ("porch", "zone/step", "ON"), ("porch", "setting/threshold_step", "0.2")]


def kept_of(port, prefix="watcher"):
    return {topic.removeprefix(f"{prefix}/") for topic in retained(port, f"{prefix}/#", [f"{prefix}/status"])}


def test_of_a_camera_and_a_zone_that_are_gone_nothing_is_left(life, mosquitto):
    life({"porch": ["door", "step"], "yard": ["gate"]}, [*YARD, *PORCH])
    assert {"yard/health", "yard/zone/gate", "porch/zone/step", "porch/setting/threshold_step"} <= kept_of(
        mosquitto.port
    )
    life({"porch": ["door"]}, PORCH[:1])
    left = kept_of(mosquitto.port)
    assert not {topic for topic in left if "yard" in topic or "step" in topic}
    assert {"porch/change", "porch/zone/door", "porch/availability"} <= left


def test_what_others_publish_is_left_alone(life, mosquitto):
    life({"porch": [], "yard": ["gate"]}, YARD)
    other = Listener(mosquitto.port, "none")
    for topic in ("watcher/yard/note", "watcher/cellar/change", "watcher/cellar/zone/gate"):
        other.send(topic, "not ours", retain=True)
    other.close()
    life({"attic": ["gate"]}, [("attic", "zone/gate", "ON")], "upstairs", "another")
    life({"porch": []}, PORCH[:1])
    assert {"yard/note", "cellar/change", "cellar/zone/gate"} <= kept_of(mosquitto.port)
    assert "attic/zone/gate" in kept_of(mosquitto.port, "upstairs")
    assert "yard/zone/gate" not in kept_of(mosquitto.port)


def test_what_is_cleared_is_forgotten(life, mosquitto):
    life({"porch": [], "yard": []}, YARD[:1])
    life({"porch": []}, PORCH[:1])
    other = Listener(mosquitto.port, "none")
    other.send("watcher/yard/health", "somebody else has this topic now", retain=True)
    other.close()
    life({"porch": []}, PORCH[:1])
    assert "yard/health" in kept_of(mosquitto.port)
