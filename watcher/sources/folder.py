"""Pictures as files: a folder, one picture or a glob, in natural order; or watched for new ones."""

import glob
import os
import re
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from watcher.errors import PictureUnreadable, SourceLost, SourceUnavailable
from watcher.sources.encoded import MAX_BYTES, check_decodes, encoded_pixels
from watcher.sources.interrupt import CLOSED
from watcher.sources.options import PICTURE_SUFFIXES, FolderOptions
from watcher.sources.times import Moment, Timeline, aware, now
from watcher.vision.frame import Frame, Pixels, Tick

_GLANCE = 0.1
"""Seconds between two looks for new pictures."""

_SIGN_OF_LIFE = 2.0
"""Seconds without a new picture after which a `Tick` says that the folder is there."""

_PATIENCE = 2.0
"""Seconds after which a file that does not change any more, and is no whole picture, is given up."""

Mark = tuple[int, int]
"""Size and time of change of a file: what tells that it was written to."""


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """What to sort names by so that 2 comes before 10; equal numbers (2, 02) by their digits."""
    parts = re.split(r"(\d+)", name)
    return tuple((1, int(part), part) if n % 2 else (0, 0, part) for n, part in enumerate(parts))


class Folder:
    """Pictures in natural order, `fps` of them a second; with `watch`, each new one as it comes.

    An unreadable picture is a `Tick` with its index, its name and what is wrong with it. A watched folder to which
    nothing comes gives a `Tick` without trouble now and then: to wait is what it is for.
    """

    def __init__(self, options: FolderOptions, camera: str) -> None:
        self.live = options.watch or options.pace == "real"
        self.ends = not options.watch and not (self.live and options.repeat)
        self._options = options
        self._closed = threading.Event()
        self._paths: list[Path] = []
        self._known: dict[Path, Mark] | None = None

    def open(self) -> None:
        if self._closed.is_set():
            raise SourceUnavailable(CLOSED)
        self._paths = listed(self._options.path)
        if self._options.watch:
            self._known = _marks(self._paths)
        elif not self._paths:
            raise SourceUnavailable(f"there are no pictures in {self._options.path}")

    def frames(self) -> Iterator[Frame | Tick]:
        if self._known is not None:
            yield from self._watched(self._known)
            return
        start = aware(self._options.start) if self._options.start else None
        timeline = Timeline(start, self._options.pace, self._closed)
        frame_time = 1 / Fraction(str(self._options.fps))
        index = 0
        while True:
            for path in self._paths:
                media_time = float(index * frame_time)
                moment = timeline.moment(media_time)
                if self._closed.is_set():
                    return
                yield observed(path, moment, index, media_time)
                index += 1
            if not self._options.repeat:
                return

    def close(self) -> None:
        self._closed.set()

    def _watched(self, known: dict[Path, Mark]) -> Iterator[Frame | Tick]:
        fresh = Fresh(known)
        index = 0
        told = time.monotonic()
        while not self._closed.wait(_GLANCE):
            try:
                paths = listed(self._options.path)
            except SourceUnavailable as error:
                raise SourceLost(str(error)) from None
            for path in fresh.complete(_marks(paths), time.monotonic()):
                if self._closed.is_set():
                    return
                yield observed(path, now(), index, None)
                index += 1
                told = time.monotonic()
            if time.monotonic() - told >= _SIGN_OF_LIFE:
                told = time.monotonic()
                yield Tick(*now())


class Fresh:
    """Which files are new, or written anew, and complete.

    A file counts as fully written when it has not changed from one look to the next and is a whole picture, or
    has not changed for two seconds, whatever it is then.
    """

    def __init__(self, known: dict[Path, Mark]) -> None:
        self._taken = known
        self._growing: dict[Path, tuple[Mark, float]] = {}

    def complete(self, marks: dict[Path, Mark], at: float) -> list[Path]:
        """The files to take now, in the order of `marks`; `at` is the time of the look, in seconds."""
        growing: dict[Path, tuple[Mark, float]] = {}
        complete = []
        for path, mark in marks.items():
            if self._taken.get(path) == mark:
                continue
            before = self._growing.get(path)
            if before is None or before[0] != mark:
                growing[path] = (mark, at)
            elif _whole(path) or at - before[1] >= _PATIENCE:
                complete.append(path)
                self._taken[path] = mark
            else:
                growing[path] = before
        self._growing = growing
        self._taken = {path: mark for path, mark in self._taken.items() if path in marks}
        return complete


def listed(text: str) -> list[Path]:
    """The pictures that a folder, a file or a glob names, in natural order.

    Of a folder: the files whose names end like a picture's and do not begin with a dot. A glob takes every file
    that it matches.

    Raises
    ------
    SourceUnavailable : there is no such file or folder, or it may not be read.
    """
    path = Path(os.path.expanduser(text))
    try:
        if path.is_dir():
            names = [
                entry.name for entry in os.scandir(path) if _named_like_picture(entry.name) and _is_file(entry)
            ]
            return [path / name for name in sorted(names, key=natural_key)]
        if path.is_file():
            return [path]
        if not glob.has_magic(text):
            raise SourceUnavailable(f"there is no file or folder {path}")
        found = [Path(name) for name in glob.glob(str(path), recursive=True)]
        return sorted((name for name in found if name.is_file()), key=lambda name: natural_key(str(name)))
    except OSError as error:
        raise SourceUnavailable(f"{path} cannot be read: {error.strerror}") from None


def observed(path: Path, moment: Moment, index: int, media_time: float | None) -> Frame | Tick:
    """The picture in a file as an observation."""
    at, utc = moment
    try:
        return Frame(at, utc, _pixels(path), index, media_time, path.name)
    except PictureUnreadable as error:
        return Tick(at, utc, index, path.name, str(error))


def _pixels(path: Path) -> Pixels:
    try:
        # Opening a pipe would wait for somebody to write into it.
        if not path.is_file():
            raise PictureUnreadable("the file is gone, or not a file")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise PictureUnreadable(f"the file has {size} bytes; at most {MAX_BYTES} are read")
        data = path.read_bytes()
    except OSError as error:
        raise PictureUnreadable(f"the file cannot be read: {error.strerror}") from None
    if not data:
        raise PictureUnreadable("the file is empty")
    pixels = encoded_pixels(data)
    check_decodes(data)
    return pixels


def _whole(path: Path) -> bool:
    try:
        _pixels(path)
    except PictureUnreadable:
        return False
    return True


def _marks(paths: list[Path]) -> dict[Path, Mark]:
    marks = {}
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            continue  # gone between the listing and now
        marks[path] = (status.st_size, status.st_mtime_ns)
    return marks


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link that leads to itself: a picture that cannot be read, and not a folder that cannot
        return True


def _named_like_picture(name: str) -> bool:
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in PICTURE_SUFFIXES
