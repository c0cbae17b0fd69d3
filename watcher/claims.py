"""Folders that only one daemon may use: two would overwrite each other's references and outbox, and remove each
other's pictures."""

import os
from pathlib import Path

from watcher.errors import ConfigError
from watcher.files import claimed


class Claims:
    """The folders that we have, until they are let go of or we end, however we end."""

    def __init__(self) -> None:
        self._claims: dict[str, int] = {}

    def claim(self, folder: str, config: Path) -> None:
        """Have this folder; ConfigError, which names the file `config`, where another daemon has it."""
        real = os.path.realpath(folder)
        if real in self._claims:
            return
        try:
            Path(real).mkdir(parents=True, exist_ok=True)
            claim = claimed(Path(real) / "daemon.lock")
        except OSError:
            return  # read-only, full, or no locks there: whoever has to write says so, and the daemon watches
        if claim is None:
            raise ConfigError(
                f"{config}: storage.folder: another daemon uses {real}; end it, or write another folder here"
            )
        self._claims[real] = claim

    def let_go_but(self, folder: str | None = None) -> None:
        """Leave every folder to others, but this."""
        kept = None if folder is None else os.path.realpath(folder)
        for real in [real for real in self._claims if real != kept]:
            os.close(self._claims.pop(real))
