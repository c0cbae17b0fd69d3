"""Brokers, daemons and subscribers that end with the test."""

import pytest

from tests.support.broker import Listener, Mosquitto, Nats
from tests.support.wait import until
from watcher.mqtt.client import Mqtt
from watcher.mqtt.options import MqttOptions

BROKERS = {"mosquitto": Mosquitto, "nats": Nats}


@pytest.fixture
def start_broker(tmp_path):
    """Start a broker by name; `settings` are lines of its configuration."""
    brokers = []

    def start(name="mosquitto", settings=(), *, keeps=False):
        broker = BROKERS[name](tmp_path / f"{name}{len(brokers)}", settings, keeps=keeps)
        brokers.append(broker)
        return broker.start()

    yield start
    for broker in brokers:
        broker.kill()


@pytest.fixture(params=["mosquitto", "nats"])
def broker(request, start_broker):
    """Each kind of broker."""
    return start_broker(request.param)


@pytest.fixture
def mosquitto(start_broker):
    return start_broker("mosquitto")


@pytest.fixture
def daemon():
    """Start an Mqtt for a broker, with one camera, porch, and its zone, door; `requests` is what it was asked."""
    running = []

    def start(broker, on_request=None, *, wait=True, cameras=None, outbox=None, kept=None, **settings):
        requests = []
        port = settings.pop("port", None) or broker.port
        options = MqttOptions(host=settings.pop("host", "127.0.0.1"), port=port, **settings)
        told = on_request or (lambda camera, request: requests.append((camera, request)))
        mqtt = Mqtt(options, {"porch": ["door"]} if cameras is None else cameras, told, outbox=outbox, kept=kept)
        mqtt.requests = requests
        running.append(mqtt)
        mqtt.start()
        if wait:
            until(lambda: mqtt.connected, 10, "connected")
        return mqtt

    yield start
    for mqtt in running:
        mqtt.stop(1.0)


@pytest.fixture
def listen():
    """Subscribe to a broker."""
    listeners = []

    def start(broker, *filters, **settings):
        listener = Listener(broker.port, *(filters or ("watcher/#",)), **settings)
        listeners.append(listener)
        return listener

    yield start
    for listener in listeners:
        listener.close()
