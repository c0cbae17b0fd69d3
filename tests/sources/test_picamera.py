import sys

import numpy as np
import pytest

from tests.support import fake_picamera2, scenes
from tests.support.observing import Reading, taken
from tests.support.wait import until
from watcher.errors import SourceLost, SourceUnavailable
from watcher.sources.options import PicameraOptions
from watcher.sources.picamera import Picamera, yuv420_pixels
from watcher.vision.frame import Frame


def opened(**options: object) -> Picamera:
    source = Picamera(PicameraOptions(**options), "porch")  # type: ignore[arg-type]
    source.open()
    return source


@pytest.mark.parametrize("kind", ["YUV420", "RGB888"])
@pytest.mark.parametrize("size", [(320, 180), (328, 184)])
def test_colours_and_padded_rows(monkeypatch: pytest.MonkeyPatch, kind: str, size: tuple[int, int]) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", fake_picamera2.module())
    source = opened(size=size, format=kind, camera=1, fps=20)
    first = taken(source, 1)[0]
    source.close()
    assert isinstance(first, Frame)
    assert first.size == size
    assert np.abs(first.bgr().astype(int) - scenes.picture(1, size=size)).mean() < 6
    (camera,) = sys.modules["picamera2"].Picamera2.opened  # type: ignore[attr-defined]
    assert camera.number == 1
    assert camera.config["controls"] == {"FrameDurationLimits": (50_000, 50_000)}
    assert camera.closed
    assert not camera.running


def test_limited_range_comes_back_full() -> None:
    drawn = np.zeros((64, 64, 3), np.uint8)
    drawn[:, 32:] = 255
    pixels = yuv420_pixels(fake_picamera2.yuv420(drawn, 64), (64, 64), 64)
    assert pixels.bgr()[10, 5].tolist() == [0, 0, 0]
    assert pixels.bgr()[10, 60].tolist() == [255, 255, 255]


def test_a_camera_that_stalls_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", fake_picamera2.module(stall_after=3))
    source = opened(size=(320, 180), timeout=0.5)
    reading = Reading(source)
    until(lambda: len(reading.seen) == 3)
    assert reading.ended(2)
    assert isinstance(reading.error, SourceLost)
    assert str(reading.error) == "Pi camera 0 has given nothing for 0.5 s"
    source.close()


def test_a_missing_module_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(SourceUnavailable, match=r"apt install python3-picamera2.*--system-site-packages"):
        opened()


def test_a_missing_camera_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        sys.modules, "picamera2", fake_picamera2.module(fault=IndexError("list index out of range"))
    )
    with pytest.raises(SourceUnavailable, match="Pi camera 3 cannot be opened"):
        opened(camera=3)
