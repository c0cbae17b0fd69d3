"""Pictures in files: reading one within bounds, those of a folder in order, and the mean of several."""

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from watcher.errors import PictureUnreadable, ReferenceUnusable, SourceUnavailable
from watcher.sources.encoded import MAX_BYTES, encoded_pixels
from watcher.sources.folder import listed
from watcher.vision.arrays import U8


def read_picture(path: Path | str) -> U8:
    """A picture file as uint8 BGR of shape (H, W, 3).

    Raises
    ------
    PictureUnreadable : there is none, or it is no picture, broken, cut off or too large; the file is named.
    """
    path = Path(path)
    try:
        if not path.is_file():  # a pipe or device would be waited on for ever
            raise PictureUnreadable("it is not a file" if path.exists() else "there is no such file")
        size = path.stat().st_size
        if size == 0:
            raise PictureUnreadable("the file is empty")
        if size > MAX_BYTES:
            raise PictureUnreadable(f"the file has {size} bytes; at most {MAX_BYTES} are read")
        return encoded_pixels(path.read_bytes()).bgr()
    except PictureUnreadable as error:
        raise PictureUnreadable(f"{shown(path)}: {error}") from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        reason = getattr(error, "strerror", None) or error
        raise PictureUnreadable(f"{shown(path)}: the file cannot be read ({reason})") from None


def picture_files(folder: Path) -> tuple[Path, ...]:
    """The pictures of a folder by their suffix, in natural order (2 before 10); nothing hidden.

    Raises
    ------
    ReferenceUnusable : the folder cannot be read, or has no pictures.
    """
    try:
        files = listed(str(folder))
    except SourceUnavailable as error:
        raise ReferenceUnusable(str(error)) from None
    if not files:
        raise ReferenceUnusable(f"the folder {shown(folder)} has no pictures")
    return tuple(files)


def mean_picture(pictures: Iterable[U8]) -> U8:
    """The mean of pictures of one size, uint8 BGR; they are taken one at a time.

    Noise and what stands in few of them fades; what moves between them is blurred.

    Raises
    ------
    ReferenceUnusable : there are none, or their sizes differ.
    """
    total: NDArray[np.uint32] | None = None
    first: U8 | None = None
    count = 0
    for picture in pictures:
        count += 1
        if first is None:
            first = picture
            continue
        if picture.shape != first.shape:
            raise ReferenceUnusable(
                f"good samples must have one size: the first is {first.shape[1]}x{first.shape[0]},"
                f" number {count} is {picture.shape[1]}x{picture.shape[0]}"
            )
        total = first.astype(np.uint32) + picture if total is None else np.add(total, picture, out=total)
    if first is None:
        raise ReferenceUnusable("there are no good samples")
    return first if total is None else ((total + count // 2) // count).astype(np.uint8)


def shown(path: Path) -> str:
    """A path for people: bytes that are not text are shown as such."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
