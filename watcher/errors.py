"""Every exception that watcher raises on purpose.

    WatcherError
    ├── ConfigError            config.yaml is wrong; says where and what to write instead
    ├── PictureUnreadable      not a picture, broken, or too large to decode
    ├── SourceError
    │   ├── SourceUnavailable  could not be opened
    │   └── SourceLost         was open, stopped giving frames
    ├── ReferenceUnusable      missing, wrong size, broken
    ├── RequestRefused         a command that cannot be obeyed, and why
    └── SinkError              could not deliver; may be tried again

A caller's mistake is a ``ValueError`` or ``TypeError`` at the door of the function. A fact of the world
is one of these, caught in exactly one place. The command line turns it into one line and exit status 2.
"""


class WatcherError(Exception):
    """A fact of the world that stops one piece of work; its text is one sentence for a person."""


class ConfigError(WatcherError):
    """The configuration is wrong: what, where, and what to write instead."""


class PictureUnreadable(WatcherError):
    """Not a picture, a broken one, or one too large to decode."""


class SourceError(WatcherError):
    """Something about a camera or a recording."""


class SourceUnavailable(SourceError):
    """The source could not be opened."""


class SourceLost(SourceError):
    """The source was open and stopped giving frames."""


class ReferenceUnusable(WatcherError):
    """A reference is missing, broken, or of another size than the pictures."""


class RequestRefused(WatcherError):
    """A command that cannot be obeyed, and why."""


class SinkError(WatcherError):
    """Something could not be delivered; it may be tried again."""
