"""Folding SQLite's log into its file, beside the thread that writes: it waits for the disk itself."""

import contextlib
import logging
import os
import sqlite3
import threading
from pathlib import Path

log = logging.getLogger(__name__)

_AT = 4 * 2**20
"""Bytes of the log at which it is folded."""
_AT_ONCE = 4 * _AT
"""Bytes at which whoever writes has to wait for it: while he writes on, the log is never folded to its end."""


class Folding:
    """Folds the log whenever it has grown large, in a thread for that once."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None

    def consider(self, path: Path) -> None:
        """Begin, if it is time."""
        try:
            size = os.stat(f"{path}-wal").st_size
        except OSError:
            return
        if size >= _AT_ONCE:
            self.wait()
            _fold(path, "TRUNCATE")
        elif size >= _AT and (self._thread is None or not self._thread.is_alive()):
            self._thread = threading.Thread(target=_fold, args=(path, "PASSIVE"), name="outbox:fold", daemon=True)
            self._thread.start()

    def wait(self) -> None:
        """Until it is done."""
        if self._thread is not None:
            self._thread.join(5.0)


def _fold(path: Path, how: str) -> None:
    try:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as sql:
            sql.execute(f"PRAGMA wal_checkpoint({how})").fetchall()
    except sqlite3.Error as error:
        log.debug("outbox: the log is not folded: %s", error)
