"""A file read by a process of its own: the same as read here, and nothing of the reader stays."""

import subprocess
import sys

import pytest

from watcher import config
from watcher.errors import ConfigError

TEXT = """\
mqtt: {host: broker, user: me, password: {env: SECRET}}
storage: {keep_free: 2 GB}
cameras: {porch: {source: demo, zones: {door: {points: [[0, 0], [0.5, 0], [0.5, 0.5]]}}}}
"""


def test_it_is_the_same_as_read_here(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET", "words")
    path = tmp_path / "config.yaml"
    path.write_text(TEXT)
    apart = config.read_apart(path)
    assert apart == config.read(path)
    secret = apart.options.mqtt[0].password
    assert secret is not None
    assert secret.text() == "words"


def test_it_is_refused_in_the_same_words(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("cameras: {porch: {source: demo, profil: home}, 7: {source: 3}}")
    said = []
    for read in (config.read, config.read_apart):
        with pytest.raises(ConfigError) as refused:
            read(path)
        said.append(str(refused.value))
    assert said[0] == said[1]
    assert "\n" in said[0]


def test_a_path_that_no_process_can_be_given_is_refused_as_well():
    with pytest.raises(ConfigError, match="cannot be read"):
        config.read_apart("null\0byte")


def test_what_reads_is_not_loaded_here(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("cameras: {porch: {source: demo}}")
    program = (
        "import sys; from watcher import config; import watcher.service\n"
        f"assert config.read_apart({str(path)!r}).options.cameras['porch']\n"
        "print({'pydantic', 'yaml'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.strip() == "set()"


def test_a_reader_that_fails_says_why(tmp_path, monkeypatch):
    reader = tmp_path / "python"
    reader.write_text("#!/bin/sh\necho no room >&2\nexit 1\n")
    reader.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(reader))
    with pytest.raises(ConfigError, match="reading it failed: no room"):
        config.read_apart(tmp_path / "config.yaml")
