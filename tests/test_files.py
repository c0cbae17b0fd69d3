"""Small files that people write."""

import os

import pytest

from watcher.files import read_small


def test_what_is_there_and_one_byte_more_than_may_be(tmp_path):
    file = tmp_path / "a"
    file.write_bytes(b"12345")
    file.chmod(0o640)
    data, mode = read_small(file, 5)
    assert (data, mode & 0o777) == (b"12345", 0o640)
    assert read_small(file, 3)[0] == b"1234"
    (tmp_path / "link").symlink_to(file)
    assert read_small(tmp_path / "link", 5)[0] == b"12345"


def test_nothing_is_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero"):
        with pytest.raises(OSError, match="only regular files are read"):
            read_small(path, 5)
    with pytest.raises(IsADirectoryError):
        read_small(tmp_path, 5)
