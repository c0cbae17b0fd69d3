"""Folders that only one daemon may use."""

from pathlib import Path

import pytest

from watcher.claims import Claims
from watcher.errors import ConfigError

CONFIG = Path("config.yaml")


def test_a_folder_is_for_one_alone_until_it_is_let_go_of(tmp_path: Path) -> None:
    ours, theirs = Claims(), Claims()
    ours.claim(str(tmp_path / "data"), CONFIG)
    ours.claim(str(tmp_path / "x" / ".." / "data"), CONFIG)  # the same
    with pytest.raises(ConfigError, match=r"config.yaml: storage.folder: another daemon uses .*data; end it"):
        theirs.claim(str(tmp_path / "data"), CONFIG)
    ours.let_go_but()
    theirs.claim(str(tmp_path / "data"), CONFIG)
    theirs.let_go_but()


def test_all_folders_are_let_go_of_but_one(tmp_path: Path) -> None:
    ours, theirs = Claims(), Claims()
    for name in ("one", "other"):
        ours.claim(str(tmp_path / name), CONFIG)
    ours.let_go_but(str(tmp_path / "other"))
    theirs.claim(str(tmp_path / "one"), CONFIG)
    with pytest.raises(ConfigError):
        theirs.claim(str(tmp_path / "other"), CONFIG)
    ours.let_go_but()
    theirs.let_go_but()


def test_a_folder_that_cannot_be_made_is_left_to_those_who_have_to_write(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    claims = Claims()
    claims.claim(str(tmp_path / "file" / "data"), CONFIG)
    claims.let_go_but()
