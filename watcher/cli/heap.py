"""How the process asks its system for memory, and gives it back."""

import ctypes
import os
import re
import time
from collections.abc import Callable

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Of mallopt(3)."""
_KEPT = 1 << 18
_DONTNEED = 4
"""Of madvise(2), on Linux."""
_PAGES_AT_FIRST, _PAGES_EVERY = 2.0, 600.0
"""Seconds between two times that pages are given back: twice as many after each, up to these."""
_MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (r--p|r-xp) [0-9a-f]+ \S+ [1-9]\d*\s+/")


def keep_small() -> None:
    """Give whole pictures back as soon as they are let go of; before the first thread starts and NumPy is imported.

    The C library gives each thread a heap of its own, and learns from the first picture that is freed to keep such
    large pieces for the next time: a daemon that draws a picture now and then would keep the most that it ever
    needed, once for each thread. What is smaller (all that is float at the analysed size) stays at hand.
    """
    # Pictures on pages of 2 MB are rounded up to them.
    os.environ.setdefault("NUMPY_MADVISE_HUGEPAGE", "0")
    if _is_gnu():
        for option, value in ((_ARENA_MAX, 1), (_MMAP_THRESHOLD, _KEPT), (_TRIM_THRESHOLD, _KEPT)):
            ctypes.CDLL(None).mallopt(option, value)


class Leftovers:
    """Gives back what nobody needs any more; to be called every few seconds.

    Each time it is what cameras lend each other, of which they take what they need anew, and the holes in the heap:
    that takes less than a millisecond. At first, and ever more seldom, it is what only starting needed: loading a
    library touches much of it once (relocations, constructors, tables of names), and all that was touched stays
    mapped: of OpenCV, FFmpeg and NumPy 40 MB, of which 15 MB are used again. Pages of a file that were never
    written to are the file's own; the system maps them again where they are used, and they are in its cache.
    """

    def __init__(self, let_go: Callable[[], None] = lambda: None) -> None:
        self._let_go = let_go
        self._pages_at, self._pages_after = 0.0, _PAGES_AT_FIRST

    def __call__(self) -> None:
        if not _is_gnu():
            return
        if time.monotonic() >= self._pages_at:
            self._pages_at = time.monotonic() + self._pages_after
            self._pages_after = min(2 * self._pages_after, _PAGES_EVERY)
            libc = ctypes.PyDLL(None)  # holds the interpreter: nobody loads a library meanwhile
            for begin, end in _untouched():
                libc.madvise(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), _DONTNEED)
        self._let_go()
        ctypes.CDLL(None).malloc_trim(0)


def _is_gnu() -> bool:
    return hasattr(ctypes.CDLL(None), "mallopt") and "CS_GNU_LIBC_VERSION" in os.confstr_names


def _untouched() -> list[tuple[int, int]]:
    """Where files are mapped to be read or executed alone, and nothing was written (as relocating does)."""
    found: list[tuple[int, int]] = []
    mapping = None
    try:
        with open("/proc/self/smaps") as lines:
            for line in lines:
                if line.startswith("Anonymous:"):
                    if mapping is not None and line.split()[1] == "0":
                        found.append((int(mapping[1], 16), int(mapping[2], 16)))
                    mapping = None
                elif line[0] in "0123456789abcdef":
                    mapping = _MAPPING.match(line)
    except OSError:
        return []
    return found
