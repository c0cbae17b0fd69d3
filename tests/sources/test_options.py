import subprocess
import sys
from pathlib import Path

import pytest

from watcher.sources.options import (
    CustomOptions,
    DemoOptions,
    FolderOptions,
    MjpegOptions,
    PicameraOptions,
    RtspOptions,
    StillsOptions,
    V4l2Options,
    VideoOptions,
    options_from_text,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("demo", DemoOptions()),
        (" picamera ", PicameraOptions()),
        ("/dev/video0", V4l2Options(device="/dev/video0")),
        ("/dev/v4l/by-id/usb-cam", V4l2Options(device="/dev/v4l/by-id/usb-cam")),
        ("rtsp://u:p@cam:554/live", RtspOptions(url="rtsp://u:p@cam:554/live")),
        ("http://cam/video.cgi", MjpegOptions(url="http://cam/video.cgi")),
        ("https://cam/now.JPG?x=1", StillsOptions(url="https://cam/now.JPG?x=1")),
        ("clip.mp4", VideoOptions(path="clip.mp4")),
        ("file:///a/clip.mp4", VideoOptions(path="/a/clip.mp4")),
        ("pictures/", FolderOptions(path="pictures/")),
        ("pictures/*.png", FolderOptions(path="pictures/*.png")),
        ("one.jpeg", FolderOptions(path="one.jpeg")),
        ("mine.cameras:Thermal", CustomOptions(kind="mine.cameras:Thermal")),
    ],
)
def test_one_string_says_it_all(text: str, expected: object) -> None:
    assert options_from_text(text) == expected


def test_what_is_there_decides_about_a_path(tmp_path: Path) -> None:
    odd = tmp_path / "a[1].mp4"
    odd.touch()
    assert options_from_text(str(tmp_path)) == FolderOptions(path=str(tmp_path))
    assert options_from_text(str(odd)) == VideoOptions(path=str(odd))


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "names no source"),
        ("ftp://me:s3cret@cam/x", "write rtsp://, http:// or a path"),
        ("rtsp://", "names no host"),
        ("http://cam:99999/x", "is not a URL"),
    ],
)
def test_what_is_wrong_with_a_string(text: str, part: str) -> None:
    with pytest.raises(ValueError, match=part) as raised:
        options_from_text(text)
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("kind", "wrong", "part"),
    [
        (VideoOptions, {"path": ""}, "path is empty"),
        (VideoOptions, {"path": "http://cam/x.mp4"}, "must be a file or folder"),
        (VideoOptions, {"path": "x.mp4", "threads": 99}, "threads must lie between 0 and 64"),
        (FolderOptions, {"path": "x", "fps": 0}, "fps must lie between"),
        (RtspOptions, {"url": "http://cam/live"}, "does not begin with rtsp://"),
        (RtspOptions, {"url": "rtsp://cam/live", "timeout": 0}, "timeout must lie between"),
        (StillsOptions, {"url": "http://cam/x", "every": 0}, "every must lie between"),
        (V4l2Options, {"size": (0, 10)}, "size must lie between"),
        (PicameraOptions, {"camera": -1}, "camera must lie between"),
        (DemoOptions, {"fps": 0}, "fps must lie between"),
        (CustomOptions, {"kind": "rstp"}, "did you mean rtsp"),
        (CustomOptions, {"kind": "zzz"}, "write one of video, folder, rtsp"),
    ],
)
def test_wrong_settings_are_one_sentence(kind: type, wrong: dict[str, object], part: str) -> None:
    with pytest.raises(ValueError, match=part) as raised:
        kind(**wrong)
    assert "\n" not in str(raised.value)


def test_settings_and_building_load_nothing_heavy() -> None:
    code = (
        "import sys, watcher.sources.options, watcher.sources.build, watcher.sources.urls;"
        "heavy = {'cv2', 'numpy', 'av', 'scipy', 'skimage'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
