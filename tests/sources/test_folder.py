import os
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support import scenes
from tests.support.data import shared
from tests.support.observing import Reading
from tests.support.wait import until
from watcher.errors import SourceLost, SourceUnavailable
from watcher.sources.folder import Folder, Fresh, natural_key
from watcher.sources.options import FolderOptions
from watcher.vision.frame import Frame, Tick

JPEG = scenes.jpegs([scenes.picture()])[0]


def seen(path: Path | str, **options: object) -> list[Frame | Tick]:
    source = Folder(FolderOptions(path=str(path), **options), "porch")  # type: ignore[arg-type]
    source.open()
    return list(source.frames())


def names(path: Path | str) -> list[str | None]:
    return [observation.name for observation in seen(path)]


def test_natural_order() -> None:
    mixed = ["b10.jpg", "b2.jpg", "a.jpg", "b02.jpg", "10.jpg", "9.jpg", "b2a.jpg"]
    assert sorted(mixed, key=natural_key) == ["9.jpg", "10.jpg", "a.jpg", "b02.jpg", "b2.jpg", "b2a.jpg", "b10.jpg"]


def test_a_folder_its_pictures_only(tmp_path: Path) -> None:
    for name in ("10.jpg", "2.JPG", "1.png", "notes.txt", ".hidden.jpg"):
        (tmp_path / name).write_bytes(JPEG)
    (tmp_path / "3.jpg").mkdir()
    assert names(tmp_path) == ["1.png", "2.JPG", "10.jpg"]


def test_a_glob_takes_what_it_matches(tmp_path: Path) -> None:
    for name in ("a1", "a10", "a2.dat", "b1"):
        (tmp_path / name).write_bytes(JPEG)
    assert names(tmp_path / "a*") == ["a1", "a2.dat", "a10"]
    assert names(tmp_path / "b1") == ["b1"]


@pytest.mark.parametrize(
    "name", ["[1]*?.jpg", "two words.jpg", "a\nb.jpg", "ü%20&.jpg", "-rf.jpg", b"\xff\xfe.jpg"]
)
def test_odd_names_are_names(tmp_path: Path, name: str | bytes) -> None:
    text = os.fsdecode(name)
    (tmp_path / text).write_bytes(JPEG)
    assert names(tmp_path) == [text]
    assert names(tmp_path / text) == [text]


def test_times_follow_from_fps_and_start(tmp_path: Path) -> None:
    for index in range(4):
        (tmp_path / f"{index}.jpg").write_bytes(JPEG)
    observed = seen(tmp_path, fps=25, start=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert [frame.at for frame in observed] == [0.0, 0.04, 0.08, 0.12]
    assert observed[3].utc == datetime(2026, 1, 2, 3, 4, 5, 120000, tzinfo=UTC)
    assert [frame.at for frame in seen(tmp_path)] == [0.0, 0.1, 0.2, 0.3]


def test_at_its_own_speed_it_ends_unless_it_is_watched_or_repeats(tmp_path: Path) -> None:
    def ends(**options: object) -> bool:
        return Folder(FolderOptions(path=str(tmp_path), **options), "porch").ends  # type: ignore[arg-type]

    assert ends(pace="real")
    assert not ends(pace="real", repeat=True)
    assert not ends(watch=True)


def test_unreadable_pictures_are_ticks_in_their_place(tmp_path: Path) -> None:
    contents = [JPEG, b"", b"no picture", JPEG[: len(JPEG) // 2], JPEG]
    for index, data in enumerate(contents):
        (tmp_path / f"{index}.jpg").write_bytes(data)
    os.mkfifo(tmp_path / "5.jpg")  # opening it would wait for ever
    (tmp_path / "6.jpg").symlink_to(tmp_path / "nowhere")
    observed = seen(tmp_path)
    assert [type(observation) for observation in observed] == [Frame, Tick, Tick, Tick, Frame]
    troubles = [(tick.index, tick.name, tick.trouble) for tick in observed if isinstance(tick, Tick)]
    assert troubles[0] == (1, "1.jpg", "the file is empty")
    assert troubles[1][2].startswith("not a picture of a known kind")
    assert troubles[2] == (3, "3.jpg", "the picture ends early")


def test_jpegs_keep_their_bytes_and_other_kinds_their_pixels(tmp_path: Path) -> None:
    drawn = scenes.picture()
    (tmp_path / "1.jpg").write_bytes(JPEG)
    cv2.imwrite(str(tmp_path / "2.png"), drawn)
    first, second = seen(tmp_path)
    assert isinstance(first, Frame)
    assert isinstance(second, Frame)
    assert first.jpeg() == JPEG
    assert (second.bgr() == drawn).all()


def test_a_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    header = b"P5\n60000 60000\n255\n"
    (tmp_path / "bomb.pgm").write_bytes(header + bytes(1000))
    (tick,) = seen(tmp_path)
    assert isinstance(tick, Tick)
    assert "3600 megapixels" in tick.trouble


class TestWatching:
    def start(self, folder: Path) -> tuple[Folder, Reading]:
        source = Folder(FolderOptions(path=str(folder), watch=True), "porch")
        source.open()
        return source, Reading(source)

    def test_new_pictures_come_once_and_old_ones_never(self, tmp_path: Path) -> None:
        (tmp_path / "old.jpg").write_bytes(JPEG)
        source, reading = self.start(tmp_path)
        for name in ("new1.jpg", "new2.jpg", "note.txt"):
            (tmp_path / name).write_bytes(JPEG)
        until(lambda: len(reading.seen) >= 2)
        (tmp_path / "new10.jpg").write_bytes(JPEG)
        until(lambda: len(reading.seen) >= 3)
        source.close()
        assert reading.ended(1)
        assert [frame.name for frame in reading.seen] == ["new1.jpg", "new2.jpg", "new10.jpg"]

    def test_a_picture_is_taken_only_when_it_is_whole(self, tmp_path: Path) -> None:
        source, reading = self.start(tmp_path)
        with (tmp_path / "slow.jpg").open("wb", buffering=0) as file:
            for at in range(0, len(JPEG), len(JPEG) // 4 + 1):
                assert reading.seen == []
                file.write(JPEG[at : at + len(JPEG) // 4 + 1])
                threading.Event().wait(0.15)  # longer than from one look to the next
        until(lambda: reading.seen)
        source.close()
        assert [type(one) for one in reading.seen] == [Frame]

    def test_a_picture_written_anew_comes_again(self, tmp_path: Path) -> None:
        source, reading = self.start(tmp_path)
        path = tmp_path / "latest.jpg"
        path.write_bytes(JPEG)
        until(lambda: len(reading.seen) == 1)
        path.write_bytes(scenes.jpegs([scenes.picture(5)])[0])
        until(lambda: len(reading.seen) == 2)
        source.close()

    def test_where_nothing_comes_it_says_that_it_is_there(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("watcher.sources.folder._SIGN_OF_LIFE", 0.1)
        source, reading = self.start(tmp_path)
        until(lambda: len(reading.seen) >= 3)
        source.close()
        assert reading.ended(1)
        assert {(type(one), one.index, getattr(one, "trouble", None)) for one in reading.seen} == {(Tick, None, "")}

    def test_a_folder_that_goes_is_lost(self, tmp_path: Path) -> None:
        folder = tmp_path / "pictures"
        folder.mkdir()
        _, reading = self.start(folder)
        folder.rmdir()
        assert reading.ended(2)
        assert isinstance(reading.error, SourceLost)

    def test_what_stays_broken_is_given_up(self, tmp_path: Path) -> None:
        path = tmp_path / "half.jpg"
        path.write_bytes(JPEG[:2000])
        fresh, marks = Fresh({}), {path: (2000, 1)}
        assert fresh.complete(marks, 0.0) == []
        assert fresh.complete(marks, 1.9) == []
        assert fresh.complete(marks, 2.0) == [path]
        assert fresh.complete(marks, 9.0) == []


def test_a_folder_that_may_not_be_read_is_said(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("NEEDS AN ORDINARY USER: root may read every folder")
    tmp_path.chmod(0)
    with pytest.raises(SourceUnavailable, match="cannot be read"):
        seen(tmp_path)


def test_everything_odd_comes_through_within_bounded_memory() -> None:
    """In a process of its own, so that neither a crash nor its memory is ours."""
    folder = shared("robustness")
    code = """
import re, sys
from watcher.sources.folder import Folder
from watcher.sources.options import FolderOptions
from watcher.vision.frame import Frame, Tick
from watcher.vision.shrink import Shrinker
from watcher.errors import PictureUnreadable
source = Folder(FolderOptions(path=sys.argv[1] + "/*/*"), "c")
source.open()
frames = ticks = 0
for observation in source.frames():
    assert observation.name and observation.index == frames + ticks
    if isinstance(observation, Tick):
        assert observation.trouble and "\\n" not in observation.trouble
        ticks += 1
        continue
    frames += 1
    width, height = observation.size
    view = observation.view((min(width, 320), min(height, 180)), Shrinker())
    assert view.luma.shape == (min(height, 180), min(width, 320))
# not ru_maxrss: that of a child begins with what its parent needs
kilobytes = re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1]
print(frames, ticks, int(kilobytes) // 1024)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    frames, ticks, megabytes = map(int, done.stdout.split())
    assert frames + ticks == len([path for path in folder.glob("*/*") if path.is_file()])
    assert frames > 50
    assert ticks > 50
    assert megabytes < 500


def test_a_view_of_a_picture_is_the_picture(tmp_path: Path) -> None:
    drawn = scenes.picture(noise=0)
    cv2.imwrite(str(tmp_path / "1.jpg"), drawn, [cv2.IMWRITE_JPEG_QUALITY, 95])
    (frame,) = seen(tmp_path)
    assert isinstance(frame, Frame)
    assert np.abs(frame.bgr().astype(int) - drawn).mean() < 4


def test_a_link_to_itself_is_one_picture_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(JPEG)
    (tmp_path / "2.jpg").symlink_to("2.jpg")
    (tmp_path / "3.jpg").write_bytes(JPEG)
    assert [(one.name, type(one)) for one in seen(tmp_path)] == [
        ("1.jpg", Frame),
        ("2.jpg", Tick),
        ("3.jpg", Frame),
    ]
