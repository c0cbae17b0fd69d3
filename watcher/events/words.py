"""The reasons of events and near misses in words, for people."""

from watcher.events.look import WHOLE, Extent
from watcher.quantities import percent
from watcher.vision.detection import StillCause
from watcher.vision.frame import Gap

_GAPS = {
    "lost": "the camera was lost",
    "frozen": "the camera's picture is frozen",
    "obscured": "the camera is obscured",
    "paused": "watching was paused",
    "reloaded": "the settings were loaded again",
    "stopped": "watching was stopped",
    "crashed": "watching broke off",
}


def seconds(duration: float) -> str:
    """``0.4 s``."""
    return f"{duration:.1f} s"


def changed(extent: Extent) -> str:
    """``changed 3.4 % of zone door``."""
    place = "the picture" if extent.key == WHOLE else f"zone {extent.key}"
    return f"changed {percent(extent.fraction)} of {place}"


def going_on(extent: Extent, duration: float) -> str:
    """``changed 3.4 % of zone door for 0.4 s (threshold 1.0 %)``."""
    return f"{changed(extent)} for {seconds(duration)} (threshold {percent(extent.threshold)})"


def gone(duration: float, traces: bool) -> str:
    """Why an event fell, or is about to; `traces`: something was changed still, but too little to count."""
    what = "less than half of the threshold" if traces else "nothing"
    return f"{what} changed for {seconds(duration)}"


def settled(cause: StillCause, duration: float) -> str:
    """What stayed, and for how long it has been still."""
    if cause == "appeared":
        return f"something appeared; what is left of the change has been still for {seconds(duration)}"
    return f"something was removed; what is left of the change has been still for {seconds(duration)}"


def too_long(limit: float) -> str:
    """Why an event that goes on was ended."""
    return f"still going on after {seconds(limit)}, the longest an event may last"


def unseen(outcome: str, duration: float, detail: str) -> str:
    """Why an event was ended of which nothing is known any more."""
    what = "the reference is learnt anew" if outcome == "learning" else "the pictures cannot be compared"
    return f"{what} for {seconds(duration)}" + (f": {detail}" if detail else "")


def gap(missing: Gap) -> str:
    """Why frames are missing."""
    sentence = _GAPS.get(missing.reason, f"frames are missing ({missing.reason})")
    return sentence + (f": {missing.detail}" if missing.detail else "")


def too_short(extent: Extent, duration: float, frames: int, rise: float) -> str:
    """Why a change that counted was not confirmed."""
    if frames < 2:
        return f"{changed(extent)} in one frame only"
    return f"{changed(extent)} for {seconds(duration)} only (rise {seconds(rise)})"


def too_little(extent: Extent) -> str:
    """Why a change did not count."""
    return f"{changed(extent)}, below the threshold of {percent(extent.threshold)}"


def stayed_put(extent: Extent, farthest: float, travel: float) -> str:
    """Why a change that would have counted did not: it got nowhere."""
    return f"{changed(extent)}, but moved {percent(farthest)} of the width (threshold {percent(travel)})"


def wrong_size(extent: Extent, share: float, smallest: float, largest: float) -> str:
    """Why a change that would have counted did not: no piece of it is of a size that counts."""
    limit = f"smallest {percent(smallest)}" if share < smallest else f"largest {percent(largest)}"
    return f"{changed(extent)}, but in a piece of {percent(share)} of the picture ({limit})"


def too_soon(extent: Extent, cooldown: float) -> str:
    """Why a change that counted began nothing."""
    return f"{changed(extent)} within the cooldown of {seconds(cooldown)} after an event"


def joined(*parts: str) -> str:
    """The parts that say something, in one sentence."""
    return "; ".join(part for part in parts if part)
