"""What the libraries of pictures say past everybody: a line on standard error for every fault, beside our own."""

import contextlib
import faulthandler
import io
import os
import re
import sys
import threading
from collections.abc import Iterator

_CHATTER = re.compile(
    rb"Corrupt JPEG data: |Premature end of JPEG file|Invalid SOS parameters|Inconsistent progression sequence"
    rb"|Unknown Adobe color transform|Application transferred too|Warning: unknown JFIF|libpng (warning|error): "
    rb"|\[ WARN:\d"
)
"""The warnings of libjpeg and libpng, which OpenCV cannot switch off, and its own. Who reads the picture or opens
the camera says in a sentence of his own what is wrong, and with which."""
_LAST_WORDS = 0.2
"""Seconds for what has been said to be passed on at the end."""


@contextlib.contextmanager
def without_chatter() -> Iterator[None]:
    """Python's standard error goes where it went; what anybody else writes there passes through a thread, which
    leaves those lines out. Where the program crashes Python says where, whatever the thread could not pass on."""
    try:
        ours = os.dup(sys.stderr.fileno())
        from_others, to_us = os.pipe()
    except (OSError, AttributeError, ValueError):  # there is no standard error
        yield
        return
    before = {"stderr": sys.stderr, "__stderr__": sys.__stderr__}  # rich asks the latter how wide the terminal is
    moved = io.TextIOWrapper(
        io.FileIO(ours, "w", closefd=False), sys.stderr.encoding, sys.stderr.errors, line_buffering=True
    )
    vars(sys).update(dict.fromkeys(before, moved))
    faulthandler.enable(ours)
    os.dup2(to_us, 2)
    os.close(to_us)
    passing = threading.Thread(target=_pass_on, args=(from_others, ours), name="chatter", daemon=True)
    passing.start()
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(ours, 2)
        vars(sys).update(before)
        passing.join(_LAST_WORDS)


def _pass_on(source: int, to: int) -> None:
    """Line by line, also the last one without an end; a terminal that is gone does not stop those who write."""
    rest = b""
    while piece := os.read(source, 65536):
        *lines, rest = (rest + piece).split(b"\n")
        kept = b"".join(line + b"\n" for line in lines if not _CHATTER.match(line))
        with contextlib.suppress(OSError):
            os.write(to, kept)
    with contextlib.suppress(OSError):
        os.write(to, rest)
