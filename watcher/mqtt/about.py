"""What the daemon says of itself."""

import platform
from importlib import metadata
from typing import Any

from watcher import __version__


def about() -> dict[str, Any]:
    """What `<prefix>/about` says: versions, read without importing anything."""
    return {
        "schema": 1,
        "watcher": __version__,
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in ("opencv-python-headless", "numpy", "av", "paho-mqtt")},
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
