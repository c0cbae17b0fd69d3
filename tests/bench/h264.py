"""Row h264: what watching costs over what decoding costs anyway."""

from itertools import islice
from pathlib import Path

import av

from tests.bench import clips
from tests.bench.measure import Figure, in_turns, ratio
from tests.bench.pipeline import watch_recording

_FRAMES = 250


def figures(folder: Path, rounds: int) -> list[Figure]:
    found = [
        _of("drawn, nothing happens", clips.quiet_h264(folder), rounds),
        _of("drawn, change in 3 of 5 frames", clips.drawn_h264(folder), rounds),
    ]
    real = clips.real_h264(folder)
    return [*found, _of("real, enlarged, change in most frames", real, rounds)] if real else found


def _of(what: str, recording: Path, rounds: int) -> Figure:
    path = str(recording)
    seen = watch_recording(path, _FRAMES)
    taken = in_turns(
        {
            "decode": lambda: decode(path),
            "whole": lambda: watch_recording(path, _FRAMES),
            "whole, no loop filter": lambda: watch_recording(path, _FRAMES, skip_loop_filter=True),
        },
        rounds,
    )
    value, spread = ratio(taken, "whole", "decode")
    without, _ = ratio(taken, "whole, no loop filter", "decode")
    alone = min(taken["decode"]) / _FRAMES * 1000
    note = (
        f"{what}: loop filter on for both (skipped by the pipeline alone: {without:.2f}); decoding alone "
        f"{alone:.1f} ms of CPU a frame, {recording.stat().st_size * 8 / clips.SECONDS / 1e6:.1f} Mbit/s; "
        f"{seen.changed} of {_FRAMES} frames with change, {seen.events} events"
    )
    return Figure("h264", f"pipeline / decoding: {what}", value, "x", 1.35, 1.15, False, spread, note)


def decode(path: str) -> None:
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        stream.codec_context.thread_count = 1
        frames = sum(1 for _ in islice(container.decode(stream), _FRAMES))
    assert frames == _FRAMES
