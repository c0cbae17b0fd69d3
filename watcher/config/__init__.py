"""config.yaml to options: the only reader of the file.

    read(path) -> Loaded        the options, complete, or ConfigError with every problem and its place
    read_apart(path) -> Loaded  the same by a process of its own, which leaves nothing behind in this one
    find(named) -> Path         the file that is meant
    changed(old, new) -> Changes
    schema() -> dict            JSON Schema for editors
    reference() -> str          the tables of the README

Looked up when asked for: YAML and pydantic are loaded by those who read a file.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from watcher.config.apart import read_apart
    from watcher.config.changes import Changes, changed
    from watcher.config.options import Options
    from watcher.config.reading import Loaded, find, read
    from watcher.config.schemas import schema
    from watcher.config.tables import reference

__all__ = ["Changes", "Loaded", "Options", "changed", "find", "read", "read_apart", "reference", "schema"]

_WHERE = {
    "Changes": "changes", "changed": "changes", "Options": "options", "Loaded": "reading", "find": "reading",
    "read": "reading", "read_apart": "apart", "schema": "schemas", "reference": "tables",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
