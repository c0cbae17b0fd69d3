"""Settings of the connection, from plain values as YAML gives them."""

import re
import subprocess
import sys

import pytest
from pydantic import TypeAdapter, ValidationError

from watcher.mqtt.options import DiscoveryOptions, MqttOptions, TlsOptions
from watcher.secret import Secret

READ = TypeAdapter(MqttOptions)


def test_defaults():
    options = MqttOptions()
    assert (options.host, options.port, options.prefix, options.keepalive) == ("localhost", 1883, "watcher", 15.0)
    assert options.security is None
    assert options.client_id == "watcher"


@pytest.mark.parametrize(
    ("values", "port", "security"),
    [
        ({}, 1883, None),
        ({"tls": False}, 1883, None),
        ({"tls": True}, 8883, TlsOptions()),
        ({"tls": {"ca": "ca.pem"}}, 8883, TlsOptions(ca="ca.pem")),
        ({"tls": {"insecure": True}, "port": 1884}, 1884, TlsOptions(insecure=True)),
    ],
)
def test_tls_is_a_word_or_a_mapping(values, port, security):
    options = READ.validate_python(values)
    assert (options.port, options.security) == (port, security)


@pytest.mark.parametrize(
    ("values", "port"),
    [({}, 80), ({"tls": True}, 443), ({"port": 9001}, 9001)],
)
def test_websockets_have_ports_of_their_own(values, port):
    assert READ.validate_python({"transport": "websockets", **values}).port == port


def test_home_assistant_is_told_or_not_or_elsewhere():
    assert READ.validate_python({}).home == DiscoveryOptions()
    assert READ.validate_python({"discovery": False}).home is None
    assert READ.validate_python({"discovery": {"prefix": "ha"}}).home == DiscoveryOptions(prefix="ha")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"path": "mqtt"}, "path begins with /"),
        ({"host": "embedded", "transport": "websockets"}, "is spoken to directly"),
        ({"discovery": {"prefix": "a b"}}, "prefix must be letters"),
        ({"discovery": {"status": ""}}, "status must be letters"),
        ({"prefix": "homeassistant"}, "take another"),
    ],
)
def test_what_cannot_be_meant_is_refused(values, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        READ.validate_python(values)


def test_a_password_is_text_or_a_place(tmp_path, monkeypatch):
    (tmp_path / "pass").write_text("from a file\n")
    (tmp_path / "mqtt").write_text("from systemd")
    monkeypatch.setenv("BUS_PASSWORD", "from the environment")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    places = ["text", {"file": str(tmp_path / "pass")}, {"env": "BUS_PASSWORD"}, {"credential": "mqtt"}]
    read = [READ.validate_python({"user": "me", "password": place}).password for place in places]
    assert [secret.text() for secret in read] == ["text", "from a file", "from the environment", "from systemd"]
    assert [secret.plain for secret in read] == [True, False, False, False]


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ({"file": "/nowhere/pass"}, "/nowhere/pass cannot be read (No such file or directory)"),
        ({"env": "NOT_SET_ANYWHERE"}, "the environment variable NOT_SET_ANYWHERE is not set"),
        ({"credential": "mqtt"}, "there is no credential mqtt: $CREDENTIALS_DIRECTORY is not set"),
    ],
)
def test_a_place_without_a_secret_is_said(place, sentence, monkeypatch):
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(ValueError, match=re.escape(sentence)):
        Secret(place).text()


def test_a_secret_never_shows():
    options = MqttOptions(user="me", password=Secret("hunter2"))
    assert "hunter2" not in repr(options) + str(options) + f"{options.password}{options.password!r}"
    assert "***" in repr(options)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"password": 12345, "user": "me"}, "write the text in quotes"),
        ({"password": {"path": "x"}, "user": "me"}, "is not a place of a secret"),
        ({"password": {"file": 7}, "user": "me"}, "has no name for file"),
        ({"password": {"credential": "../x"}, "user": "me"}, "plain name"),
        ({"password": "hunter2"}, "password is given without user"),
        ({"host": "mqtt://me:hunter2@broker"}, "host is the name or address alone"),
        ({"host": "two words"}, "host must be a name"),
        ({"port": 70000}, "port must lie between 1 and 65535"),
        ({"prefix": "/watcher"}, "prefix must be"),
        ({"prefix": "a//b"}, "prefix must be"),
        ({"prefix": "a/#"}, "prefix must be"),
        ({"prefix": ""}, "prefix must be"),
        ({"keepalive": "0.1 s"}, "keepalive must lie"),
        ({"tls": {"key": "key.pem"}}, "key is given without cert"),
        ({"host": "embedded", "user": "me"}, "broker of our own"),
        ({"host": "embedded", "user": "a:b", "password": Secret("x")}, "no colon"),
        ({"host": "embedded", "tls": True}, "broker of our own"),
        ({"host": "embedded", "listen": "0.0.0.0"}, "takes a user and a password"),
        ({"host": "embedded", "listen": "everywhere"}, "must be an address like"),
        ({"host": "localhost", "listen": "0.0.0.0"}, "listen is for a broker of our own"),
        ({"prefx": "x"}, "Unexpected keyword"),
    ],
)
def test_what_is_wrong_is_said_without_secrets(values, sentence):
    with pytest.raises(ValidationError) as caught:
        READ.validate_python(values)
    sentences = [error["msg"] for error in caught.value.errors()]
    assert any(sentence in each for each in sentences), sentences
    assert not any("hunter2" in each or "12345" in each for each in sentences)


def test_the_schema_knows_the_places_of_a_secret():
    schema = READ.json_schema()
    text = str(schema)
    assert "credential" in text
    assert "insecure" in text


def test_settings_load_no_client():
    code = "import sys, watcher.mqtt.options; print('paho' in sys.modules, 'pydantic' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["False", "False"]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"host": "a..b"}, "parts of 1 to 63 letters"),
        ({"host": "x" * 64}, "parts of 1 to 63 letters"),
        ({"host": ".".join(["x" * 60] * 5)}, "253 at most"),
        ({"host": "ü" * 80}, "parts of 1 to 63 letters"),
        ({"host": "a\x00b"}, "without control characters"),
        ({"user": "u\0"}, "user has a NUL"),
        ({"user": "u" * 65536}, "user is longer than 65535 bytes"),
        ({"user": "u", "password": "hunter2\ud800"}, "password has a NUL or half a character"),
        ({"user": "u", "password": "hunter2" * 10000}, "password is longer than 65535 bytes"),
        ({"client_id": "x\udc80"}, "client_id has a NUL or half a character"),
    ],
    ids=lambda value: str(value)[:20].encode("ascii", "replace").decode().replace("\x00", "0"),
)
def test_what_mqtt_cannot_carry_is_refused_before_it_is_tried(values, sentence):
    with pytest.raises(ValueError, match=sentence) as caught:
        MqttOptions(**{key: Secret(value) if key == "password" else value for key, value in values.items()})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("host", ["broker.", "fe80::1%eth0", "192.168.1.5", "bücher.example", "my_broker"])
def test_names_and_addresses_of_all_kinds_are_hosts(host):
    assert MqttOptions(host=host).host == host
