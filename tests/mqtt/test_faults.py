"""Delivery in trouble: the rows of ``python -m tests.bench.delivery``, small; whole ones are marked slow."""

import os

import pytest

from tests.bench.delivery import brokers, daemons
from tests.bench.delivery.feed import Line, events, keys
from tests.support.recording_broker import RecordingBroker
from tests.support.wait import until


def hold(figures):
    missed = [f"{one.what}: {one.value:g} {one.unit} (must {one.must})" for one in figures if one.holds == "MISSED"]
    assert missed == []


def acknowledged(broker):
    return brokers._acknowledged(broker)


@pytest.fixture
def recording():
    broker = RecordingBroker()
    yield broker
    broker.kill()


@pytest.fixture
def line(tmp_path, recording):
    """A delivery to the recording broker."""
    lines = []

    def start(**options):
        lines.append(Line(tmp_path / f"data{len(lines)}", recording.port, **options).start())
        return lines[-1]

    yield start
    for one in lines:
        one.stop()


def test_a_broker_that_restarts(tmp_path):
    hold(brokers.restarts(tmp_path, 600, 5))


def test_a_broker_that_is_cut(tmp_path):
    hold(brokers.cuts(tmp_path, 600, 9))


def test_what_is_killed_in_a_storm(tmp_path):
    hold(brokers.storm(tmp_path, 400, 3))


def test_a_bound(tmp_path):
    hold(brokers.bound(tmp_path, 4500))


def test_draining(tmp_path):
    hold([one for one in brokers.draining(tmp_path, 1000) if one.unit != "/s" or not one.more_is_better])


def test_a_daemon_that_is_killed(tmp_path):
    hold(daemons.kills(tmp_path, 1))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "row",
    [
        brokers.restarts,
        brokers.nats,
        brokers.cuts,
        brokers.storm,
        brokers.bound,
        daemons.kills,
        daemons.late,
        daemons.hole,
    ],
    ids=lambda row: row.__name__,
)
def test_the_whole_row(tmp_path, row):
    hold(row(tmp_path))


@pytest.mark.slow
def test_a_second_daemon(tmp_path):
    hold(daemons.second(tmp_path))


@pytest.mark.slow
def test_a_full_disk(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("NEEDS ROOT: a small file system is mounted and filled")
    hold(daemons.full(tmp_path))


@pytest.mark.parametrize("version", [5, 4])
def test_the_recording_broker_is_one(recording, line, version):
    """Were it none, nothing that is measured with it would say anything."""
    if version == 4:
        recording.refuse_v5 = True
    delivery = line()
    told = list(events(20))
    delivery.feed(told)
    delivery.emptied(10)
    assert acknowledged(recording) == keys(told) == delivery.witness.believed
    assert recording.retained["watcher/status"] == b"online"
    delivery.client.stop(2)
    until(lambda: recording.retained["watcher/status"] == b"offline")
    assert recording.wills == [], "it has said goodbye"


def test_one_that_refuses_is_tried_again(recording, line):
    recording.refuse = 3
    delivery = line()
    until(lambda: delivery.client.trouble)
    assert "refuses the connection" in delivery.client.trouble
    delivery.feed(events(5))
    recording.refuse = 0
    delivery.emptied(20)


def test_one_that_acknowledges_nothing_is_left_and_tried_again(recording, line):
    delivery = line(keepalive=1)
    until(lambda: delivery.client.connected)
    until(lambda: recording.retained.get("watcher/status") == b"online")
    recording.withhold = True
    told = list(events(30))
    delivery.feed(told)
    until(lambda: "has acknowledged nothing for 2 s" in delivery.client.trouble, 10)
    assert delivery.witness.believed == set()
    assert not any(message.again for message in recording.published)
    recording.withhold = False
    delivery.emptied(20)
    assert acknowledged(recording) == keys(told)


def test_one_that_stalls_is_left_and_tried_again(recording, line):
    delivery = line(keepalive=1)
    until(lambda: delivery.client.connected)
    recording.stall()
    told = list(events(100))
    delivery.feed(told)
    until(lambda: "has given no sign of life" in delivery.client.trouble
          or "has acknowledged nothing" in delivery.client.trouble, 10)  # fmt: skip
    recording.go_on()
    delivery.emptied(20)
    assert acknowledged(recording) == keys(told) == delivery.witness.believed


@pytest.mark.parametrize("after", [1, 40, 150])
def test_one_that_hangs_up_in_the_middle_of_a_packet(recording, line, after):
    delivery = line()
    until(lambda: recording.retained.get("watcher/status") == b"online")
    recording.cut_after = after
    told = list(events(30))
    delivery.feed(told)
    delivery.emptied(20)
    assert recording.cut_after is None
    assert acknowledged(recording) == keys(told) == delivery.witness.believed
