"""How the process asks its system for memory, and gives it back."""

import ctypes
import os

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Of mallopt(3)."""
_KEPT = 1 << 18


def keep_small() -> None:
    """Give whole pictures back as soon as they are let go of; before the first thread starts and NumPy is imported.

    The C library gives each thread a heap of its own, and learns from the first picture that is freed to keep such
    large pieces for the next time: a daemon that draws a picture now and then would keep the most that it ever
    needed, once for each thread. What is smaller (all that is float at the analysed size) stays at hand.
    """
    # Pictures on pages of 2 MB are rounded up to them.
    os.environ.setdefault("NUMPY_MADVISE_HUGEPAGE", "0")
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None and "CS_GNU_LIBC_VERSION" in os.confstr_names:
        for option, value in ((_ARENA_MAX, 1), (_MMAP_THRESHOLD, _KEPT), (_TRIM_THRESHOLD, _KEPT)):
            mallopt(option, value)
