"""The history: every event and every inspection, in one SQLite file, for as long as they may be kept.

`History` is the outlet that writes, in a thread of its own; `Past` reads, also while a daemon writes and in another
process, and notes what people say about an inspection afterwards.
"""

import json
import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from watcher.errors import RequestRefused, SinkError
from watcher.quantities import counted
from watcher.sinks import Pictures, StateValue

if TYPE_CHECKING:
    from watcher.events.event import EventUpdate

log = logging.getLogger(__name__)

FILE = "history.db"
ROOM = 5000
"""So many records wait for the disk; beyond that the oldest are lost, and that is said."""
TIDY_EVERY = 600.0
_AT_ONCE = 500
_BUSY = 5.0
_RETRY_FIRST, _RETRY_LONGEST = 1.0, 60.0
_TENTH = 10
"""Where there is too much, a tenth of it goes: not a row for every row that comes."""

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE events (
        id TEXT PRIMARY KEY, camera TEXT NOT NULL, started_at TEXT NOT NULL, ended_at TEXT, cause TEXT,
        end_reason TEXT, sequence INTEGER NOT NULL, payload TEXT NOT NULL) WITHOUT ROWID;
    CREATE INDEX events_by_time ON events (started_at);
    CREATE TABLE inspections (
        id TEXT PRIMARY KEY, camera TEXT NOT NULL, captured_at TEXT NOT NULL, verdict TEXT NOT NULL, recipe TEXT,
        reference TEXT, part TEXT, correlation_id TEXT, truth TEXT, truth_at TEXT, payload TEXT NOT NULL)
        WITHOUT ROWID;
    CREATE INDEX inspections_by_time ON inspections (captured_at);
    CREATE TABLE counters (camera TEXT PRIMARY KEY, payload TEXT NOT NULL) WITHOUT ROWID;
    """,
    # A row for every shift or batch, not only for the present one.
    """
    CREATE TABLE shifts (
        number INTEGER PRIMARY KEY, camera TEXT NOT NULL, since TEXT NOT NULL, payload TEXT NOT NULL,
        UNIQUE (camera, since));
    INSERT INTO shifts (camera, since, payload)
        SELECT camera, coalesce(json_extract(payload, '$.since'), ''), payload FROM counters;
    DROP TABLE counters;
    """,
)
"""Each brings the file from the version of its place to the next; the file keeps its version (user_version)."""

_EVENT = """
    INSERT INTO events (id, camera, started_at, ended_at, cause, end_reason, sequence, payload)
    VALUES (:id, :camera, :started_at, :ended_at, :cause, :end_reason, :sequence, :payload)
    ON CONFLICT (id) DO UPDATE SET ended_at = excluded.ended_at, cause = excluded.cause,
        end_reason = excluded.end_reason, sequence = excluded.sequence, payload = excluded.payload
    WHERE excluded.sequence > sequence"""
_INSPECTION = """
    INSERT OR IGNORE INTO inspections
        (id, camera, captured_at, verdict, recipe, reference, part, correlation_id, payload)
    VALUES (:id, :camera, :captured_at, :verdict, :recipe, :reference, :part, :correlation_id, :payload)"""
_SHIFT = """
    INSERT INTO shifts (camera, since, payload) VALUES (:camera, coalesce(:since, ''), :payload)
    ON CONFLICT (camera, since) DO UPDATE SET payload = excluded.payload"""
_KEYS = {
    _EVENT: ("id", "started_at", "ended_at", "cause", "end_reason", "sequence"),
    _INSPECTION: ("id", "captured_at", "verdict", "recipe", "reference", "part", "correlation_id"),
    _SHIFT: ("since",),
}

Row = tuple[str, dict[str, Any]]
"""A statement and what it is given."""


@dataclass(frozen=True, slots=True, eq=False)
class PastInspection:
    """An inspection as it was told; `truth` is what a person said of it since."""

    id: str
    camera: str
    verdict: str
    truth: Literal["good", "bad"] | None
    payload: dict[str, Any]


class Past:
    """Reads the history in the storage `folder`; SinkError where it cannot be read."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE

    def inspection(self, inspection: str) -> PastInspection | None:
        """The inspection with this id."""
        return next(iter(self._inspections("WHERE id = ?", inspection)), None)

    def inspections(self, camera: str, most: int = 100, verdict: str | None = None) -> list[PastInspection]:
        """The newest of a camera, newest first."""
        which = "WHERE camera = ? AND verdict = coalesce(?, verdict) ORDER BY captured_at DESC, id DESC LIMIT ?"
        return self._inspections(which, camera, verdict, most)

    def events(self, camera: str, most: int = 100) -> list[dict[str, Any]]:
        """What was said last of each of the newest events of a camera, newest first."""
        rows = self._rows(
            "SELECT payload FROM events WHERE camera = ? ORDER BY started_at DESC, id DESC LIMIT ?", camera, most
        )
        return [json.loads(payload) for (payload,) in rows]

    def counters(self, camera: str) -> dict[str, Any] | None:
        """The counters of a camera as they were told last."""
        return next(iter(self.shifts(camera, 1)), None)

    def shifts(self, camera: str, most: int = 100) -> list[dict[str, Any]]:
        """The counters of each shift or batch of a camera, newest first."""
        rows = self._rows("SELECT payload FROM shifts WHERE camera = ? ORDER BY number DESC LIMIT ?", camera, most)
        return [json.loads(payload) for (payload,) in rows]

    def tell_truth(self, inspection: str, truth: Literal["good", "bad"]) -> None:
        """Note what a person says of a past inspection."""
        with self._connected() as connection, connection:
            told = connection.execute(
                "UPDATE inspections SET truth = ?, truth_at = ? WHERE id = ?", (truth, _now(), inspection)
            )
            if told.rowcount == 0:
                raise RequestRefused(f"there is no inspection {inspection} in the history")

    def _inspections(self, which: str, *values: Any) -> list[PastInspection]:
        rows = self._rows(f"SELECT id, camera, verdict, truth, payload FROM inspections {which}", *values)
        return [PastInspection(row[0], row[1], row[2], row[3], json.loads(row[4])) for row in rows]

    def _rows(self, statement: str, *values: Any) -> Sequence[Any]:
        if not self.path.exists():
            return []
        with self._connected() as connection:
            begun = connection.execute("PRAGMA user_version").fetchone()[0] > 0
            return connection.execute(statement, values).fetchall() if begun else []

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(
                sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=rw", timeout=_BUSY, uri=True)
            ) as connection:
                yield connection
        except sqlite3.Error as error:
            raise SinkError(f"the history {self.path} cannot be read ({error})") from None


class History:
    """The outlet that writes the history. What it is given waits in memory, never the one who gives it.

    Parameters
    ----------
    folder : of the storage.
    keep_days : older rows are removed; None: no limit of age.
    most_bytes : the oldest rows go when the file holds more.
    """

    def __init__(self, folder: Path, keep_days: float | None = 30, most_bytes: int | None = None) -> None:
        self.past = Past(folder)
        self._keep_days, self._most_bytes = keep_days, most_bytes
        self._rows: deque[Row] = deque()
        self._counters: dict[str, dict[str, Any]] = {}
        self._bell = threading.Condition()
        self._stop_at: float | None = None
        self._lost = 0
        self._said = ""
        self._tidied = float("-inf")
        self._thread = threading.Thread(target=self._run, name="out:history", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def record(self, camera: str, payload: dict[str, Any]) -> None:
        if "started_at" in payload:
            self._put(_row(_EVENT, camera, payload))

    def verdict(self, camera: str, payload: dict[str, Any], until: float) -> None:
        self._put(_row(_INSPECTION, camera, payload))

    def state(self, camera: str, name: str, value: StateValue) -> None:
        if name == "counters" and isinstance(value, dict):
            self._counters[camera] = value
            self._put(_row(_SHIFT, camera, value))

    def pictures(self, camera: str, update: "EventUpdate", pictures: Pictures) -> None:
        """Pictures are files of their own."""

    def counters(self, camera: str) -> dict[str, Any] | None:
        """The counters of a camera as they were told last, written or not."""
        return self._counters.get(camera) or self.past.counters(camera)

    def stop(self, timeout: float) -> None:
        if self._thread.ident is None:
            return
        with self._bell:
            self._stop_at = time.monotonic() + 0.9 * timeout
            self._bell.notify_all()
        self._thread.join(timeout)
        if self._rows or self._lost:
            log.warning("history: %s not written", counted(len(self._rows) + self._lost, "record"))

    def _put(self, row: Row) -> None:
        with self._bell:
            self._rows.append(row)
            if len(self._rows) > ROOM:
                self._rows.popleft()
                self._lost += 1
            self._bell.notify_all()

    # -- the thread --------------------------------------------------------------------------------------

    def _run(self) -> None:
        wait = 0.0
        connection: sqlite3.Connection | None = None
        while self._something_to_do(wait):
            trouble = ""
            try:
                connection = connection or self._opened()
                self._write(connection)
                self._tidy(connection)
            except (sqlite3.Error, OSError, SinkError) as error:
                trouble = getattr(error, "strerror", None) or str(error)
                if connection is not None:
                    connection.close()
                connection = None
                self._set_aside(error)
            except Exception:  # the top of this thread
                log.exception("history: a record could not be written")
                trouble = "a fault in the program"
            self._say(trouble)
            wait = min(_RETRY_LONGEST, max(_RETRY_FIRST, 2 * wait)) if trouble else 0.0
        if connection is not None:
            connection.close()

    def _something_to_do(self, wait: float) -> bool:
        """Wait for records, or after trouble for `wait` seconds; False when stopped and nothing can be done."""
        until = time.monotonic() + wait
        with self._bell:
            while self._stop_at is None and (left := until - time.monotonic()) > 0:
                self._bell.wait(left)
            if self._stop_at is None and not self._rows and self._tidied > float("-inf"):
                self._bell.wait(TIDY_EVERY)
            if self._stop_at is not None:
                return bool(self._rows) and wait == 0.0 and time.monotonic() < self._stop_at
            return True

    def _opened(self) -> sqlite3.Connection:
        self.past.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.past.path, timeout=_BUSY)
        try:
            connection.execute("PRAGMA cache_size = -400")  # kB
            connection.execute("PRAGMA journal_mode = WAL")
            # A power cut may cost the last seconds, never the file; a commit waits for no disk.
            connection.execute("PRAGMA synchronous = NORMAL")
            migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _write(self, connection: sqlite3.Connection) -> None:
        """Some of what waits, all or nothing of it."""
        with self._bell:
            rows = [self._rows[n] for n in range(min(_AT_ONCE, len(self._rows)))]
        with connection:
            for statement, values in rows:
                connection.execute(statement, {**values, "payload": json.dumps(values["payload"])})
        with self._bell:
            for row in rows:
                if self._rows and self._rows[0] is row:
                    self._rows.popleft()

    def _tidy(self, connection: sqlite3.Connection) -> None:
        now = time.monotonic()
        if now - self._tidied < TIDY_EVERY:
            return
        self._tidied = now
        if self._keep_days is not None:
            self._remove(connection, _text(datetime.now(UTC) - timedelta(days=self._keep_days)))
        while self._most_bytes is not None and _used(connection) > self._most_bytes:
            tenth = "SELECT {0} FROM {1} ORDER BY {0} LIMIT 1 OFFSET (SELECT count(*) / ? FROM {1})"
            times = [
                connection.execute(tenth.format(column, table), (_TENTH,)).fetchone()
                for table, column in (("inspections", "captured_at"), ("events", "started_at"))
            ]
            oldest = min((found[0] for found in times if found is not None), default=None)
            if oldest is None or self._remove(connection, oldest, also=True) == 0:
                break

    def _remove(self, connection: sqlite3.Connection, before: str, *, also: bool = False) -> int:
        """Rows from before a time (`also` those of that very time) go; how many they were."""
        how = "<=" if also else "<"
        with connection:
            gone = connection.execute(f"DELETE FROM inspections WHERE captured_at {how} ?", (before,)).rowcount
            newest = "SELECT max(number) FROM shifts GROUP BY camera"
            connection.execute(f"DELETE FROM shifts WHERE since < ? AND number NOT IN ({newest})", (before,))
            return gone + connection.execute(f"DELETE FROM events WHERE started_at {how} ?", (before,)).rowcount

    def _set_aside(self, error: Exception) -> None:
        """A file that is no database any more must not keep everything that follows from being written."""
        if not isinstance(error, sqlite3.DatabaseError) or isinstance(error, sqlite3.OperationalError):
            return
        aside = self.past.path.with_name(f"{FILE}.broken-{datetime.now(UTC):%Y%m%dT%H%M%S}")
        try:
            self.past.path.replace(aside)
            for rest in ("-wal", "-shm"):
                self.past.path.with_name(FILE + rest).unlink(missing_ok=True)
        except OSError:
            return
        log.error("history: %s is broken (%s); it is set aside as %s", self.past.path, error, aside.name)

    def _say(self, trouble: str) -> None:
        if trouble and trouble != self._said:
            waiting = f"; waiting: {counted(len(self._rows), 'record')}" if self._rows else ""
            log.error("history: %s%s", trouble, waiting)
        elif self._said and not trouble:
            log.info("history: records are written again%s", f", {self._lost} are lost" if self._lost else "")
            self._lost = 0
        self._said = trouble


def migrate(connection: sqlite3.Connection, steps: Sequence[str] = MIGRATIONS) -> None:
    """Bring the file to the newest version; SinkError where it is of a newer program."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(steps):
        raise SinkError(
            f"the history is of version {version}, written by a newer watcher; this one knows {len(steps)}"
        )
    for number, step in enumerate(steps[version:], version + 1):
        # One transaction each, version and all: a crash leaves it before or after, not between.
        connection.executescript(f"BEGIN IMMEDIATE; {step} PRAGMA user_version = {number}; COMMIT;")


def _row(statement: str, camera: str, payload: dict[str, Any]) -> Row:
    return statement, {"camera": camera, "payload": payload, **{key: payload.get(key) for key in _KEYS[statement]}}


def _used(connection: sqlite3.Connection) -> int:
    """Bytes that rows take; what was freed is used again before the file grows."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _now() -> str:
    return _text(datetime.now(UTC))
