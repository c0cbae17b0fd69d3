"""What a command reads must not be what it writes: looked at as files, whatever they are called."""

from collections.abc import Iterable
from pathlib import Path

from watcher.errors import RequestRefused

Identity = tuple[int, int]
"""Device and number of a file: the same under every name and behind every link."""


def refuse_overwriting(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """RequestRefused where one of `outputs` is one of `inputs`, also by another name."""
    read = {identity: path for path in inputs if (identity := _identity(path)) is not None}
    for output in outputs:
        identity = _identity(output)
        if identity in read:
            raise RequestRefused(f"{output} would overwrite {read[identity]}, which is read; name another place")


def files_of(place: Path) -> tuple[Path, ...]:
    """The file, or all that lies in the folder."""
    try:
        return tuple(place.iterdir()) if place.is_dir() else (place,)
    except (OSError, ValueError):
        return ()  # whoever reads it says why it cannot be read


def _identity(path: Path) -> Identity | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None  # there is none: nothing can be overwritten
    return status.st_dev, status.st_ino
