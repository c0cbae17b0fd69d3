"""How long a camera is waited for: every such number in one place."""

import math
from dataclasses import dataclass
from typing import Any

from watcher.sources.options import DemoOptions, FolderOptions, VideoOptions


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds.

    Attributes
    ----------
    lost_after : without a frame for so long a camera counts as lost.
    first_within : the same for the first frame after opening: a stream begins at its next key frame.
    close_after : silent for so long, a source is closed from outside. Longer than its own timeout, which comes
        with a better reason.
    open_within : the same while it opens.
    grace : how long a closed source may take to come back before its thread is left behind.
    """

    lost_after: float = 5.0
    first_within: float = 20.0
    close_after: float = 15.0
    open_within: float = 40.0
    grace: float = 5.0


WATCHED_FOLDER = Patience(lost_after=40.0, first_within=40.0, close_after=60.0)
"""It says every few seconds that it is there, however rarely a picture comes. Not a word for so long means that
the disk hangs; one full of pictures may take its time."""


def patience_with(source: Any) -> Patience:
    """What suits a source, from its options: one picture a minute is not lost after five seconds."""
    if isinstance(source, FolderOptions) and source.watch:
        return WATCHED_FOLDER
    if isinstance(source, (VideoOptions, FolderOptions, DemoOptions)):
        # A recording may pause for as long as it likes, also at its own speed.
        return Patience(lost_after=math.inf, first_within=math.inf, close_after=math.inf)
    every = interval(source)
    timeout = getattr(source, "timeout", 10.0)
    usual = Patience()
    return Patience(
        lost_after=max(usual.lost_after, 2 * every + (timeout if every > 1 else 0)),
        first_within=max(usual.first_within, timeout + every + 5),
        close_after=max(usual.close_after, timeout + every + 5),
        open_within=max(usual.open_within, 3 * timeout + 10),
    )


def interval(source: Any) -> float:
    """Seconds from one picture to the next that a source's options ask for; a tenth where they do not say."""
    return float(getattr(source, "every", None) or 1 / (getattr(source, "fps", None) or 10.0))
