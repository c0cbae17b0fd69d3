import threading
import time

import pytest

from tests.support.wait import until
from watcher.errors import SourceUnavailable
from watcher.sources.interrupt import opened


def test_results_and_exceptions_come_through() -> None:
    assert opened(lambda: 5, threading.Event(), 1, "late", lambda result: None) == 5
    with pytest.raises(OSError, match="broken"):
        opened(lambda: _raise(OSError("broken")), threading.Event(), 1, "late", lambda result: None)


@pytest.mark.parametrize("how", ["late", "closed"])
def test_what_comes_too_late_is_thrown_away(how: str) -> None:
    released, closed = threading.Event(), threading.Event()
    thrown: list[int] = []

    def call() -> int:
        released.wait(5)
        return 5

    if how == "closed":
        threading.Timer(0.1, closed.set).start()
    began = time.monotonic()
    with pytest.raises(SourceUnavailable, match="was closed" if how == "closed" else "too late"):
        opened(call, closed, 30 if how == "closed" else 0.2, "too late", thrown.append)
    assert time.monotonic() - began < 1
    released.set()
    until(lambda: thrown == [5])


def _raise(error: Exception) -> int:
    raise error
