"""Pictures on the bus are no larger than they may be; events go before them."""

from collections import deque

import cv2
import numpy as np
import pytest

from tests.support.wait import until
from watcher.mqtt.connection import Receipt
from watcher.mqtt.delivery import Delivery
from watcher.mqtt.kept import KeptInMemory
from watcher.mqtt.live import Lives
from watcher.mqtt.options import MqttOptions
from watcher.mqtt.states import Album, States
from watcher.outbox import MemoryOutbox
from watcher.vision.frame import encode_jpeg


class Still:
    """One picture, four times."""

    def __init__(self, jpeg):
        self.jpeg = jpeg

    def annotated(self):
        return self.jpeg

    clean = difference = reference = annotated


@pytest.fixture(scope="module")
def large():
    small = np.random.default_rng(2).integers(0, 255, (180, 320, 3), np.uint8)
    return encode_jpeg(cv2.resize(small, (1280, 720)))


def sized(jpeg):
    height, width = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).shape[:2]
    return width, height


def published(mqtt, listener, jpeg):
    mqtt.pictures("porch", None, Still(jpeg))
    topics = [f"watcher/porch/snapshot{part}" for part in ("", "/clean", "/reference", "/difference")]
    until(lambda: all(map(listener.newest, topics)))
    return [listener.newest(topic) for topic in topics]


def test_one_that_fits_goes_as_it_is(mosquitto, daemon, listen, large):
    mqtt = daemon(mosquitto, max_picture_bytes=len(large), max_width=1280)
    assert published(mqtt, listen(mosquitto), large) == [large] * 4


def test_a_wide_one_is_made_narrower_and_a_long_one_shorter(mosquitto, daemon, listen, large):
    mqtt = daemon(mosquitto, max_picture_bytes=20_000, max_width=640)
    for told in published(mqtt, listen(mosquitto), large):
        assert len(told) <= 20_000
        assert sized(told)[0] <= 640


def test_the_brokers_own_limit_is_obeyed(start_broker, daemon, listen, large):
    broker = start_broker("mosquitto", ["max_packet_size 30000"])
    mqtt = daemon(broker)
    for told in published(mqtt, listen(broker), large):
        assert 10_000 < len(told) < 30_000
    assert mqtt.connected
    assert mqtt.trouble == ""


def test_what_cannot_be_made_to_fit_is_said_and_costs_nothing_else(mosquitto, daemon, listen, caplog):
    mqtt = daemon(mosquitto, max_width=64)
    listener = listen(mosquitto)
    mqtt.pictures("porch", None, Still(b"no picture"))
    until(lambda: caplog.text.count("is not published: what should be made smaller is no picture") == 4)
    mqtt.state("porch", "change", "ON")
    until(lambda: listener.newest("watcher/porch/change") == b"ON")
    assert b"offline" not in listener.on("watcher/status")


class Far:
    """A connection to a broker that answers when it is told to."""

    window, ended, largest = 20, "", None

    def __init__(self):
        self.topics, self.receipts = [], deque()

    def publish(self, topic, payload, **how):
        self.topics.append(topic)
        return len(self.topics)

    def drained(self):
        return True

    def answer(self, mid):
        self.receipts.append(Receipt(mid, ""))


def test_one_is_made_when_the_event_before_it_has_arrived():
    """Whoever subscribes to events gets them while no core is busy with a picture."""
    far, outbox, album = Far(), MemoryOutbox(), Album()
    delivery = Delivery(far, MqttOptions(host="far"), States(), album, outbox, Lives(), KeptInMemory())
    outbox.put("porch", {"id": "e1", "event_type": "started", "camera": "porch"})
    delivery.send()
    album.put("porch", Still(b""))
    delivery.send()
    assert far.topics == ["watcher/porch/event"]
    outbox.put("porch", {"id": "e1", "event_type": "ended", "camera": "porch"})
    delivery.send()
    far.answer(1)
    delivery.send()  # the second is still under way, and not waited for
    assert far.topics == ["watcher/porch/event"] * 2 + ["watcher/porch/snapshot"]
