import time

import numpy as np
import pytest

from watcher.sources.demo import Demo
from watcher.sources.demo_scene import CYCLE, LIGHT_CHANGE, SIZE, TRUTH, DemoScene, light, object_box
from watcher.sources.options import DemoOptions
from watcher.vision.frame import Frame

SCENE = DemoScene()


def test_the_script_as_promised() -> None:
    comes, stays, goes, cloud = TRUTH
    assert [act.what for act in TRUTH] == ["comes", "stays", "goes", "light"]
    assert 4 <= comes.start <= 6
    assert comes.end == stays.start
    assert stays.end == goes.start
    assert stays.end - stays.start > 4
    assert goes.end + 2 < cloud.start < cloud.end < CYCLE


def test_the_object_is_where_the_truth_says() -> None:
    comes, stays, goes, _ = TRUTH
    present = [round(step / 10, 1) for step in range(300) if object_box(step / 10) is not None]
    assert comes.start < present[0] <= comes.start + 0.5
    assert goes.end - 0.5 <= present[-1] < goes.end
    assert object_box(stays.start + 1) == object_box(stays.end - 1)
    assert object_box(comes.start + 1.5) == object_box(comes.start + 1.5 + CYCLE)
    for seconds in (6.5, 10.0, 15.5):
        box = object_box(seconds)
        assert box is not None
        changed = (SCENE.still(seconds) != SCENE.background).any(axis=2)
        inside = changed[box.y0 : box.y1, box.x0 : box.x1]
        assert changed.sum() == inside.sum()
        assert inside.mean() > 0.4


def test_the_cloud_changes_the_light_and_nothing_else() -> None:
    _, _, _, cloud = TRUTH
    factors = [light(step / 50) for step in range(1500)]
    assert min(factors) == pytest.approx(1 - LIGHT_CHANGE, abs=0.01)
    assert max(factors) == pytest.approx(1 + LIGHT_CHANGE, abs=0.01)
    assert {light(t) for t in (0.0, 10.0, cloud.start, cloud.end, 29.9)} == {1.0}
    assert np.abs(np.diff(factors)).max() < 0.01
    assert (SCENE.still(cloud.start + 2) == SCENE.background).all()


def test_the_same_seed_and_time_give_the_same_picture() -> None:
    assert (DemoScene(3).picture(6.2) == DemoScene(3).picture(6.2)).all()
    assert (DemoScene(3).picture(6.2) != DemoScene(4).picture(6.2)).any()
    assert SCENE.picture(0).shape == (SIZE[1], SIZE[0], 3)


def test_noise_is_fresh_in_every_frame() -> None:
    first, second = (SCENE.picture(t).astype(int) - SCENE.background for t in (1.0, 1.1))
    middle = (SCENE.background > 20) & (SCENE.background < 235)
    assert first[middle].std() == pytest.approx(2.5, abs=0.2)
    assert abs(np.corrcoef(first[middle], second[middle])[0, 1]) < 0.05


def test_drawing_is_cheap() -> None:
    SCENE.picture(0)
    began = time.process_time()
    for step in range(100):
        SCENE.picture(step * 0.3)
    assert (time.process_time() - began) / 100 < 0.008


def test_fast_it_has_the_times_that_it_would_have_had() -> None:
    source = Demo(DemoOptions(pace="fast", length=2), "porch")
    source.open()
    frames = [frame for frame in source.frames() if isinstance(frame, Frame)]
    assert [frame.at for frame in frames] == [index / 10 for index in range(20)]
    assert [frame.media_time for frame in frames] == [frame.at for frame in frames]
    assert (frames[13].bgr() == SCENE.picture(1.3)).all()


def test_real_it_is_a_camera() -> None:
    source = Demo(DemoOptions(fps=20, length=0.5), "porch")
    source.open()
    began = time.monotonic()
    frames = [frame for frame in source.frames() if isinstance(frame, Frame)]
    assert len(frames) == 10
    assert 0.4 < time.monotonic() - began < 1.5
    assert all(frame.media_time is None for frame in frames)
