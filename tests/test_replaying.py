"""Recordings through the engine: the same every time, nothing lost, ended in words."""

import json
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest

import watcher
from tests.support.data import shared
from tests.support.scenes import h264, hurt, picture, visit, write_clip
from watcher.errors import ConfigError, RequestRefused, SourceLost, SourceUnavailable
from watcher.events.payload import payload
from watcher.masks import Masks, refuse_equal_stems
from watcher.replaying import Replay, camera_options
from watcher.vision.detection import Detection
from watcher.vision.frame import ArrayPixels, Frame, Gap, Tick
from watcher.vision.geometry import Box

VISIT = {"count": 80, "comes": 30, "goes": 50}
"""At 10 frames a second: learnt for 2 s, a visitor from 3 s to 5 s, and quiet to 8 s."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return write_clip(tmp_path_factory.mktemp("clips") / "visit.mp4", visit(**VISIT))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("pictures")
    for number, drawn in enumerate(visit(**VISIT)):
        cv2.imwrite(str(made / f"{number}.png"), drawn)
    return made


def updates_of(steps):
    return [update for _, _, updates in steps for update in updates]


def told(steps):
    return [json.dumps(payload(one, profile="", reference="", snapshot_file=None)) for one in updates_of(steps)]


def test_a_visit_is_one_event(clip):
    steps = list(watcher.replay(clip))
    assert sum(isinstance(seen, Frame) for seen, _, _ in steps) == 80
    updates = updates_of(steps)
    assert [one.phase for one in updates if one.phase != "updated"] == ["started", "ended"]
    assert updates[0].event.started == pytest.approx(3.0, abs=0.11)
    assert updates[-1].event.ended == pytest.approx(4.9, abs=0.11)
    assert updates[0].media_time == updates[0].captured


def test_the_same_input_gives_the_same_bytes(clip):
    once, again = told(watcher.replay(clip)), told(watcher.replay(clip))
    assert once == again
    assert len(once) >= 2
    assert json.loads(once[0])["id"] == "19700101T000003000Z-replay-0001"


def test_pictures_and_recordings_give_the_same_events(folder, clip):
    found = [
        [(one.phase, round(one.captured, 1)) for one in updates_of(watcher.replay(way)) if one.phase != "updated"]
        for way in (folder, clip)
    ]
    assert found[0] == found[1]


def test_fps_and_start_set_the_times_of_pictures(folder):
    start = datetime(2026, 11, 22, 10, 18, 3, tzinfo=UTC)
    steps = list(watcher.replay(folder, fps=5, start=start))
    assert [seen.at for seen, _, _ in steps[:3]] == [0.0, 0.2, 0.4]
    assert steps[5][0].utc == datetime(2026, 11, 22, 10, 18, 4, tzinfo=UTC)
    assert updates_of(steps)[0].event.id.startswith("20261122T101809")


def test_fps_of_a_recording_is_refused(clip):
    with pytest.raises(RequestRefused, match="times of its own"):
        watcher.replay(clip, fps=5)


def test_an_event_that_is_open_at_the_end_is_ended(tmp_path):
    path = write_clip(tmp_path / "stays.mp4", visit(60, comes=30, goes=99))
    last, _, updates = list(watcher.replay(path))[-1]
    assert isinstance(last, Gap)
    assert [one.event.end_reason for one in updates] == ["stopped"]


def test_a_recording_that_breaks_off_gives_what_there_was_and_then_says_so(clip, tmp_path):
    whole = write_clip(tmp_path / "whole.mkv", visit(**VISIT), options={"g": "10"})
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    steps = []

    def collect():
        for step in watcher.replay(broken):
            steps.append(step)  # noqa: PERF402 - what was given before the error counts

    with pytest.raises(SourceLost, match="breaks off"):
        collect()
    frames = [seen for seen, _, _ in steps if isinstance(seen, Frame)]
    assert 20 < len(frames) < 80
    assert isinstance(steps[-1][0], Gap)
    assert steps[-1][0].reason == "lost"


def test_stopping_by_hand_ends_the_open_event(clip):
    replay = Replay(camera_options(clip))
    updates = []
    for seen, _, found in replay.steps():
        updates += found
        if isinstance(seen, Frame) and seen.index == 40:
            replay.stop()
    assert updates[0].phase == "started"
    assert (updates[-1].phase, updates[-1].event.end_reason) == ("ended", "stopped")
    assert "interrupted" in updates[-1].reason


def test_breaking_out_of_the_loop_closes_the_recording(clip):
    replay = Replay(camera_options(clip))
    steps = replay.steps()
    next(steps)
    steps.close()
    assert list(replay.source.frames()) == []


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        ("rtsp://127.0.0.1/x", RequestRefused, "only what has an end"),
        ("/nosuch/clip.mp4", SourceUnavailable, "no recording"),
        ("/nosuch/*.jpg", SourceUnavailable, "no pictures"),
        ("", ValueError, "names no source"),
    ],
)
def test_what_cannot_be_replayed_is_said(source, error, words):
    with pytest.raises(error, match=words):
        list(watcher.replay(source))


def test_the_demo_can_be_replayed_and_has_an_end():
    replay = Replay(camera_options("demo", profile="home"))
    assert replay.total == 600


# -- with a configuration ---------------------------------------------------------------------------------

CONFIG = """
cameras:
  yard:
    source: demo
    reference: {kind: background, learn: 1 s}
    zones: {left: {points: [[0, 0], [0.3, 0], [0.3, 1], [0, 1]]}}
    privacy: {corner: {points: [[0.5, 0], [1, 0], [1, 1], [0.5, 1]]}}
  porch: {source: demo}
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    return path


def test_the_settings_are_those_of_the_camera(config, clip):
    updates = updates_of(watcher.replay(clip, config=config, camera="yard"))
    assert {one.event.camera for one in updates} == {"yard"}
    assert updates[0].zones == ("left",)
    assert all(region.box.x0 < 0.5 * 320 for one in updates for region in one.regions)


def test_private_areas_are_black_before_anything_else_sees_them(config, clip):
    seen, _, _ = next(watcher.replay(clip, config=config, camera="yard"))
    assert seen.bgr()[:, 170:].max() == 0
    assert seen.bgr()[:, :150].max() > 0


@pytest.mark.parametrize(("camera", "words"), [(None, "several cameras"), ("nosuch", "has no camera nosuch")])
def test_a_camera_that_is_not_named_rightly_is_refused(config, clip, camera, words):
    with pytest.raises(RequestRefused, match=words):
        watcher.replay(clip, config=config, camera=camera)


def test_a_wrong_configuration_is_refused(clip, tmp_path):
    (tmp_path / "wrong.yaml").write_text("cameras: {yard: {source: demo, proflie: home}}")
    with pytest.raises(ConfigError, match="proflie"):
        watcher.replay(clip, config=tmp_path / "wrong.yaml")


@pytest.mark.parametrize("given", ["picture", "start"])
def test_a_fixed_reference(folder, tmp_path, given):
    cv2.imwrite(str(tmp_path / "empty.png"), picture(99))
    image = f", image: {tmp_path / 'empty.png'}" if given == "picture" else ""
    (tmp_path / "config.yaml").write_text(f"cameras: {{yard: {{source: demo, reference: {{kind: fixed{image}}}}}}}")
    replay = Replay(camera_options(folder, config=tmp_path / "config.yaml"))
    updates = updates_of(replay.steps())
    assert [one.phase for one in updates if one.phase != "updated"] == ["started", "ended"]
    assert replay.reference == ("empty" if given == "picture" else "start")


# -- masks ------------------------------------------------------------------------------------------------

AT = {"at": 0.0, "utc": datetime(2026, 1, 1, tzinfo=UTC)}


class Maps:
    """A detector's masks at a quarter of the frames' size; the left edge is not watched."""

    def __init__(self):
        self.changed = np.zeros((30, 40), np.uint8)
        self.changed[10:20, 15:30] = 255
        self.watched = np.ones((30, 40), np.bool_)
        self.watched[:, :5] = False


def frame(name=None, index=0, size=(160, 120)):
    return Frame(**AT, pixels=ArrayPixels(np.zeros((size[1], size[0]), np.uint8)), index=index, name=name)


def mask_in(folder, name):
    return cv2.imread(str(folder / name), cv2.IMREAD_UNCHANGED)


def test_a_mask_has_the_full_size_and_three_values(tmp_path):
    Masks(tmp_path / "masks").write(frame("scene 7.jpg"), Detection("changed"), Maps())
    mask = mask_in(tmp_path / "masks", "scene 7.png")
    assert (mask.shape, mask.dtype) == ((120, 160), np.uint8)
    assert set(np.unique(mask)) == {0, 128, 255}
    assert (mask[44:76, 64:116] == 255).all()
    assert (mask[:, :18] == 128).all()
    assert (mask[:36, 24:] == 0).all()


@pytest.mark.parametrize("outcome", ["learning", "blind"])
def test_no_verdict_is_128_everywhere(tmp_path, outcome):
    Masks(tmp_path).write(frame(index=12), Detection(outcome), None)
    assert (mask_in(tmp_path, "000012.png") == 128).all()


def test_unreadable_pictures_have_masks_of_the_size_of_the_first_that_can_be_read(tmp_path):
    masks = Masks(tmp_path)
    masks.write(Tick(**AT, index=0, name="a.jpg", trouble="broken"), Detection("blind"), Maps())
    assert not (tmp_path / "a.png").exists()
    masks.write(frame("b.jpg"), Detection("clear"), Maps())
    masks.write(Tick(**AT, index=2, name="c.jpg", trouble="broken"), Detection("blind"), Maps())
    masks.write(Tick(**AT), Detection("blind"), Maps())
    masks.finish()
    for name in ("a.png", "c.png"):
        assert mask_in(tmp_path, name).shape == (120, 160)
        assert (mask_in(tmp_path, name) == 128).all()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "b.png", "c.png"]


def test_where_nothing_can_be_read_there_are_masks_all_the_same(tmp_path):
    masks = Masks(tmp_path)
    masks.write(Tick(**AT, index=0, name="a.jpg", trouble="broken"), Detection("blind"), Maps())
    masks.finish()
    assert mask_in(tmp_path, "a.png").tolist() == [[128]]


def test_two_pictures_that_would_share_a_mask_are_refused():
    refuse_equal_stems(["1.png", "01.png", "2.png"])
    with pytest.raises(SourceUnavailable, match="2 pictures are named 1"):
        refuse_equal_stems(["1.png", "2.png", "1.jpg"])


def test_the_mask_of_a_visitor_is_where_the_visitor_is(folder, tmp_path):
    replay, masks = Replay(camera_options(folder)), Masks(tmp_path)
    for seen, detection, _ in replay.steps():
        masks.write(seen, detection, replay.detector)
        if isinstance(seen, Frame):
            assert (tmp_path / f"{seen.index}.png").exists(), "before the next frame is read"
    x = 320 // 8 + 10 * (160 // 20)
    mask, truth = mask_in(tmp_path, "40.png"), np.zeros((180, 320), np.bool_)
    truth[60:105, x : x + 45] = True
    found = mask == 255
    assert (found & truth).sum() > 0.6 * (found | truth).sum()
    assert (mask_in(tmp_path, "0.png") == 128).all(), "learning"
    assert (mask_in(tmp_path, "25.png") == 0).all()


def test_the_hand_in_front_of_the_tree_is_seen():
    steps = list(watcher.replay(shared("clips/tree.avi")))
    assert sum(isinstance(seen, Frame) for seen, _, _ in steps) == 68
    hand = [detection for seen, detection, _ in steps if isinstance(seen, Frame) and seen.at > 25]
    assert max(detection.changed_fraction for detection in hand) > 0.1
    largest = max((region for detection in hand for region in detection.regions), key=lambda one: one.area)
    assert largest.box.intersection(Box(104, 0, 216, 162)).area > 0.5 * Box(104, 0, 216, 162).area


def test_broken_pictures_of_a_stream_are_no_event_and_the_next_visitor_is(tmp_path):
    pictures = [*(picture(n) for n in range(100)), *visit(60, comes=15, goes=40)]
    units = h264(pictures, gop=20)
    for unit in (60, 80):
        units[unit] = hurt(units[unit], seed=unit)
    path = tmp_path / "porch.h264"
    path.write_bytes(b"".join(units))
    steps = list(Replay(camera_options(path, "home")).steps())
    assert any("corrupt" in detection.troubles for _, detection, _ in steps)
    started = [update for _, _, updates in steps for update in updates if update.phase == "started"]
    assert len(started) == 1
    assert started[0].event.started > 100 / 25


def test_frames_that_an_avi_has_dropped_are_not_waited_for(tmp_path):
    """An AVI has a place for each of them, with nothing in it, and its header counts them."""
    times = [0.0, 0.1, 0.2, 1.0, 2.0]
    path = write_clip(tmp_path / "gaps.avi", visit(5, comes=9, goes=9), codec="mpeg4", times=times)
    assert Replay(camera_options(path)).total == len(times)
