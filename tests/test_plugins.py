"""Finding an implementation by its name."""

import sys

import pytest

from watcher.plugins import load


def test_what_is_named_is_found_and_imported_only_then():
    from watcher.vision.geometry import Box

    assert load("watcher.vision.geometry:Box") is Box


@pytest.fixture
def planted(tmp_path, monkeypatch):
    """Modules of a user's own."""
    (tmp_path / "planted_camera.py").write_text("class Thermal: pass\nTHREE = 3\n")
    (tmp_path / "planted_needy.py").write_text("import no_such_module_at_all\n")
    (tmp_path / "planted_rude.py").write_text("raise SystemExit('no camera')\n")
    (tmp_path / "planted_broken.py").write_text("class Thermal(:\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    for name in [name for name in sys.modules if name.startswith("planted_")]:
        del sys.modules[name]


def test_a_users_own_module_is_found(planted):
    assert "planted_camera" not in sys.modules
    assert load("planted_camera:Thermal").__name__ == "Thermal"
    assert load("planted_camera:THREE") == 3


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("", "'' does not name a class; write package.module:Class"),
        ("module", "'module' does not name a class; write package.module:Class"),
        ("module:", "does not name a class"),
        ("planted_rude:Thermal", "planted_rude cannot be imported .SystemExit: no camera."),
        (":Class", "does not name a class"),
        (".module:Class", "does not name a class"),
        ("no_such_package.module:Class", "no_such_package.module cannot be imported"),
        ("watcher..vision:Class", "cannot be imported"),
        ("watcher.vision.geometry:Nothing", "watcher.vision.geometry has no Nothing"),
        ("watcher.vision.geometry:Box:area", "watcher.vision.geometry has no Box:area"),
        ("planted_needy:Camera", "planted_needy cannot be imported .*no_such_module_at_all"),
        ("planted_broken:Thermal", "planted_broken cannot be imported .*invalid syntax"),
        ("planted_camera:Optical", "planted_camera has no Optical"),
    ],
)
def test_what_cannot_be_found_is_said(planted, spec, words):
    with pytest.raises(ValueError, match=words):
        load(spec)
