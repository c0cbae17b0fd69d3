"""Files of one kind within bounds: what lies there, and which of it has to go. The oldest goes first."""

import heapq
import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from watcher.sinks.options import StorageOptions

DAY = 86400.0


@dataclass(slots=True)
class Shelf:
    """The pictures below one folder, ``<folder>/<camera>/<file>``, kept in mind so that no directory is read twice.

    Only files whose names match `ours` are counted or removed: a folder may hold other things too. Everything
    here may raise OSError.
    """

    folder: Path
    ours: re.Pattern[str]
    bounds: StorageOptions
    total: int = 0
    """Bytes of all files."""
    _sizes: dict[Path, int] = field(default_factory=dict)
    _oldest: list[tuple[float, Path]] = field(default_factory=list)

    def scan(self) -> None:
        """Read what is there; half-written files of an earlier run are removed."""
        self.total, self._sizes, self._oldest = 0, {}, []
        if not self.folder.is_dir():
            return
        for home in self.folder.iterdir():
            if home.is_dir() and not home.is_symlink():
                self._scan_home(home)

    def _scan_home(self, home: Path) -> None:
        with os.scandir(home) as entries:
            for entry in entries:
                if not entry.is_file(follow_symlinks=False):
                    continue
                if entry.name.endswith(".part") and self.ours.fullmatch(entry.name[1:].rsplit(".", 2)[0]):
                    Path(entry.path).unlink(missing_ok=True)
                elif self.ours.fullmatch(entry.name):
                    told = entry.stat(follow_symlinks=False)
                    self.add(Path(entry.path), told.st_size, told.st_mtime)

    def add(self, path: Path, size: int, written: float) -> None:
        """A file has been written, or written again."""
        self.total += size - self._sizes.get(path, 0)
        if path not in self._sizes:
            heapq.heappush(self._oldest, (written, path))
        self._sizes[path] = size

    def make_room(self, coming: int, now: float) -> str:
        """Remove what is too old, or too much with `coming` bytes more; why there still is no room, or nothing.

        `now` is the time of day in seconds, as files carry it.
        """
        bounds = self.bounds
        if bounds.keep_days is not None:
            while self._oldest and self._oldest[0][0] < now - bounds.keep_days * DAY:
                self._remove_oldest()
        if bounds.max_bytes is not None:
            while self._oldest and self.total + coming > bounds.max_bytes:
                self._remove_oldest()
            if coming > bounds.max_bytes:
                return f"a picture needs {_size(coming)}, more than may be kept at all ({_size(bounds.max_bytes)})"
        free = self._free()
        while self._oldest and free < bounds.keep_free + coming:
            self._remove_oldest()
            free = self._free()
        if free < bounds.keep_free + coming:
            return (
                f"only {_size(free)} are free on the disk of {self.folder}:"
                f" a picture needs {_size(coming)}, and {_size(bounds.keep_free)} have to stay free"
            )
        return ""

    def _free(self) -> int:
        place = self.folder
        while not place.exists() and place != place.parent:
            place = place.parent
        return shutil.disk_usage(place).free

    def _remove_oldest(self) -> None:
        _, path = self._oldest[0]
        path.unlink(missing_ok=True)
        heapq.heappop(self._oldest)
        self.total -= self._sizes.pop(path, 0)


def _size(count: float) -> str:
    """Bytes for people: 1.5 GB."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB" if count < 1000 else f"{count:.0f} GB"
