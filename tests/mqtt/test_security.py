"""Passwords and certificates: right ones work, wrong ones are said in words, and none of them is ever shown."""

import logging
import shutil
import subprocess

import pytest

from tests.support.broker import Mosquitto, free_port
from tests.support.wait import until
from watcher.mqtt.discovery import Device
from watcher.mqtt.options import TlsOptions
from watcher.secret import Secret

PASSWORD = "correct horse battery"


@pytest.fixture
def guarded(start_broker, tmp_path):
    """A broker that knows one user, me."""
    if shutil.which("mosquitto_passwd") is None:
        pytest.skip("NEEDS mosquitto_passwd (apt install mosquitto)")
    file = tmp_path / "users"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(file), "me", PASSWORD], check=True)
    return start_broker("mosquitto", ["allow_anonymous false", f"password_file {file}"])


def test_the_right_password(guarded, daemon, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    (tmp_path / "secret").write_text(PASSWORD + "\n")
    mqtt = daemon(guarded, user="me", password=Secret({"file": str(tmp_path / "secret")}))
    assert mqtt.connected
    assert PASSWORD not in caplog.text


@pytest.mark.parametrize(
    "settings", [{"user": "me", "password": Secret("wrong-" + PASSWORD)}, {}], ids=["wrong password", "nobody"]
)
def test_a_refusal_is_said_in_words_and_once(guarded, daemon, settings, caplog):
    caplog.set_level(logging.DEBUG)
    mqtt = daemon(guarded, wait=False, **settings)
    until(lambda: mqtt.trouble)
    assert mqtt.trouble == f"127.0.0.1:{guarded.port} refuses the connection: not authorized"
    log = guarded.folder / "mosquitto.log"
    until(lambda: log.read_text().count("not authorised") >= 3, 10, "it tries again")
    assert caplog.text.count("refuses the connection") == 1
    assert PASSWORD not in caplog.text + mqtt.trouble + repr(mqtt._options)


def test_a_password_that_appears_later_is_taken_up(guarded, daemon, tmp_path):
    file = tmp_path / "secret"
    mqtt = daemon(guarded, wait=False, user="me", password=Secret({"file": str(file)}))
    until(lambda: mqtt.trouble)
    assert f"is missing: {file} cannot be read" in mqtt.trouble
    file.write_text(PASSWORD)
    until(lambda: mqtt.connected, 10)


@pytest.fixture
def restricted(start_broker, tmp_path):
    """A broker that takes messages to these topics alone."""

    def start(*topics):
        rules = tmp_path / "acl"
        rules.write_text("\n".join(["topic read #", *[f"topic write {topic}" for topic in topics]]) + "\n")
        return start_broker("mosquitto", [f"acl_file {rules}"])

    return start


def test_a_broker_that_takes_no_records_is_said_and_they_are_kept(restricted, daemon):
    mqtt = daemon(
        restricted("watcher/+", "watcher/porch/availability", "watcher/porch/change", "watcher/porch/zone/#")
    )
    mqtt.record("porch", {"id": "a", "sequence": 0, "published_at": None})
    until(lambda: mqtt.trouble)
    assert mqtt.trouble == "the broker refuses messages to watcher/porch/event: not authorized; they are kept"
    assert mqtt._outbox.waiting() == 1


def test_a_broker_that_takes_no_states_is_said(restricted, daemon):
    mqtt = daemon(restricted("watcher/status", "watcher/instance"), wait=False)
    until(lambda: mqtt.trouble)
    words = ["the broker refuses messages to watcher/about: not authorized", "may we publish under watcher/?"]
    assert any(each in mqtt.trouble for each in words), mqtt.trouble


def test_a_broker_that_takes_nothing_for_home_assistant_takes_all_the_rest(restricted, daemon, listen, caplog):
    broker = restricted("watcher/#")
    mqtt = daemon(broker)
    mqtt.use_devices({"porch": Device(key="porch")})
    until(lambda: "so it is told nothing" in caplog.text, 15)
    mqtt.record("porch", {"id": "a", "sequence": 0, "published_at": None})
    until(lambda: mqtt._outbox.waiting() == 0, 10)
    until(lambda: mqtt.connected and not mqtt.trouble, 10)
    assert caplog.text.count("so it is told nothing") == 1


@pytest.fixture(scope="module")
def make_authority(tmp_path_factory):
    """Makes a folder with a certificate authority, and what it signed: for the broker and for one client."""
    if shutil.which("openssl") is None:
        pytest.skip("NEEDS openssl on PATH to make certificates")

    def make(*extensions):
        folder = tmp_path_factory.mktemp("authority")

        def openssl(*arguments):
            subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

        # A configuration of its own, because the system's adds extensions that nobody asked for.
        named = ("[req]", "distinguished_name = name", "[name]", "[authority]", *extensions)
        (folder / "openssl.cnf").write_text("\n".join(named) + "\n")
        key = ("-config", "openssl.cnf", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        own = ("-x509", "-days", "2", "-extensions", "authority", "-keyout", "ca.key", "-out", "ca.pem")
        openssl("req", *key, *own, "-subj", "/CN=test authority")
        identifiers = "subjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid"
        (folder / "names").write_text(f"subjectAltName = IP:127.0.0.1,DNS:localhost\n{identifiers}\n")
        for name in ("broker", "client"):
            openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
            signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names")
            openssl("x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.pem", *signed)
        return folder

    return make


PROPER = (
    "basicConstraints = critical,CA:true",
    "keyUsage = critical,keyCertSign,cRLSign",
    "subjectKeyIdentifier = hash",
)
HOME_MADE = ("basicConstraints = CA:true", "subjectKeyIdentifier = hash")
"""What many guides make: no key usage, and the constraint is not critical. Python 3.13 asks for both."""


@pytest.fixture(scope="module")
def authority(make_authority):
    """An authority after the rules."""
    return make_authority(*PROPER)


@pytest.fixture
def encrypted(start_broker, authority):
    return lambda *more: start_broker("mosquitto", [*_signed(authority), *more])


def _signed(authority):
    return [f"cafile {authority}/ca.pem", f"certfile {authority}/broker.pem", f"keyfile {authority}/broker.key"]


def test_a_broker_vouched_for_by_our_own_authority(encrypted, daemon, authority):
    mqtt = daemon(encrypted(), tls=TlsOptions(ca=str(authority / "ca.pem")))
    for number in range(50):
        mqtt.record("porch", {"id": "a", "sequence": number, "published_at": None, "pad": "x" * 5000})
    until(lambda: mqtt._outbox.waiting() == 0)


def test_websockets_are_encrypted_too(start_broker, daemon, authority):
    port = free_port()
    own = f'cert_file: "{authority}/broker.pem", key_file: "{authority}/broker.key"'
    broker = start_broker("nats", [f"websocket {{ host: 127.0.0.1, port: {port}, tls {{ {own} }} }}"])
    mqtt = daemon(broker, port=port, tls=TlsOptions(ca=str(authority / "ca.pem")), transport="websockets")
    for number in range(50):
        mqtt.record("porch", {"id": "a", "sequence": number, "published_at": None, "pad": "x" * 5000})
    until(lambda: mqtt._outbox.waiting() == 0)
    other = daemon(broker, wait=False, port=port, tls=True, transport="websockets", prefix="other")
    until(lambda: other.trouble)
    assert "shows a certificate that cannot be trusted" in other.trouble


def test_an_authority_made_at_home_is_enough_where_it_is_named(start_broker, daemon, make_authority, authority):
    made = make_authority(*HOME_MADE)
    broker = start_broker("mosquitto", _signed(made))
    assert daemon(broker, tls=TlsOptions(ca=str(made / "ca.pem"))).connected
    other = daemon(broker, wait=False, tls=TlsOptions(ca=str(authority / "ca.pem")))
    until(lambda: other.trouble)
    assert "shows a certificate that cannot be trusted" in other.trouble


def test_a_broker_nobody_vouches_for_is_refused_unless_told_otherwise(encrypted, daemon):
    broker = encrypted()
    mqtt = daemon(broker, wait=False, tls=True)
    until(lambda: mqtt.trouble)
    assert "shows a certificate that cannot be trusted" in mqtt.trouble
    assert daemon(broker, tls=TlsOptions(insecure=True)).connected


def test_a_broker_that_asks_who_we_are(encrypted, daemon, authority):
    broker = encrypted("require_certificate true")
    ca = str(authority / "ca.pem")
    without = daemon(broker, wait=False, tls=TlsOptions(ca=ca))
    until(lambda: without.trouble)
    own = TlsOptions(ca=ca, cert=str(authority / "client.pem"), key=str(authority / "client.key"))
    assert daemon(broker, tls=own, prefix="other").connected


@pytest.mark.parametrize(
    ("tls", "sentence"),
    [
        (TlsOptions(ca="/nowhere/ca.pem"), "tls.ca: /nowhere/ca.pem cannot be used (No such file or directory)"),
        (
            TlsOptions(cert="/nowhere/me.pem"),
            "tls.cert: /nowhere/me.pem cannot be used (No such file or directory)",
        ),
    ],
)
def test_missing_files_are_said(encrypted, daemon, tls, sentence):
    mqtt = daemon(encrypted(), wait=False, tls=tls)
    until(lambda: mqtt.trouble)
    assert mqtt.trouble == sentence


def test_a_broker_without_tls_is_said(mosquitto, daemon):
    assert isinstance(mosquitto, Mosquitto)
    mqtt = daemon(mosquitto, wait=False, tls=True)
    until(lambda: mqtt.trouble, 15)
    assert f"127.0.0.1:{mosquitto.port}" in mqtt.trouble
