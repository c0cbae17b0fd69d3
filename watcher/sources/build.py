"""From settings to a source."""

from typing import Any, cast

from watcher.errors import SourceUnavailable
from watcher.plugins import load
from watcher.sources import KINDS, Source
from watcher.sources.options import CustomOptions, SourceOptions

_PARTS = ("live", "open", "frames", "close")
"""What every source has."""


def make_source(options: SourceOptions, camera: str) -> Source:
    """A source for these settings, not opened yet; `camera` is the name to log under.

    A source is used once: one that was closed, or was lost, does not open again. Make a new one for every attempt.

    Raises
    ------
    ValueError : the class that a kind of the user's own names cannot be imported; one sentence.
    SourceUnavailable : that class cannot be built, or is no source; one sentence.
    """
    if isinstance(options, CustomOptions):
        return _built(load(options.kind), options, camera)
    return cast(Source, load(KINDS[options.kind][1])(options, camera))


def _built(kind: Any, options: CustomOptions, camera: str) -> Source:
    try:
        source = kind(options.settings, camera)
        lacks = [name for name in _PARTS if not hasattr(source, name)]
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a class of the user's own may raise anything
        raise SourceUnavailable(
            f"the source {options.kind} cannot be built ({type(error).__name__}: {error})"
        ) from None
    if lacks:
        raise SourceUnavailable(f"{options.kind} gives no source: what it builds has no {', '.join(lacks)}")
    return cast(Source, source)
