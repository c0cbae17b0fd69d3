"""``watcher run`` as a process of its own, and what it says."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from tests.support.wait import until

ROOT = Path(__file__).parents[2]


class Daemon:
    """The daemon on the configuration in `folder`; `said` is its log, `printed` its standard output."""

    def __init__(self, folder: Path) -> None:
        self.said: list[str] = []
        self.printed: list[str] = []
        self.child = subprocess.Popen(
            [sys.executable, "-m", "watcher", "run", "--config", "config.yaml"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        self._readers = [
            threading.Thread(target=lines.extend, args=(stream,), daemon=True)
            for stream, lines in ((self.child.stderr, self.said), (self.child.stdout, self.printed))
        ]
        for reader in self._readers:
            reader.start()

    def says(self, text: str, timeout: float = 20) -> str:
        """The first line of its log with this text, as soon as there is one."""

        def line() -> str | None:
            assert self.child.poll() is None, "".join(self.said)
            return next((one for one in list(self.said) if text in one), None)

        return until(line, timeout, f"it says {text!r}; it said {self.said}") or ""

    def terminate(self, timeout: float = 10) -> int:
        """Its exit status after SIGTERM."""
        self.child.send_signal(signal.SIGTERM)
        return self.ended(timeout)

    def ended(self, timeout: float) -> int:
        """Its exit status when it has ended, with all that it said."""
        status = self.child.wait(timeout)
        for reader in self._readers:
            reader.join(5)
        return status

    def kill(self) -> None:
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
