"""One daemon per prefix."""

import json

from tests.support.broker import retained
from tests.support.wait import until
from watcher.mqtt.options import MqttOptions


def test_a_second_daemon_is_refused_in_words_and_the_first_is_unmoved(broker, daemon, listen, caplog):
    # Listening comes first: to one who comes in the very moment of publishing, nats-server tells nothing at all.
    listener = listen(broker)
    first = daemon(broker)
    until(lambda: listener.newest("watcher/status") == b"online")
    before = retained(broker.port, "watcher/instance", ["watcher/instance"])["watcher/instance"]
    second = daemon(broker, wait=False)
    second.state("porch", "change", "ON")
    second.record("porch", {"id": "a", "sequence": 0, "published_at": None})
    until(lambda: second.trouble)
    assert "another daemon" in second.trouble
    assert "publishes under 'watcher'" in second.trouble
    assert "another prefix" in caplog.text
    first.state("porch", "change", "OFF")
    until(lambda: listener.newest("watcher/porch/change") == b"OFF")
    assert retained(broker.port, "watcher/instance", ["watcher/instance"])["watcher/instance"] == before
    assert set(listener.on("watcher/status")) == {b"online"}
    assert b"ON" not in listener.on("watcher/porch/change")
    assert listener.on("watcher/porch/event") == []
    assert first.connected
    assert not second.connected


def test_another_prefix_is_welcome(broker, daemon):
    assert daemon(broker).connected
    assert daemon(broker, prefix="watcher/two").connected


def test_the_second_takes_over_when_the_first_has_stopped(mosquitto, daemon, listen):
    first = daemon(mosquitto)
    second = daemon(mosquitto, wait=False)
    until(lambda: second.trouble)
    first.stop(2)
    until(lambda: second.connected, 15)
    until(lambda: retained(mosquitto.port, "watcher/status", ["watcher/status"])["watcher/status"] == b"online")


def test_a_daemon_that_left_without_goodbye_is_followed_at_once(mosquitto, daemon, listen):
    first = daemon(mosquitto)
    listener = listen(mosquitto)
    until(lambda: listener.newest("watcher/status") == b"online")
    first._stop_at = 0.0  # its thread goes at the next turn and leaves the goodbye to the broker
    first._wake()
    until(lambda: listener.newest("watcher/status") == b"offline")
    assert daemon(mosquitto).connected


def test_a_foreign_instance_that_lives_is_refused_one_that_is_offline_is_not(mosquitto, daemon, listen):
    listener = listen(mosquitto, "none")
    listener.send("watcher/instance", json.dumps({"id": "theirs", "host": "elsewhere"}), retain=True)
    listener.send("watcher/status", "online", retain=True)
    mqtt = daemon(mosquitto, wait=False)
    until(lambda: mqtt.trouble)
    assert "another daemon (theirs on elsewhere)" in mqtt.trouble
    listener.send("watcher/status", "offline", retain=True)
    until(lambda: mqtt.connected, 10)


def test_one_that_says_online_and_never_answers_is_gone_in_the_end(mosquitto, daemon, listen):
    listener = listen(mosquitto, "none")
    listener.send("watcher/instance", json.dumps({"id": "theirs", "host": "elsewhere"}), retain=True)
    listener.send("watcher/status", "online", retain=True)
    mqtt = daemon(mosquitto, wait=False, keepalive=1.0)
    until(lambda: mqtt.trouble)
    until(lambda: mqtt.connected, 15, "the silent one is followed")


def test_rubbish_in_the_place_of_a_card_hinders_nobody(mosquitto, daemon, listen):
    listener = listen(mosquitto, "none")
    listener.send("watcher/status", "online", retain=True)
    for rubbish in (b"\xff\x00", b"[1, 2]", b"{}", b'"text"'):
        listener.send("watcher/instance", rubbish, retain=True)
        mqtt = daemon(mosquitto)
        assert mqtt.connected
        mqtt.stop(2)
        listener.send("watcher/status", "online", retain=True)


def test_the_client_id_comes_from_the_prefix():
    assert MqttOptions(prefix="home/cellar").client_id == "home_cellar"
