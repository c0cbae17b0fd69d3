"""The store of references: named, versioned, written whole, and refused where they are damaged.

``<folder>/<camera>/<name>/<version>.npz`` holds the arrays, ``<version>.json`` beside it says what they are and
has their checksum. The JSON is written last: a version without it was never finished and does not count.
Nothing is overwritten: saving makes a new version, and the older ones stay until they are told to go.
"""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watcher.errors import ReferenceUnusable
from watcher.files import write_whole
from watcher.vision.geometry import Size

Memory = Mapping[str, NDArray[Any]]

_KEY = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a stored reference comes from, as far as that is known.

    Attributes
    ----------
    source : what its pictures were, for people: a file, a folder, the camera. Empty: not known.
    pictures : how many they were; None: not known.
    of : the label of the stored reference that it repeats, where a camera was told to use that one; else empty.
    """

    source: str = ""
    pictures: int | None = None
    of: str = ""


@dataclass(frozen=True, slots=True)
class StoredReference:
    """One version of a stored reference, by what is written beside it.

    `full_size` is (width, height) of the frames that it was made from, `made_at` when, in UTC.
    """

    camera: str
    name: str
    version: int
    full_size: Size
    made_at: datetime
    sha256: str
    path: Path
    origin: Origin = field(default_factory=Origin)

    @property
    def label(self) -> str:
        """How people and payloads name it: ``day@3``."""
        return f"{self.name}@{self.version}"

    @property
    def chosen(self) -> str:
        """Its label, or of which it repeats: what a camera that goes on with it compares with."""
        return self.origin.of or self.label


@dataclass(frozen=True, slots=True, eq=False)
class LoadedReference:
    """A stored reference with its arrays, checksum verified: what `Detector.remember` takes."""

    stored: StoredReference
    memory: dict[str, NDArray[Any]]


def own_name(kind: str) -> str:
    """Under which a running camera with a reference of this kind keeps what it has taken or learnt itself."""
    return "taken" if kind == "fixed" else "background"


class Store:
    """References on disk, one folder a camera. Safe for several processes: a version number is given once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(
        self,
        camera: str,
        name: str,
        memory: Memory,
        full_size: Size,
        keep: int | None = None,
        origin: Origin | None = None,
    ) -> StoredReference:
        """A new version, written whole; `keep` removes the oldest of this name beyond so many (None: none).

        Raises
        ------
        ReferenceUnusable : the name cannot be used, or the disk does not take it; nothing has changed then.
        """
        if keep is not None and keep < 1:
            raise ValueError(f"keep must be at least 1, not {keep}")
        folder = self._folder(camera, name)
        packed = _packed(memory)
        try:
            stored = _write_version(folder, camera, name, packed, full_size, origin or Origin())
            if keep is not None:
                self._prune(camera, name, keep)
        except OSError as error:
            raise ReferenceUnusable(
                f"the reference {name} of {camera} could not be written to {folder} ({error.strerror or error})"
            ) from None
        return stored

    def load(self, camera: str, name: str, version: int | None = None) -> LoadedReference:
        """A version (None: the newest) with its arrays.

        Raises
        ------
        ReferenceUnusable : there is none, or it is damaged; the sentence names the older one that is still whole.
        """
        stored = self.newest(camera, name) if version is None else self._find(camera, name, version)
        if stored is None:
            raise ReferenceUnusable(self._none_of(camera, name, version))
        return LoadedReference(stored, self._verified(stored))

    def list(self, camera: str) -> tuple[StoredReference, ...]:
        """Every finished version of a camera, by name, then oldest first; a damaged description is left out."""
        names = [folder.name for folder in _folders(self._folder(camera))]
        return tuple(one for name in names if _KEY.fullmatch(name) for one in self._versions(camera, name))

    def newest(self, camera: str, name: str) -> StoredReference | None:
        """The version with the highest number, or None; its arrays are not looked at.

        Raises
        ------
        ReferenceUnusable : its description is damaged. An older one is never taken for the newest in silence.
        """
        notes = self._notes(camera, name)
        return _described(notes[-1]) if notes else None

    def cameras(self) -> tuple[str, ...]:
        """The cameras that have references here, in order of name."""
        return tuple(path.name for path in _folders(self.folder) if _KEY.fullmatch(path.name))

    def damaged(self, camera: str) -> tuple[str, ...]:
        """A sentence about each version of a camera that cannot be used; empty when all are whole."""
        troubles = []
        for folder in _folders(self._folder(camera)):
            try:
                notes = [path for path in _entries(folder) if path.suffix == ".json"]
            except ReferenceUnusable as error:
                troubles.append(str(error))
                continue
            for note in notes:
                try:
                    self._verified(_described(note))
                except ReferenceUnusable as error:
                    troubles.append(str(error))
        return tuple(troubles)

    def _folder(self, camera: str, name: str | None = None) -> Path:
        for key in (camera, name):
            if key is not None and not _KEY.fullmatch(key):
                raise ReferenceUnusable(
                    f"{key[:80]!r} cannot name a reference or camera: write a small letter, then up to 31 small"
                    " letters, digits, - or _"
                )
        return self.folder / camera / name if name else self.folder / camera

    def _versions(self, camera: str, name: str) -> Sequence[StoredReference]:
        notes = self._notes(camera, name)
        return [stored for note in notes if (stored := _described_or_none(note)) is not None]

    def _notes(self, camera: str, name: str) -> Sequence[Path]:
        paths = _entries(self._folder(camera, name))
        return sorted((path for path in paths if path.suffix == ".json" and path.stem.isdecimal()), key=_number)

    def _find(self, camera: str, name: str, version: int) -> StoredReference | None:
        note = self._folder(camera, name) / f"{version}.json"
        with _looked_at(note):
            return _described(note) if note.is_file() else None

    def _verified(self, stored: StoredReference) -> dict[str, NDArray[Any]]:
        try:
            packed = stored.path.read_bytes()
            if hashlib.sha256(packed).hexdigest() != stored.sha256:
                raise ValueError("its checksum is not that of its description")
            with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
                return {key: arrays[key] for key in arrays.files}
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise ReferenceUnusable(
                f"the reference {stored.label} of {stored.camera} is damaged: {_words(error)};"
                f" {self._still_there(stored)}"
            ) from None

    def _still_there(self, stored: StoredReference) -> str:
        older = [one for one in self._versions(stored.camera, stored.name) if one.version < stored.version]
        return f"the older {older[-1].label} is still there" if older else "there is no older one"

    def _none_of(self, camera: str, name: str, version: int | None) -> str:
        wanted = name if version is None else f"{name}@{version}"
        known = ", ".join(one.label for one in self.list(camera)) or "none"
        return f"there is no reference {wanted} of {camera} in {self.folder} (stored: {known})"

    def _prune(self, camera: str, name: str, keep: int) -> None:
        for old in self._versions(camera, name)[:-keep]:
            # The description first: without it the arrays no longer count, with it they must be there.
            old.path.with_suffix(".json").unlink(missing_ok=True)
            old.path.unlink(missing_ok=True)


@contextmanager
def _looked_at(path: Path) -> Iterator[None]:
    """ReferenceUnusable where the disk does not let us look there: no permission, a name that is too long."""
    try:
        yield
    except OSError as error:
        raise ReferenceUnusable(
            f"the stored references in {path} cannot be looked at ({error.strerror or error})"
        ) from None


def _entries(folder: Path) -> Sequence[Path]:
    """What is in a folder, in order of name; nothing where there is no such folder."""
    with _looked_at(folder):
        try:
            return sorted(folder.iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []


def _folders(folder: Path) -> Sequence[Path]:
    with _looked_at(folder):
        return [path for path in _entries(folder) if path.is_dir()]


def _packed(memory: Memory) -> bytes:
    for key, array in memory.items():
        if array.dtype.hasobject:
            raise ValueError(f"the array {key!r} of a reference holds objects; only numbers are kept")
    buffer = io.BytesIO()
    arrays: dict[str, Any] = dict(memory)
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def _write_version(
    folder: Path, camera: str, name: str, packed: bytes, full_size: Size, origin: Origin
) -> StoredReference:
    folder.mkdir(parents=True, exist_ok=True)
    arrays = _claimed(folder)
    try:
        checksum = hashlib.sha256(packed).hexdigest()
        stored = StoredReference(
            camera, name, int(arrays.stem), full_size, datetime.now(UTC), checksum, arrays, origin
        )
        write_whole(arrays, packed)
        write_whole(arrays.with_suffix(".json"), json.dumps(_note(stored), indent=1).encode())
    except OSError:
        arrays.unlink(missing_ok=True)
        raise
    return stored


def _claimed(folder: Path) -> Path:
    """An empty file with the next free version number: who creates it, has the number."""
    version = 1 + max((_number(path) for path in folder.iterdir()), default=0)
    while True:
        path = folder / f"{version}.npz"
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            version += 1
        else:
            return path


def _note(stored: StoredReference) -> dict[str, Any]:
    return {
        "schema": _SCHEMA,
        "camera": stored.camera,
        "name": stored.name,
        "version": stored.version,
        "full_size": list(stored.full_size),
        "made_at": stored.made_at.isoformat(),
        "source": stored.origin.source,
        "pictures": stored.origin.pictures,
        "of": stored.origin.of,
        "sha256": stored.sha256,
    }


def _described(note: Path) -> StoredReference:
    try:
        told = json.loads(note.read_bytes())
        if told["schema"] != _SCHEMA:
            raise ValueError(f"it was written by a version of watcher with another format ({told['schema']!r})")
        width, height = told["full_size"]
        made_at = datetime.fromisoformat(told["made_at"])
        return StoredReference(
            camera=note.parent.parent.name,  # where it lies counts: a folder may have been copied
            name=note.parent.name,
            version=int(note.stem),
            full_size=(int(width), int(height)),
            made_at=made_at,
            sha256=str(told["sha256"]),
            path=note.with_suffix(".npz"),
            origin=_origin(told),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReferenceUnusable(
            f"the reference {note.parent.name}@{note.stem} of {note.parent.parent.name} is damaged:"
            f" its description cannot be read ({_words(error)})"
        ) from None


def _origin(told: dict[str, Any]) -> Origin:
    """What the description says of it; those of before said nothing."""
    pictures = told.get("pictures")
    return Origin(
        source=str(told.get("source", "")),
        pictures=None if pictures is None else int(pictures),
        of=str(told.get("of", "")),
    )


def _described_or_none(note: Path) -> StoredReference | None:
    try:
        return _described(note)
    except ReferenceUnusable:
        return None


def _number(path: Path) -> int:
    return int(path.stem) if path.stem.isdecimal() else 0


def _words(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error) or type(error).__name__
