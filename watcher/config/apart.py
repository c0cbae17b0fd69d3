"""config.yaml read by a process of its own, for who runs for long.

What reads and checks it is needed once, for a moment, and would take 14 MB for as long as the daemon runs.
"""

import logging
import os
import pickle
import subprocess
import sys
from pathlib import Path as File

from watcher.config.reading import Loaded, read
from watcher.errors import ConfigError

log = logging.getLogger(__name__)

LONGEST = 30.0
"""Seconds that reading may take: on the slowest machine it takes three."""


def read_apart(path: str | os.PathLike[str]) -> Loaded:
    """The same as `read`, also in what it raises."""
    # The child finds the very modules that are found here.
    found = {"PYTHONPATH": os.pathsep.join(os.path.abspath(place) for place in sys.path)}
    command = [sys.executable, "-P", "-m", __spec__.name, os.fspath(path)]
    try:
        # In a session of its own: Ctrl-C is for us, and the reading is over in a moment anyway.
        child = subprocess.run(
            command, capture_output=True, env={**os.environ, **found}, start_new_session=True, check=False,
            timeout=LONGEST,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ConfigError(f"{path}: reading it took longer than {LONGEST:g} s") from None
    except (OSError, ValueError):  # no room for another process, or a path that none can be given: as well here
        return read(path)
    if child.returncode != 0:
        words = child.stderr.decode("utf-8", "replace").strip()
        log.debug("%s", words)
        why = words.splitlines()[-1] if words else f"status {child.returncode}"
        raise ConfigError(f"{path}: reading it failed: {why}")
    told: Loaded | str = pickle.loads(child.stdout)
    if isinstance(told, str):
        raise ConfigError(told)
    return told


def main() -> None:
    """In the child: what was read, or why not, pickled, to standard output."""
    told: Loaded | str
    try:
        told = read(File(sys.argv[1]))
    except ConfigError as error:
        told = str(error)
    sys.stdout.buffer.write(pickle.dumps(told))


if __name__ == "__main__":
    main()
