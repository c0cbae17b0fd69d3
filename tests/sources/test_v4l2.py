"""What of V4L2 can be tested without a device; the reading itself is PyAV's, as for RTSP."""

import os
from pathlib import Path

import av
import pytest

from tests.support import scenes
from watcher.errors import SourceUnavailable
from watcher.sources.options import V4l2Options
from watcher.sources.v4l2 import V4l2, descriptor_of, jpeg_observed
from watcher.vision.frame import Frame, Tick


def test_a_jpeg_packet_keeps_its_bytes() -> None:
    data = scenes.jpegs([scenes.picture()])[0]
    frame = jpeg_observed(av.Packet(data), 3)
    assert isinstance(frame, Frame)
    assert frame.jpeg() == data
    assert frame.index == 3
    tick = jpeg_observed(av.Packet(data[:900]), 4)
    assert isinstance(tick, Tick)
    assert (tick.index, tick.trouble) == (4, "the picture ends early")


def test_the_descriptor_of_an_open_device_is_found() -> None:
    assert descriptor_of("/dev/zero") is None
    descriptor = os.open("/dev/zero", os.O_RDONLY)
    try:
        assert descriptor_of("/dev/zero") == descriptor
    finally:
        os.close(descriptor)


def test_a_file_that_is_no_camera_is_said(tmp_path: Path) -> None:
    path = tmp_path / "video0"
    path.write_bytes(b"no camera")
    with pytest.raises(SourceUnavailable, match="cannot be opened as a camera"):
        V4l2(V4l2Options(device=str(path), timeout=2, size=(640, 480), fps=10), "porch").open()
