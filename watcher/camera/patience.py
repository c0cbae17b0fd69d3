"""How long a camera is waited for: every such number in one place."""

from dataclasses import dataclass
from typing import Any


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


def patience_with(source: Any) -> Patience:
    """What suits a source, from its options: one picture a minute is not lost after five seconds."""
    every = getattr(source, "every", None) or 1 / (getattr(source, "fps", None) or 10.0)
    timeout = getattr(source, "timeout", 10.0)
    usual = Patience()
    return Patience(
        lost_after=max(usual.lost_after, 2 * every + (timeout if every > 1 else 0)),
        first_within=max(usual.first_within, timeout + every + 5),
        close_after=max(usual.close_after, timeout + every + 5),
        open_within=max(usual.open_within, 3 * timeout + 10),
    )
