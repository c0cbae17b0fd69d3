"""The outbox's file: SQLite, one row a record and destination. All of it may raise sqlite3.Error and OSError."""

import json
import logging
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from watcher.files import claimed
from watcher.outbox.record import Record

log = logging.getLogger(__name__)

VERSION = 1
NAME = "outbox.db"
_COLUMNS = "number, camera, payload, published_at, size"
_SET_RIGHT_AFTER = 1.7e9
"""Seconds since 1970. A clock that says less has not been set yet (a Raspberry Pi has none of its own), and what
was put then is not as old as it looks."""

_TABLES = """
CREATE TABLE destinations(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE);
CREATE TABLE records(
  number INTEGER PRIMARY KEY, destination INTEGER NOT NULL, camera TEXT NOT NULL, event TEXT,
  kind TEXT NOT NULL, opens INTEGER NOT NULL, closes INTEGER NOT NULL, put_at REAL NOT NULL,
  published_at TEXT, size INTEGER NOT NULL, payload TEXT NOT NULL);
CREATE INDEX records_by_camera ON records(destination, camera, number);
CREATE INDEX records_by_event ON records(event, destination);
CREATE INDEX records_that_open ON records(destination, number) WHERE opens;
CREATE TABLE open_events(event TEXT PRIMARY KEY, camera TEXT NOT NULL, payload TEXT NOT NULL);
CREATE TABLE retained(destination INTEGER NOT NULL, topic TEXT NOT NULL, PRIMARY KEY(destination, topic))
  WITHOUT ROWID;
"""


class InUse(OSError):
    """Another process has the file."""


@dataclass(frozen=True, slots=True)
class Row:
    """A record as it is written."""

    record: Record
    put_at: float
    payload: str


class File:
    """The file in `folder`, opened, for one thread at a time; `durable`: a commit waits for the disk itself."""

    def __init__(self, folder: Path, *, durable: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / NAME
        self._lock = _locked(folder / f"{NAME}.lock")
        try:
            self._open(durable=durable)
        except BaseException:
            os.close(self._lock)
            raise

    def _open(self, *, durable: bool) -> None:
        try:
            self._sql = self._connected(durable=durable)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            self.put_aside(error)
            self._sql = self._connected(durable=durable)

    def _connected(self, *, durable: bool) -> sqlite3.Connection:
        sql = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=5.0)
        try:
            sql.execute("PRAGMA cache_size=-400")  # kB; the system keeps what was read, too
            sql.execute("PRAGMA auto_vacuum=INCREMENTAL")
            sql.execute("PRAGMA journal_mode=WAL")
            sql.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            sql.execute("PRAGMA journal_size_limit=4194304")
            sql.execute("PRAGMA wal_autocheckpoint=0")  # that waits for the disk; `wal.Folding` does it instead
            (version,) = sql.execute("PRAGMA user_version").fetchone()
            if version > VERSION:
                raise OSError(f"{self.path} was made by a newer version of this program")
            if version == 0:
                sql.executescript(f"BEGIN IMMEDIATE;{_TABLES}PRAGMA user_version={VERSION};COMMIT;")
            sql.execute("SELECT number FROM records LIMIT 1").fetchall()
        except BaseException:
            sql.close()
            raise
        return sql

    def put_aside(self, error: Exception) -> None:
        """What is broken makes way, and is kept for whoever may want to look at it."""
        log.error("outbox: %s is broken (%s); it is put aside as %s.broken", self.path, error, NAME)
        os.replace(self.path, self.path.with_name(f"{NAME}.broken"))
        for ending in ("-wal", "-shm"):
            self.path.with_name(NAME + ending).unlink(missing_ok=True)

    def set_durable(self, durable: bool) -> None:
        self._sql.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")

    def close(self) -> None:
        self._sql.close()
        os.close(self._lock)

    def begin(self) -> None:
        self._sql.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        self._sql.execute("COMMIT")

    def roll_back(self) -> None:
        if self._sql.in_transaction:
            self._sql.execute("ROLLBACK")

    # -- destinations

    def destinations(self) -> dict[str, int]:
        return dict(self._sql.execute("SELECT name, id FROM destinations ORDER BY id"))

    def add_destination(self, name: str) -> int:
        return int(self._sql.execute("INSERT INTO destinations(name) VALUES(?)", (name,)).lastrowid or 0)

    def rename_destination(self, number: int, name: str) -> None:
        self._sql.execute("UPDATE destinations SET name=? WHERE id=?", (name, number))

    def drop_destination(self, number: int) -> int:
        """How many records were dropped with it."""
        dropped = self._sql.execute("DELETE FROM records WHERE destination=?", (number,)).rowcount
        self._sql.execute("DELETE FROM retained WHERE destination=?", (number,))
        self._sql.execute("DELETE FROM destinations WHERE id=?", (number,))
        return dropped

    # -- records

    def ends(self) -> tuple[int, int]:
        """The lowest number and the one after the highest; (0, 0) where there is none."""
        low, high = self._sql.execute("SELECT min(number), max(number) FROM records").fetchone()
        return (0, 0) if low is None else (low, high + 1)

    def shift(self, by: int) -> None:
        """Lower every number by so much: what is in the file comes before what is in memory."""
        self._sql.execute("UPDATE records SET number = number - ?", (by,))

    def lanes(self, destination: int) -> list[tuple[str, int, int, int]]:
        """Camera, how many records it has, their bytes, and the lowest number."""
        return self._sql.execute(
            "SELECT camera, count(*), sum(size), min(number) FROM records WHERE destination=? GROUP BY camera",
            (destination,),
        ).fetchall()

    def read(self, destination: int, camera: str, after: int, most: int) -> list[Record]:
        """The next records of a camera."""
        rows = self._sql.execute(
            f"SELECT {_COLUMNS} FROM records WHERE destination=? AND camera=? AND number>? ORDER BY number LIMIT ?",
            (destination, camera, after, most),
        )
        return list(_records(rows))

    def insert(self, destination: int, rows: Iterable[Row]) -> None:
        self._sql.executemany(
            "INSERT OR REPLACE INTO records(number, destination, camera, event, kind, opens, closes, put_at,"
            " published_at, size, payload) VALUES(?,?,?,?,?,?,?,?,?,?,?)",
            (
                (one.record.number, destination, one.record.camera, one.record.event,
                 str(one.record.payload.get("event_type")), one.record.opens, one.record.closes, one.put_at,
                 one.record.payload.get("published_at"), one.record.size, one.payload)
                for one in rows
            ),
        )  # fmt: skip

    def mark(self, published: Mapping[int, str]) -> None:
        """These have been handed out, with the time that they say."""
        self._sql.executemany(
            "UPDATE records SET published_at=? WHERE number=? AND published_at IS NULL",
            ((at, number) for number, at in published.items()),
        )

    def delete(self, numbers: Iterable[int]) -> None:
        self._sql.executemany("DELETE FROM records WHERE number=?", ((number,) for number in numbers))

    def oldest_closed(self, destination: int, newest: int) -> list[Record]:
        """The records of the oldest event that is here whole, and of which no subscriber knows anything."""
        found = self._sql.execute(
            "SELECT event, camera FROM records AS first WHERE destination=? AND opens AND kind<>'gap'"
            " AND published_at IS NULL AND EXISTS(SELECT 1 FROM records AS last WHERE last.event=first.event"
            " AND last.destination=first.destination AND last.closes AND last.number<?)"
            " ORDER BY number LIMIT 1",
            (destination, newest),
        ).fetchone()
        return [] if found is None else self._event(destination, *found)

    def oldest_single(self, destination: int, newest: int, out: tuple[int, ...]) -> list[Record]:
        """The oldest update that nobody has heard of, or else the oldest record that is not `out`."""
        for which in ("NOT opens AND NOT closes AND published_at IS NULL", "kind<>'gap'"):
            row = self._sql.execute(
                f"SELECT {_COLUMNS} FROM records NOT INDEXED WHERE destination=? AND number<? AND {which}"
                f" AND number NOT IN ({','.join('?' * len(out))}) ORDER BY number LIMIT 1",
                (destination, newest, *out),
            ).fetchone()
            if row is not None:
                return list(_records([row]))
        return []

    def ended_before(self, destination: int, at: float) -> list[Record]:
        """The records of the oldest event that has ended, if that was before `at` (seconds since 1970)."""
        found = self._sql.execute(
            "SELECT event, camera, put_at FROM records NOT INDEXED WHERE destination=? AND closes AND kind<>'gap'"
            " ORDER BY number LIMIT 1",
            (destination,),
        ).fetchone()
        if found is None or not _SET_RIGHT_AFTER < found[2] < at:
            return []
        return self._event(destination, found[0], found[1])

    def _event(self, destination: int, event: str | None, camera: str) -> list[Record]:
        return list(_records(self._sql.execute(
            f"SELECT {_COLUMNS} FROM records WHERE event IS ? AND destination=? AND camera=? ORDER BY number",
            (event, destination, camera),
        )))  # fmt: skip

    def gap(self, destination: int, camera: str) -> Record | None:
        """The gap record of a camera that has not gone out."""
        rows = self._sql.execute(
            f"SELECT {_COLUMNS} FROM records WHERE destination=? AND camera=? AND kind='gap'"
            " AND published_at IS NULL ORDER BY number LIMIT 1",
            (destination, camera),
        )
        return next(_records(rows), None)

    # -- events that are open, topics that are kept

    def open_events(self) -> list[tuple[str, dict[str, Any]]]:
        """Camera and last payload of the events that have begun and not ended."""
        rows = self._sql.execute("SELECT camera, payload FROM open_events ORDER BY event")
        return [(camera, json.loads(payload)) for camera, payload in rows]

    def note_open(self, events: Iterable[tuple[str, str, str]]) -> None:
        """Event, camera and payload."""
        self._sql.executemany("INSERT OR REPLACE INTO open_events VALUES(?,?,?)", events)

    def note_closed(self, events: Iterable[str]) -> None:
        self._sql.executemany("DELETE FROM open_events WHERE event=?", ((event,) for event in events))

    def retained(self, destination: int) -> set[str]:
        rows = self._sql.execute("SELECT topic FROM retained WHERE destination=?", (destination,))
        return {topic for (topic,) in rows}

    def retain(self, destination: int, topics: Iterable[str]) -> None:
        self._sql.executemany("INSERT OR IGNORE INTO retained VALUES(?,?)", ((destination, one) for one in topics))

    def forget(self, destination: int, topics: Iterable[str]) -> None:
        self._sql.executemany("DELETE FROM retained WHERE destination=? AND topic=?",
                              ((destination, one) for one in topics))  # fmt: skip

    def tidy(self) -> None:
        """Give back room that is not needed any more."""
        (spare,) = self._sql.execute("PRAGMA freelist_count").fetchone()
        if spare > 500:
            self._sql.execute(f"PRAGMA incremental_vacuum({spare - 100})").fetchall()
            self._sql.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _records(rows: Iterable[tuple[Any, ...]]) -> Iterator[Record]:
    for number, camera, payload, published_at, size in rows:
        told = json.loads(payload)
        told["published_at"] = published_at
        yield Record(number, camera, told, offered=published_at is not None, size=size)


def _locked(path: Path) -> int:
    """What keeps a second process out, until it is closed."""
    lock = claimed(path)
    if lock is None:
        raise InUse("another daemon uses this folder")
    return lock
