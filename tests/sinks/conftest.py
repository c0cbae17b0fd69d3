"""Sinks that are told records through an outbox, as the daemon does."""

import pytest

from watcher.outbox import MemoryOutbox
from watcher.sinks.build import make_deliver
from watcher.sinks.courier import Courier


@pytest.fixture
def sink(monkeypatch):
    """Start a courier for these settings; its outbox is `sink.outbox`."""
    couriers = []
    monkeypatch.setattr("watcher.sinks.courier.FIRST_WAIT", 0.1)

    def start(options, outbox=None):
        outbox = outbox or MemoryOutbox()
        courier = Courier("sink test", outbox, make_deliver(options))
        courier.outbox = outbox
        couriers.append(courier)
        courier.start()
        return courier

    yield start
    for courier in couriers:
        courier.stop(1)
