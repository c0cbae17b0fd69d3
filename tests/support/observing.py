"""Reading sources in tests: the first few observations, and reading in a thread of its own."""

import itertools
import threading

from watcher.sources import Source
from watcher.vision.frame import Frame, Tick


def taken(source: Source, count: int) -> list[Frame | Tick]:
    """The first `count` observations of a source that is open; the source is left open."""
    return list(itertools.islice(source.frames(), count))


class Reading:
    """A source read by a thread until it ends."""

    def __init__(self, source: Source) -> None:
        self.seen: list[Frame | Tick] = []
        self.error: Exception | None = None
        self._source = source
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def ended(self, timeout: float = 0.0) -> bool:
        """Whether reading has ended, within `timeout` seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _read(self) -> None:
        try:
            for observation in self._source.frames():
                self.seen.append(observation)
                del self.seen[:-1000]
        except Exception as error:  # noqa: BLE001 - the top of this thread; the test looks at it
            self.error = error
