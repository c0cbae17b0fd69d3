"""Values written into a configuration that somebody has written: nothing else in it changes."""

import os

import pytest

from watcher import config
from watcher.config.editing import with_value, write_values
from watcher.errors import RequestRefused
from watcher.files import write_whole

PATH = ("cameras", "a", "events", "threshold")
WANTED = "0.6 %"

SHAPES = {
    "no section": ("cameras:\n  a:\n    source: demo  # x\n    # y\n  b:\n    source: demo\n", "source: demo  # x"),
    "flow section": ("cameras:\n  a:\n    source: demo\n    events: {rise: 1 s} # y\n", "} # y"),
    "block section": ("cameras:\n  a:\n    source: demo\n    events:\n      rise: 1 s # k\n      # z\n\n", "# z"),
    "all in flow": ("cameras: {a: {source: demo}}\n", "source: demo"),
    "trailing comma": ("cameras: {a: {source: demo, events: {rise: 1 s,}}}", "rise: 1 s"),
    "replaced": ("cameras:\n  a:\n    source: demo\n    events: {threshold: 3 %, rise: 1 s}\n", "rise: 1 s"),
    "quoted": ("cameras:\n  a:\n    source: demo\n    events:\n      threshold: '3 %' # q\n", " # q"),
    "empty section": ("cameras:\n  a:\n    source: demo\n    events:\n      # rise: 1 s\n", "# rise: 1 s"),
    "Windows": ("cameras:\r\n  a:\r\n    source: demo # x\r\n", "demo # x\r\n"),
    "no end of line": ("cameras:\n  a:\n    source: demo", "source: demo"),
    "a mark of byte order": ("\ufeffcameras:\n  a:\n    source: demo\n", "source: demo\n"),
    "a long text before": ("cameras:\n  a:\n    source: demo\n    name: >\n      long\n\n# end\n", "\n\n# end"),
    "a list before": (
        "cameras:\n  a:\n    source: demo\n    zones:\n      z:\n        points:\n          - [0, 0]\n"
        "          - [1, 0]\n          - [1, 1]  # last\n",
        "- [1, 1]  # last",
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_value_is_written_and_the_rest_stays(tmp_path, shape):
    text, stays = SHAPES[shape]
    file = tmp_path / "config.yaml"
    file.write_bytes(text.encode())
    before = config.read(file).options
    written = with_value(text, PATH, WANTED)
    file.write_bytes(written.encode())
    after = config.read(file).options
    assert after.cameras["a"].events.threshold == pytest.approx(0.006)
    assert after.cameras["a"].events.rise == before.cameras["a"].events.rise
    assert {key: one for key, one in after.cameras.items() if key != "a"} == {
        key: one for key, one in before.cameras.items() if key != "a"
    }
    assert stays in written
    assert ("\r\n" in text) == ("\r\n" in written)
    assert "\r\n" not in text or written.count("\n") == written.count("\r\n")


def test_what_hangs_on_an_alias_is_refused():
    text = "defaults:\n  events: &e {rise: 1 s}\ncameras:\n  a:\n    source: demo\n    events: *e\n"
    with pytest.raises(RequestRefused, match=r"cameras\.a\.events\.threshold .* by hand"):
        with_value(text, PATH, WANTED)


def meant(file, **events):
    from dataclasses import replace

    options = config.read(file).options
    camera = options.cameras["a"]
    return replace(
        options, cameras={**options.cameras, "a": replace(camera, events=replace(camera.events, **events))}
    )


def test_the_file_keeps_its_mode_and_a_link_stays_a_link(tmp_path):
    real, file = tmp_path / "real.yaml", tmp_path / "config.yaml"
    real.write_text("cameras:\n  a:\n    source: demo\n")
    real.chmod(0o640)
    file.symlink_to(real)
    write_values(file, {PATH: WANTED}, meant(file, threshold=0.006))
    assert file.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert "threshold: 0.6 %" in real.read_text()
    assert os.listdir(tmp_path) == ["real.yaml", "config.yaml"] or len(os.listdir(tmp_path)) == 2


@pytest.mark.parametrize(
    ("value", "says"), [("0.7 %", "by hand"), ("7 apples", "apples"), ("{", "by hand")],
)  # fmt: skip
def test_what_would_not_say_what_was_meant_is_not_written(tmp_path, value, says):
    file = tmp_path / "config.yaml"
    file.write_text("cameras:\n  a:\n    source: demo\n")
    with pytest.raises(RequestRefused, match=says):
        write_values(file, {PATH: value}, meant(file, threshold=0.006))
    assert file.read_text() == "cameras:\n  a:\n    source: demo\n"
    assert len(os.listdir(tmp_path)) == 1


def test_a_section_that_was_merged_in_is_not_torn_off(tmp_path):
    file = tmp_path / "config.yaml"
    text = "cameras:\n  b: &b\n    source: demo\n    events: {rise: 1 s}\n  a:\n    <<: *b\n"
    file.write_text(text)
    with pytest.raises(RequestRefused, match="by hand"):
        write_values(file, {PATH: WANTED}, meant(file, threshold=0.006))
    assert file.read_text() == text


def test_a_file_is_written_like_the_one_before(tmp_path):
    file = tmp_path / "x"
    file.write_bytes(b"old")
    file.chmod(0o600)
    write_whole(file, b"new", file.stat())
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"new", 0o600)
