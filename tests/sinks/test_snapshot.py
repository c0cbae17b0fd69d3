"""Pictures on disk: whole or not at all, within bounds, and nothing crashes where the disk does not take them."""

import logging
import os
import resource
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.wait import until
from watcher.errors import PictureUnreadable
from watcher.events.event import Event, EventUpdate
from watcher.files import write_whole
from watcher.sinks import snapshot
from watcher.sinks.options import StorageOptions
from watcher.sinks.snapshot import WAITING, Snapshots, snapshot_path

START = datetime(2026, 11, 22, 10, 18, 3, 250_999, tzinfo=UTC)


class Jpegs:
    """Pictures that are a few bytes."""

    def __init__(self, size: int = 1000, mark: bytes = b"a") -> None:
        self.size, self.mark = size, mark

    def annotated(self) -> bytes:
        return self.mark * self.size

    def clean(self) -> bytes:
        return b"c" * self.size

    def reference(self) -> bytes | None:
        return None

    def difference(self) -> bytes | None:
        return None


class Unreadable(Jpegs):
    def clean(self) -> bytes:
        raise PictureUnreadable("half a JPEG")


def update(number: int = 0) -> EventUpdate:
    event = Event(f"ID{number:04d}", "porch", 0.0, START + timedelta(seconds=number))
    return EventUpdate("started", event, 0, 0.0, START, None, None, 0.1, (), (), (640, 480), "")


@pytest.fixture(autouse=True)
def _paris(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Paris")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator["Bench"]:
    bench = Bench(tmp_path)
    yield bench
    bench.stop()


class Bench:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.outlet: Snapshots | None = None

    def begin(self, **bounds: Any) -> Snapshots:
        settings = {"folder": str(self.folder), "keep_free": 0, **bounds}
        self.outlet = Snapshots(StorageOptions(**settings), ["porch"])
        self.outlet.start()
        return self.outlet

    def store(self, number: int = 0, pictures: Any = None) -> None:
        assert self.outlet is not None
        before = self.outlet.stored
        self.outlet.pictures("porch", update(number), pictures or Jpegs())
        until(lambda: self.outlet is not None and self.outlet.stored > before, 5, "the picture is stored")

    def names(self) -> list[str]:
        return sorted(one.name for one in (self.folder / "snapshots").rglob("*") if one.is_file())

    def numbers(self) -> list[int]:
        return sorted(int(name[-8:-4]) for name in self.names() if name[-10:-8] == "ID")

    def stop(self) -> None:
        if self.outlet is not None:
            self.outlet.stop(2)
            self.outlet = None


def test_names_say_when_where_and_which(tmp_path: Path) -> None:
    path = snapshot_path(tmp_path, "porch", START, "01M8")
    assert path == tmp_path / "snapshots/porch/2026-11-22T11-18-03.250+0100_porch_01M8.jpg"
    summer = snapshot_path(tmp_path, "porch", START.replace(month=7), "01M8")
    assert summer.name == "2026-07-22T12-18-03.250+0200_porch_01M8.jpg"


def test_both_pictures_are_stored_whole(shelf: Bench) -> None:
    shelf.begin()
    shelf.store()
    name = "2026-11-22T11-18-03.250+0100_porch_ID0000"
    assert shelf.names() == [f"{name}.jpg", f"{name}_clean.jpg"]
    folder = shelf.folder / "snapshots/porch"
    assert (folder / f"{name}.jpg").read_bytes() == b"a" * 1000
    assert (folder / f"{name}_clean.jpg").read_bytes() == b"c" * 1000


def test_the_best_picture_replaces_the_first(shelf: Bench) -> None:
    shelf.begin()
    shelf.store(0, Jpegs(mark=b"1"))
    shelf.store(0, Jpegs(mark=b"2", size=2000))
    assert len(shelf.names()) == 2
    assert snapshot_path(shelf.folder, "porch", START, "ID0000").read_bytes() == b"2" * 2000


def test_only_of_cameras_that_want_it(shelf: Bench) -> None:
    outlet = shelf.begin()
    outlet.use_cameras(["yard"])
    outlet.pictures("porch", update(0), Jpegs())
    outlet.use_cameras(["porch"])
    shelf.store(1)
    assert shelf.numbers() == [1]


class TestBounds:
    def test_the_oldest_go_when_there_are_too_many_bytes(self, shelf: Bench) -> None:
        shelf.begin(max_bytes=6500)  # three events of two pictures of 1000 bytes
        for number in range(6):
            shelf.store(number)
        assert shelf.numbers() == [3, 4, 5]
        assert len(shelf.names()) == 6

    def test_what_was_there_before_counts(self, shelf: Bench) -> None:
        shelf.begin()
        for number in range(4):
            shelf.store(number)
        shelf.stop()
        shelf.begin(max_bytes=6000)
        shelf.store(7)
        assert shelf.numbers() == [2, 3, 7]

    def test_what_is_too_old_goes(self, shelf: Bench) -> None:
        shelf.begin()
        shelf.store(0)
        shelf.store(1)
        shelf.stop()
        old = time.time() - 3 * 86400
        for one in (shelf.folder / "snapshots").rglob("*ID0000*"):
            os.utime(one, (old, old))
        shelf.begin(keep_days=2)
        until(lambda: shelf.numbers() == [1], 5)

    def test_other_files_are_neither_counted_nor_removed(self, shelf: Bench) -> None:
        mine = shelf.folder / "snapshots/porch/holiday.jpg"
        mine.parent.mkdir(parents=True)
        mine.write_bytes(b"x" * 10_000)
        os.utime(mine, (0, 0))
        shelf.begin(max_bytes=4000, keep_days=1)
        shelf.store(0)
        shelf.store(1)
        shelf.store(2)
        assert mine.exists()
        assert shelf.numbers() == [1, 2]

    def test_half_written_files_of_an_earlier_run_are_removed(self, shelf: Bench) -> None:
        folder = shelf.folder / "snapshots/porch"
        folder.mkdir(parents=True)
        half = folder / ".2026-11-22T11-18-03.250+0100_porch_ID0000.jpg.4711.part"
        other = folder / ".download.part"
        half.write_bytes(b"half")
        other.write_bytes(b"somebody's")
        shelf.begin()
        shelf.store(1)
        assert not half.exists()
        assert other.exists()

    def test_too_little_free_space_removes_the_oldest_and_then_stores_nothing(
        self, shelf: Bench, caplog: pytest.LogCaptureFixture
    ) -> None:
        shelf.begin()
        shelf.store(0)
        shelf.stop()
        free = shutil.disk_usage(shelf.folder).free
        outlet = shelf.begin(keep_free=free + 10**12)
        outlet.pictures("porch", update(1), Jpegs())
        until(lambda: "have to stay free; no pictures are stored" in caplog.text, 5)
        assert shelf.names() == []


class TestTrouble:
    @pytest.fixture(autouse=True)
    def _soon(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(snapshot, "_RETRY_FIRST", 0.05)
        monkeypatch.setattr(snapshot, "_RETRY_LONGEST", 0.05)

    def test_a_folder_that_is_none_is_said_once_and_tried_again(
        self, shelf: Bench, caplog: pytest.LogCaptureFixture
    ) -> None:
        in_the_way = shelf.folder / "snapshots"
        in_the_way.write_text("a file")
        outlet = shelf.begin()
        with caplog.at_level(logging.INFO):
            for number in range(3):
                outlet.pictures("porch", update(number), Jpegs())
            until(lambda: "no pictures are stored until that has changed" in caplog.text, 5)
            in_the_way.unlink()
            until(lambda: outlet.stored == 3, 5)
            until(lambda: "pictures are stored again" in caplog.text, 5)
        assert caplog.text.count("no pictures are stored") == 1
        assert shelf.numbers() == [0, 1, 2]

    def test_only_so_many_wait_and_the_newest_stay(self, shelf: Bench, caplog: pytest.LogCaptureFixture) -> None:
        in_the_way = shelf.folder / "snapshots"
        in_the_way.write_text("a file")
        outlet = shelf.begin()
        for number in range(50):
            outlet.pictures("porch", update(number), Jpegs())
        assert len(outlet._waiting) <= WAITING
        in_the_way.unlink()
        until(lambda: not outlet._waiting and outlet._encoded is None, 10)
        assert shelf.numbers()[-WAITING:] == list(range(50 - WAITING, 50))
        shelf.stop()
        assert "events were not stored" in caplog.text

    def test_a_picture_that_cannot_be_made_does_not_hold_up_the_others(
        self, shelf: Bench, caplog: pytest.LogCaptureFixture
    ) -> None:
        outlet = shelf.begin()
        outlet.pictures("porch", update(0), Unreadable())
        shelf.store(1)
        assert shelf.numbers() == [1]
        assert "half a JPEG" in caplog.text

    def test_a_full_disk(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        folder = tmp_path / "small"
        folder.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(folder)], capture_output=True, check=False
        )
        if mounted.returncode:
            pytest.skip(f"NEEDS ROOT: a small disk cannot be mounted ({mounted.stderr.decode().strip()})")
        bench = Bench(folder)
        try:
            (folder / "other").write_bytes(b"x" * 200_000)
            outlet = bench.begin()
            outlet.pictures("porch", update(0), Jpegs(size=100_000))
            until(lambda: "no pictures are stored until" in caplog.text, 5)
            assert bench.names() == []  # nothing half
            (folder / "other").unlink()
            until(lambda: bench.numbers() == [0], 5)  # it waited
            bench.store(1, Jpegs(size=90_000))
            assert bench.numbers() == [1]  # the older one had to go for it
        finally:
            bench.stop()
            subprocess.run(["umount", "-l", str(folder)], check=True)

    def test_a_disk_that_is_full_in_the_middle_of_a_file_leaves_nothing_half(self, tmp_path: Path) -> None:
        path = tmp_path / "porch/picture.jpg"
        write_whole(path, b"before")
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
        try:
            with pytest.raises(OSError, match="File too large"):
                write_whole(path, b"x" * 5000)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert [one.name for one in path.parent.iterdir()] == ["picture.jpg"]
        assert path.read_bytes() == b"before"

    def test_stopping_stores_what_waits(self, shelf: Bench) -> None:
        outlet = shelf.begin()
        for number in range(5):
            outlet.pictures("porch", update(number), Jpegs())
        shelf.stop()
        assert shelf.numbers() == [0, 1, 2, 3, 4]
