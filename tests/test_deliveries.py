"""What a person is told of where events can be heard."""

import pytest

from watcher.deliveries import _sentence
from watcher.mqtt.options import MqttOptions, TlsOptions


@pytest.mark.parametrize(("options", "words"), [
    (MqttOptions(host="localhost"), "mosquitto_sub -h 127.0.0.1 -p 1883 -v"),
    (MqttOptions(host="localhost", tls=TlsOptions(ca="ca.pem")), "-h localhost -p 8883 --cafile ca.pem"),
    (MqttOptions(host="box", user="me", prefix="a/b"), "-h box -p 1883 -u me -P PASSWORD -v -t 'a/b/+/event'"),
])  # fmt: skip
def test_the_command_that_listens(options, words):
    """By its name where there is a certificate, which is for that."""
    assert words in _sentence(options, None, "127.0.0.1", ("event",))
