"""Ctrl-C while something long goes on that can end early with what it has."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def stopped_by_hand(stop: Callable[[], None]) -> Iterator[None]:
    """The first Ctrl-C calls `stop`, so that it ends after the present frame and everything is whole; again: at
    once."""

    def stopped(number: int, frame: Any) -> None:
        stop()
        signal.signal(signal.SIGINT, before)

    if threading.current_thread() is not threading.main_thread():  # only that one may listen to signals
        yield
        return
    before = signal.signal(signal.SIGINT, stopped)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
