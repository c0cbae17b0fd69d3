"""watcher: says, truthfully and at once, what has changed before a camera."""

__version__ = "0.1.0"
