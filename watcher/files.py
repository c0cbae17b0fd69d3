"""Small files that people write, read within bounds: never a pipe or device, which would be waited on for ever."""

import errno
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


def _opened(path: str, flags: int) -> int:
    # Looked at before it is read, and without waiting for somebody to write into a pipe.
    return os.open(path, flags | os.O_NONBLOCK)
