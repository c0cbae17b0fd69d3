"""What a new configuration changes."""

import pytest

from watcher import config

OLD = """\
mqtt: {host: a}
defaults: {detector: {size: 200}}
cameras:
  a: {source: demo}
  b: {source: demo, detector: {size: 300}}
"""


@pytest.fixture
def read(tmp_path):
    def options(text):
        path = tmp_path / "config.yaml"
        path.write_text(text)
        return config.read(path).options

    return options


CHANGES = [
    ("", "", ((), (), (), False, False)),
    ("  a: {source: demo}", "  a:\n    source: {kind: demo}", ((), (), (), False, False)),
    ("  a: {source: demo}", "  a: {source: {kind: demo, seed: 8}}", ((), (), ("a",), False, False)),
    ("  a: {source: demo}", "  c: {source: demo}", (("c",), ("a",), (), False, False)),
    ("size: 200", "size: 400", ((), (), ("a",), False, False)),
    ("size: 200}}", "size: 200}, profile: plain}", ((), (), ("a", "b"), False, False)),
    ("host: a", "host: b", ((), (), (), True, False)),
    ("mqtt", "storage: {keep_days: 3}\nmqtt", ((), (), (), False, True)),
]


@pytest.mark.parametrize(("before", "after", "expected"), CHANGES)
def test_only_what_differs_in_force_is_a_change(read, before, after, expected):
    changes = config.changed(read(OLD), read(OLD.replace(before, after, 1) if before else OLD))
    got = (changes.added, changes.removed, changes.changed, changes.mqtt, changes.storage)
    assert got == expected
    assert bool(changes) == any(expected)
