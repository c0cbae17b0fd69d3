"""Ten thousand random commands through a real broker to a camera that runs: nothing breaks."""

import queue

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.broker import retained
from tests.support.cameras import HURRY, Filming, LiveSource, options
from tests.support.wait import until
from watcher.camera.camera import Camera
from watcher.camera.settings import Adjusted
from watcher.mqtt import topics
from watcher.mqtt.client import Mqtt
from watcher.mqtt.options import MqttOptions
from watcher.settings import find
from watcher.sinks.options import StorageOptions

NAMES = [*(one.name for one in Adjusted(config=options()).settings), "colour", "threshold_door", "recipe"]
TAILS = [topic.below_camera for topic in topics.TABLE if topic.of_camera and topic.direction == "in"]
VALUES = [
    b"ON", b"OFF", b"on", b"CONFIG", b"TAKE", b"0", b"1", b"0.5 %", b"2 s", b"0.1", b"fixed", b"background",
    b"golden", b"home", b"wildlife", b"plain", b"day@1", b"", b"-1", b"nan", b"1e400", b"{}", b'{"part": 1}',
    b"\xff\xfe", b"\0", b"x" * 5000,
]  # fmt: skip


@st.composite
def command(draw):
    """A topic below the camera and a payload; settings more often than the rest."""
    tail = draw(st.sampled_from([*TAILS, *[topics.SETTING_SET.below_camera] * 6]))
    payload = draw(st.one_of(st.sampled_from(VALUES), st.binary(max_size=20)))
    return tail.replace("<setting>", draw(st.sampled_from(NAMES))), payload


@pytest.fixture
def running(mosquitto, tmp_path):
    """A camera that films, the client that tells a broker of it, and what the camera can be asked."""
    script = queue.Queue()
    outlets = []
    camera = Camera(
        options(), StorageOptions(folder=str(tmp_path)), outlets, make=lambda: LiveSource(script), patience=HURRY
    )
    mqtt = Mqtt(
        MqttOptions(host="127.0.0.1", port=mosquitto.port),
        {"porch": []},
        lambda key, request: camera.request(request),
    )
    outlets.append(mqtt)
    filming = Filming(script)
    camera.start()
    mqtt.start()
    until(lambda: mqtt.connected)
    yield camera
    filming.stop()
    camera.stop()
    mqtt.stop(2)


def test_ten_thousand_random_commands(running, mosquitto, listen, caplog):
    listener = listen(mosquitto, "watcher/porch/setting/#", "watcher/porch/error")
    until(lambda: listener.newest("watcher/porch/setting/threshold"))
    sent = []

    @settings(max_examples=100, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(st.lists(command(), min_size=100, max_size=100))
    def storm(rows):
        for tail, payload in rows:
            listener.client.publish(f"watcher/porch/{tail}", payload, qos=1)
        sent.extend(rows)

    storm()
    assert len(sent) == 10_000
    listener.send("watcher/porch/setting/threshold/set", "77.7 %")
    until(lambda: listener.newest("watcher/porch/setting/threshold") == b"0.777", 30)
    said = retained(mosquitto.port, "watcher/porch/setting/+", ["watcher/porch/setting/threshold"])
    in_force = running.adjusted.told(0.0)
    for topic, value in said.items():
        name = topic.rpartition("/")[2]
        assert find(name).parse(value.decode()) is not None, "what is told could have been asked for"
        if name != "mute":
            assert in_force[name].encode() == value
    assert len(listener.on("watcher/porch/error")) <= 20, "ten a minute"
    assert "a fault in the program" not in caplog.text
    assert "Traceback" not in caplog.text
    for name, value in (("mute", "0"), ("enabled", "ON")):
        listener.send(f"watcher/porch/setting/{name}/set", value)
        until(lambda name=name, value=value: listener.newest(f"watcher/porch/setting/{name}") == value.encode())
