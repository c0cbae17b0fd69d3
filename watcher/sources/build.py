"""From settings to a source."""

from typing import cast

from watcher.plugins import load
from watcher.sources import KINDS, Source
from watcher.sources.options import CustomOptions, SourceOptions


def make_source(options: SourceOptions, camera: str) -> Source:
    """A source for these settings, not opened yet; `camera` is the name to log under.

    A source is used once: one that was closed, or was lost, does not open again. Make a new one for every attempt.

    Raises
    ------
    ValueError : the class that a kind of the user's own names cannot be imported; one sentence.
    """
    if isinstance(options, CustomOptions):
        return cast(Source, load(options.kind)(options.settings, camera))
    return cast(Source, load(KINDS[options.kind][1])(options, camera))
