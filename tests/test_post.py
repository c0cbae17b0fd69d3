"""Who is told a record: every broker, and the sinks that the camera has; from the configuration to the command."""

import json
import threading
from pathlib import Path

import pytest

from tests.support.wait import until
from watcher import config
from watcher.errors import ConfigError
from watcher.outbox.options import OutboxOptions
from watcher.post import Post, routes

BROKER = "mqtt home:1883/watcher"


def read(folder: Path, sinks: str, yard: str = ""):
    text = (
        f"mqtt: {{host: localhost}}\ndefaults:\n  sinks:\n{sinks}\n"
        f"cameras:\n  porch: {{source: demo}}\n  yard: {{source: demo{yard}}}\n"
    )
    (folder / "config.yaml").write_text(text)
    return config.read(folder / "config.yaml")


def keeping(folder: Path, name: str) -> str:
    """A command that writes down what it is told."""
    command = folder / name
    command.write_text(f"#!/bin/sh\ncat >> {folder}/{name}.said\n")
    command.chmod(0o755)
    return f"./{name}"


def said(folder: Path, name: str):
    path = folder / f"{name}.said"
    lines = path.read_text().splitlines() if path.exists() else []
    return [(told["camera"], told["id"], told.get("event_type", "verdict")) for told in map(json.loads, lines)]


def update(camera, event, kind, sequence):
    return {"camera": camera, "id": event, "event_type": kind, "sequence": sequence, "published_at": None,
            "captured_at": "2026-11-22T10:18:03.250Z"}  # fmt: skip


@pytest.fixture
def post(tmp_path):
    posts = []

    def start(options, folder=tmp_path / "data"):
        post = Post(folder, OutboxOptions())
        post.start()
        posts.append(post)
        post.outboxes = post.assign([BROKER], routes(options.cameras))
        return post

    yield start
    for one in posts:
        for courier in one.couriers:
            courier.stop(1)
        one.stop(2)


def test_sinks_of_all_cameras_and_of_one(tmp_path, post):
    common, own = keeping(tmp_path, "common"), keeping(tmp_path, "own")
    sinks = f"    everyone: {{kind: exec, command: [{common}]}}"
    more = f", sinks: {{own: {{kind: exec, command: [{own}], events: [updated]}}}}"
    told = post(read(tmp_path, sinks, more).options)
    assert set(told.outboxes) == {BROKER, "exec everyone", "exec own"}
    for camera in ("porch", "yard"):
        for sequence, kind in enumerate(("started", "updated", "ended")):
            told.record(camera, update(camera, f"{camera}1", kind, sequence))
    told.verdict("yard", {"camera": "yard", "id": "v1", "verdict": "FAIL", "published_at": None}, 0)
    until(lambda: all(courier.idle for courier in told.couriers))
    assert said(tmp_path, "common") == [
        ("porch", "porch1", "started"), ("porch", "porch1", "ended"),
        ("yard", "yard1", "started"), ("yard", "yard1", "ended"), ("yard", "v1", "verdict"),
    ]  # fmt: skip
    assert said(tmp_path, "own") == [("yard", "yard1", "updated")]
    assert told.outboxes[BROKER].waiting() == 6


def test_a_camera_keeps_still_until_the_broker_has_its_record(tmp_path, post, monkeypatch):
    monkeypatch.setattr("watcher.post.HEAD_START", 60.0)
    told = post(read(tmp_path, "    {}").options)
    outbox, heard = told.outboxes[BROKER], []

    def deliver():
        record = outbox.take("now")
        heard.append(record.number)
        outbox.acknowledge(record.number)

    outbox.call(lambda: threading.Timer(0.05, deliver).start())
    told.record("porch", update("porch", "porch1", "started", 0))
    assert len(heard) == 1
    outbox.call(lambda: None)
    outbox.put("porch", update("porch", "porch1", "updated", 1))
    told.record("porch", update("porch", "porch1", "ended", 2))  # the broker has more to do: not waited for
    assert outbox.waiting() == 2


def test_one_key_with_two_meanings_is_two_sinks(tmp_path):
    sinks = "    phone: {kind: webhook, url: 'http://localhost/a'}"
    more = ", sinks: {phone: {kind: webhook, url: 'http://localhost/b'}}"
    found = routes(read(tmp_path, sinks, more).options.cameras)
    assert {name: route.cameras for name, route in found.items()} == {
        "webhook phone of porch": {"porch"},
        "webhook phone of yard": {"yard"},
    }


def test_a_sink_that_stays_the_same_goes_on_and_one_that_goes_is_dropped(tmp_path, post, caplog):
    one, two = keeping(tmp_path, "one"), keeping(tmp_path, "two")
    first = read(tmp_path, f"    one: {{kind: exec, command: [{one}]}}\n    two: {{kind: exec, command: [{two}]}}")
    told = post(first.options)
    before = dict(zip(told.outboxes, (None, *told.couriers), strict=True))
    told.assign([BROKER], routes(read(tmp_path, f"    one: {{kind: exec, command: [{one}]}}").options.cameras))
    assert told.couriers == (before["exec one"],)
    told.record("porch", update("porch", "a", "started", 0))
    until(lambda: said(tmp_path, "one"))
    assert said(tmp_path, "two") == []


def test_an_event_that_a_crash_left_open_is_ended_in_words(tmp_path, post):
    options = read(tmp_path, f"    one: {{kind: exec, command: [{keeping(tmp_path, 'one')}]}}").options
    told = post(options)
    told.record("porch", update("porch", "a", "started", 0))
    told.record("porch", update("porch", "a", "updated", 1))
    for courier in told.couriers:
        courier.stop(1)
    told.stop(2)
    ((camera, end),) = post(options).end_left_open()
    assert camera == "porch"
    assert (end["event_type"], end["sequence"], end["end_reason"]) == ("ended", 2, "crashed")
    assert end["ended_at"] == "2026-11-22T10:18:03.250Z"
    assert end["published_at"] is None


@pytest.mark.parametrize(
    ("sink", "sentence"),
    [
        ("{kind: exec, command: notify.sh}", "command"),
        ("{kind: exec, comand: [x]}", "did you mean command"),
        ("{kind: webhok, url: x}", "did you mean webhook"),
        ("{kind: webhook, url: 'localhost/x'}", "must be an address like https://host/path"),
        ("{kind: webhook, url: 'http://h/', timeout: 0}", "timeout"),
        ("{kind: exec, command: [x], events: [begun]}", "is not one of the choices"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, sink, sentence):
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, f"    one: {sink}")
    assert sentence in str(refused.value)
    assert "sinks.one" in str(refused.value)


def test_a_program_that_is_not_there_is_doubted_and_not_refused(tmp_path):
    warnings = read(tmp_path, "    one: {kind: exec, command: [./none]}").warnings
    assert [one for one in warnings if "defaults.sinks.one.command: there is no program" in one]
