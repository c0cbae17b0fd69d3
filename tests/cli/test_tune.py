"""``watcher tune``: what it says of a recording and of a camera, and what it writes."""

import re

import pytest

from tests.support import scenes
from watcher import config
from watcher.cli import main
from watcher.vision.geometry import Box


def flickering(n):
    """Somebody passes; then a small light blinks in a corner."""
    if 40 <= n < 90:
        return [Box(5 * (n - 40), 60, 5 * (n - 40) + 40, 140)]
    return [Box(280, 20, 296, 36)] if n % 25 < 6 and 95 < n < 240 else []


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    pictures = (scenes.picture(n, boxes=flickering(n), color=(20, 30, 40)) for n in range(260))
    return scenes.write_clip(tmp_path_factory.mktemp("tune") / "yard.mp4", pictures, options={"crf": "10"})


@pytest.fixture
def at(tmp_path, monkeypatch, clip):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "yard.mp4").symlink_to(clip)
    return tmp_path


def test_a_recording(at, capsys):
    assert main(["tune", "yard.mp4"]) == 0
    said = capsys.readouterr().out
    assert "watched 25.9 s of yard.mp4: 260 frames, 10 a second; profile home" in said
    assert re.search(
        r"as it is: 0.3 %, rise 0.3 s, sensitivity 50 % +\d+ events, \d+ an hour: 1 passed through", said
    )
    assert "(not with the proposal)" in said
    assert "--write puts it into the camera's section" in said
    assert "under ignore" in said


def test_what_is_proposed_is_written_and_the_rest_stays(at, capsys):
    text = "# mine\ncameras:\n  yard:\n    source: yard.mp4  # the yard\n    # events: {rise: 9 s}\n"
    (at / "config.yaml").write_text(text)
    assert main(["tune", "yard.mp4", "--camera", "yard", "--write"]) == 0
    said = capsys.readouterr().out
    written = (at / "config.yaml").read_text()
    assert "written into config.yaml" in said
    assert re.sub(r"    (events|detector): \{.*\}\n", "", written.replace("    # events", "#KEEP")) == text.replace(
        "    # events", "#KEEP"
    )
    camera = config.read(at / "config.yaml").options.cameras["yard"]
    now = (camera.detector.sensitivity, camera.events.threshold, camera.events.rise)
    assert now != (0.5, 0.003, 0.3)
    assert main(["tune", "yard.mp4", "--camera", "yard"]) == 0
    assert "as it is" in capsys.readouterr().out


def test_a_camera_is_watched_for_a_while(at, capsys):
    (at / "config.yaml").write_text("cameras:\n  yard:\n    source: {kind: video, path: yard.mp4, pace: real}\n")
    assert main(["tune", "yard", "--for", "3 s", "--quiet"]) == 0
    said = capsys.readouterr().out
    seconds = float(re.search(r"watched ([\d.]+) s of yard", said)[1])
    assert 2 < seconds < 3.5
    assert "no event" in said


def test_where_nothing_stays_silent_that_is_said(at, capsys):
    assert main(["tune", "yard.mp4", "--quiet"]) == 0
    assert "none of the settings that were tried stays silent" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nowhere.mp4"], "neither a recording nor a camera"),
        (["yard.mp4", "--write"], "--write needs a camera"),
        (["yard.mp4", "--for", "soon"], "soon"),
        (["yard.mp4", "--fps", "5"], "fps is for folders"),
        (["yard", "--config", "none.yaml"], "does not exist"),
    ],
)
def test_what_cannot_be_done_is_said(at, capsys, words, says):
    assert main(["tune", *words]) == 2
    assert says in capsys.readouterr().err


def test_a_camera_that_inspects_is_not_tuned(at, capsys):
    (at / "config.yaml").write_text("cameras:\n  line: {source: yard.mp4, profile: inspection}\n")
    assert main(["tune", "line"]) == 2
    assert "good samples" in capsys.readouterr().err
