"""Files read within bounds, never a pipe or device, which would be waited on for ever; files written whole; and
a file that only one process can hold."""

import contextlib
import errno
import fcntl
import os
import stat
from pathlib import Path


def read_small(path: Path, most: int) -> tuple[bytes, int]:
    """The bytes of a regular file and its mode; one byte more than `most` says that it is too large.

    Raises
    ------
    OSError : it cannot be opened or read, or is not a regular file.
    ValueError : no file can have such a name.
    """
    with open(path, "rb", opener=_opened) as file:
        mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "it is a pipe or device; only regular files are read")
        return file.read(most + 1), mode


def write_whole(path: Path, data: bytes, like: os.stat_result | None = None) -> None:
    """The file appears complete or not at all, also where the power fails; OSError where it cannot be written.

    With the mode and owner of `like`, where that is given: what the file was that it replaces.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644), "wb") as file:
            if like is not None:
                os.fchmod(file.fileno(), stat.S_IMODE(like.st_mode))
                with contextlib.suppress(PermissionError):  # only root may give files away
                    os.fchown(file.fileno(), like.st_uid, like.st_gid)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def claimed(path: Path) -> int | None:
    """An open file that nobody else can claim until it is closed or we end, however we end; None where another has
    it. OSError where it cannot be made."""
    claim = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(claim)
        return None
    except OSError:
        os.close(claim)
        raise
    return claim


def _opened(path: str, flags: int) -> int:
    # Looked at before it is read, and without waiting for somebody to write into a pipe.
    return os.open(path, flags | os.O_NONBLOCK)
