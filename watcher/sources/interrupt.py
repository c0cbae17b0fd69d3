"""Calls that block where nothing can interrupt them, made so that `close` and a deadline still count."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from watcher.errors import SourceUnavailable

T = TypeVar("T")

CLOSED = "the source was closed; make a new one for every attempt"

_GLANCE = 0.03


class _Call(Generic[T]):
    """One call in a thread of its own; what comes of it too late is thrown away."""

    def __init__(self, call: Callable[[], T], discard: Callable[[T], None]) -> None:
        self._call, self._discard = call, discard
        self._lock = threading.Lock()
        self._abandoned = False
        self.done = threading.Event()
        self.results: list[T] = []
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            result = self._call()
        except Exception as error:  # noqa: BLE001 - the top of this thread; whoever waits raises it again
            self.error = error
        else:
            with self._lock:
                late = self._abandoned
                if not late:
                    self.results.append(result)
            if late:
                self._discard(result)
        self.done.set()

    def abandon(self) -> None:
        with self._lock:
            self._abandoned = True
            results, self.results = self.results, []
        for result in results:
            self._discard(result)


def opened(
    call: Callable[[], T], closed: threading.Event, timeout: float, late: str, discard: Callable[[T], None]
) -> T:
    """What `call` returns, or its exception.

    Looking up a name, or a camera that accepts and says nothing, can block far beyond any timeout of the
    library's own; so the call runs in a daemon thread that is left behind when it takes longer than `timeout`
    seconds, or `closed` is set. What it then still returns goes to `discard`.

    Raises
    ------
    SourceUnavailable : closed meanwhile, or too late (with the sentence `late`).
    """
    if closed.is_set():
        raise SourceUnavailable(CLOSED)
    attempt = _Call(call, discard)
    threading.Thread(target=attempt.run, name="opening", daemon=True).start()
    waited = 0.0
    while not attempt.done.wait(_GLANCE):
        waited += _GLANCE
        if closed.is_set() or waited > timeout:
            attempt.abandon()
            raise SourceUnavailable(CLOSED if closed.is_set() else late)
    if closed.is_set():
        attempt.abandon()
        raise SourceUnavailable(CLOSED)
    if attempt.error is not None:
        raise attempt.error
    return attempt.results[0]
