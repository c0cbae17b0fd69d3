import itertools
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from tests.support import scenes
from tests.support.data import shared
from tests.support.observing import taken
from watcher.errors import SourceLost, SourceUnavailable
from watcher.sources.options import VideoOptions
from watcher.sources.video import Video
from watcher.vision.frame import Frame, Tick


def opened(path: Path, **options: object) -> Video:
    source = Video(VideoOptions(path=str(path), **options), "porch")  # type: ignore[arg-type]
    source.open()
    return source


def to_the_end(source: Video) -> tuple[list[Frame | Tick], str]:
    """All observations, and the sentence with which the recording broke off (empty where it ended)."""
    seen: list[Frame | Tick] = []
    try:
        for observation in source.frames():
            seen.append(observation)  # noqa: PERF402 - what came before the exception counts
    except SourceLost as error:
        return seen, str(error)
    finally:
        source.close()
    return seen, ""


def test_every_frame_comes_once_and_in_order(tmp_path: Path) -> None:
    path = scenes.write_clip(tmp_path / "clip.mp4", scenes.numbered(48), fps=10)  # with B-frames
    seen, lost = to_the_end(opened(path))
    assert lost == ""
    assert [scenes.number_of(frame.bgr()) for frame in seen if isinstance(frame, Frame)] == list(range(48))
    assert [frame.index for frame in seen] == list(range(48))


def test_media_time_follows_a_variable_frame_rate(tmp_path: Path) -> None:
    times = [0.0, 0.1, 0.2, 1.5, 1.54, 1.6, 3.0]
    path = scenes.write_clip(tmp_path / "clip.mkv", scenes.visit(7), times=times)
    seen, _ = to_the_end(opened(path))
    assert [frame.at for frame in seen] == pytest.approx(times, abs=0.002)
    assert [frame.media_time for frame in seen if isinstance(frame, Frame)] == [frame.at for frame in seen]
    assert seen[3].utc == datetime(1970, 1, 1, 0, 0, 1, 500000, tzinfo=UTC)


def test_without_timestamps_time_is_index_over_fps(tmp_path: Path) -> None:
    path = tmp_path / "clip.h264"
    path.write_bytes(b"".join(scenes.h264(scenes.visit(12), fps=10)))
    seen, _ = to_the_end(opened(path))
    step = seen[1].at
    assert [frame.at for frame in seen] == pytest.approx([index * step for index in range(12)], abs=1e-6)
    assert step > 0


@pytest.mark.parametrize(
    ("given", "written", "expected"),
    [
        (None, None, "1970-01-01T00:00:00+00:00"),
        (None, "2020-05-06T07:08:09.000000Z", "2020-05-06T07:08:09+00:00"),
        (None, "1904-01-01T00:00:00.000000Z", "1970-01-01T00:00:00+00:00"),
        ("2021-01-02T03:04:05+01:00", "2020-05-06T07:08:09.000000Z", "2021-01-02T02:04:05+00:00"),
        ("2021-01-02T03:04:05", None, "2021-01-02T03:04:05+00:00"),
    ],
)
def test_the_time_of_a_recording(tmp_path: Path, given: str | None, written: str | None, expected: str) -> None:
    path = scenes.write_clip(
        tmp_path / "clip.mp4", scenes.visit(3), metadata={"creation_time": written} if written else None
    )
    seen, _ = to_the_end(opened(path, start=datetime.fromisoformat(given) if given else None))
    assert seen[0].utc == datetime.fromisoformat(expected)


def test_repeat_goes_on_with_times_and_indices(tmp_path: Path) -> None:
    path = scenes.write_clip(tmp_path / "clip.mp4", scenes.numbered(5), fps=10)
    source = opened(path, repeat=True)
    seen = taken(source, 12)
    source.close()
    assert [frame.at for frame in seen] == pytest.approx([index / 10 for index in range(12)])
    assert [scenes.number_of(frame.bgr()) for frame in seen if isinstance(frame, Frame)] == [
        *range(5),
        *range(5),
        0,
        1,
    ]


def test_pace_real_keeps_the_recordings_own_speed(tmp_path: Path) -> None:
    path = scenes.write_clip(tmp_path / "clip.mp4", scenes.visit(6), fps=10)
    began = time.monotonic()
    seen, _ = to_the_end(opened(path, pace="real"))
    assert 0.45 < time.monotonic() - began < 1.5
    assert all(began <= frame.at <= time.monotonic() for frame in seen)
    assert abs((seen[-1].utc - datetime.now(UTC)).total_seconds()) < 5


@pytest.mark.parametrize("ending", ["mp4", "avi", "mkv"])
def test_a_recording_that_breaks_off_gives_what_it_has(tmp_path: Path, ending: str) -> None:
    codec = "mpeg4" if ending == "avi" else "libx264"
    layout = {"movflags": "faststart"} if ending == "mp4" else {}
    rate = {"g": "10", "b": "3000000"}  # bytes spread over the whole length
    clip = tmp_path / f"clip.{ending}"
    path = scenes.write_clip(clip, scenes.numbered(80), codec=codec, options=rate, container_options=layout)
    os.truncate(path, path.stat().st_size // 2)
    seen, lost = to_the_end(opened(path))
    assert f"clip.{ending} breaks off after" in lost
    assert "of 8.0 s" in lost
    frames = [frame for frame in seen if isinstance(frame, Frame)]
    assert 10 < len(frames) < 70
    assert [scenes.number_of(frame.bgr()) for frame in frames] == list(range(len(frames)))


def test_a_damaged_stretch_is_ticks_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = scenes.write_clip(tmp_path / "clip.mkv", scenes.numbered(60), options={"g": "10", "bf": "0"})
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 1500] = np.random.default_rng(5).bytes(1500)
    path.write_bytes(data)
    seen, _ = to_the_end(opened(path))
    assert any(isinstance(observation, Tick) and observation.trouble for observation in seen)
    assert isinstance(seen[-1], Frame)
    assert scenes.number_of(seen[-1].bgr()) == 59
    assert all(a.at <= b.at for a, b in itertools.pairwise(seen))


def test_what_rests_on_a_damaged_picture_is_damaged_until_the_next_keyframe(tmp_path: Path) -> None:
    units = scenes.h264(scenes.numbered(60), gop=20)
    units[20] = scenes.hurt(units[20])
    path = tmp_path / "clip.h264"
    path.write_bytes(b"".join(units))
    seen, _ = to_the_end(opened(path))
    whole = [scenes.number_of(one.bgr()) for one in seen if isinstance(one, Frame)]
    assert whole == [*range(20), *range(40, 60)]
    assert all(one.trouble for one in seen if isinstance(one, Tick))


def test_a_recording_without_its_index_cannot_be_opened(tmp_path: Path) -> None:
    path = scenes.write_clip(tmp_path / "clip.mp4", scenes.visit(40))
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(SourceUnavailable, match="cannot be opened as a recording"):
        opened(path)


@pytest.mark.parametrize("name", ["two words.mp4", "http:x.mp4", "ä[1]%d.mp4", "-i.mp4", "concat:a|b.mp4"])
def test_odd_names_are_names(tmp_path: Path, name: str) -> None:
    clip = scenes.write_clip(tmp_path / "clip.mp4", scenes.visit(3))
    seen, lost = to_the_end(opened(clip.rename(tmp_path / name)))
    assert (len(seen), lost) == (3, "")


def test_a_playlist_does_not_call_out(tmp_path: Path) -> None:
    path = tmp_path / "list.m3u8"
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(SourceUnavailable):
        opened(path)


def test_sound_alone_is_no_recording(tmp_path: Path) -> None:
    import wave

    with wave.open(str(tmp_path / "sound.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(16000))
    with pytest.raises(SourceUnavailable, match="holds no pictures"):
        opened(tmp_path / "sound.wav")


def test_a_huge_picture_is_refused_without_decoding_it() -> None:
    """In a process of its own, whose address space would not hold the picture."""
    code = """
import re, sys, struct, zlib
from pathlib import Path
def peak():  # kilobytes; not ru_maxrss, which in a child begins with what its parent needs
    return int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
rows = zlib.compress(bytes(20001) * 10)
png = b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 20000, 20000, 8, 0, 0, 0, 0))
path = Path(sys.argv[1]); path.write_bytes(png + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
from watcher.sources.video import Video
from watcher.sources.options import VideoOptions
from watcher.errors import SourceUnavailable
before = peak()
try:
    source = Video(VideoOptions(path=str(path)), "c")
    source.open()
    seen = list(source.frames())
    assert not any(hasattr(one, "pixels") for one in seen), seen
except SourceUnavailable as error:
    print(error)
assert peak() - before < 100_000
"""
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"huge-{os.getpid()}.png"
    try:
        subprocess.run([sys.executable, "-c", code, str(path)], check=True, timeout=60)
    finally:
        path.unlink(missing_ok=True)


def test_threads_and_the_loop_filter_change_no_count(tmp_path: Path) -> None:
    path = scenes.write_clip(tmp_path / "clip.mp4", scenes.numbered(30))
    for options in ({"threads": 0}, {"threads": 2}, {"skip_loop_filter": True}):
        seen, _ = to_the_end(opened(path, **options))
        assert [scenes.number_of(frame.bgr()) for frame in seen if isinstance(frame, Frame)] == list(range(30))


def test_frames_outlive_the_source(tmp_path: Path) -> None:
    path = scenes.write_clip(tmp_path / "clip.mp4", scenes.numbered(30))
    source = opened(path)
    kept = [frame for frame in source.frames() if isinstance(frame, Frame)]
    source.close()
    del source
    assert [scenes.number_of(frame.bgr()) for frame in kept] == list(range(30))


def test_the_clip_with_variable_rate_has_its_decoders_times() -> None:
    import av

    path = shared("clips/traffic_camera_vfr.mp4")
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stamps = sorted(packet.pts for packet in container.demux(stream) if packet.pts is not None)
        expected = [float((stamp - stamps[0]) * stream.time_base) for stamp in stamps]
    seen, lost = to_the_end(opened(path))
    assert lost == ""
    assert [frame.at for frame in seen] == expected
    assert np.diff(expected).max() > 1.5 * np.diff(expected).min()


def test_the_tree_clip_is_read_to_its_end() -> None:
    seen, lost = to_the_end(opened(shared("clips/tree.avi")))
    assert lost == ""
    assert seen[-1].at == pytest.approx(29.533, abs=0.01)
    assert {frame.size for frame in seen if isinstance(frame, Frame)} == {(320, 240)}


def test_a_recording_that_breaks_off_is_repeated_up_to_there_and_that_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = scenes.write_clip(tmp_path / "whole.mkv", scenes.numbered(40), fps=10, options={"g": "5"})
    path = tmp_path / "broken.mkv"
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    source = opened(path, repeat=True)
    seen = taken(source, 100)
    source.close()
    assert [one.index for one in seen if one.index is not None] == sorted({one.index for one in seen} - {None})
    assert len({scenes.number_of(one.bgr()) for one in seen if isinstance(one, Frame)}) < 40
    assert caplog.text.count("breaks off") == 1
