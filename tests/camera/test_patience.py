"""How long which source is waited for."""

import math

from watcher.camera.patience import patience_with
from watcher.sources.options import DemoOptions, FolderOptions, RtspOptions, StillsOptions, VideoOptions


def test_a_picture_a_minute_is_waited_for() -> None:
    patience = patience_with(StillsOptions(url="http://porch/now.jpg", every=60.0))
    assert patience.lost_after > 60 + 10
    assert patience.first_within > 60
    assert patience.close_after > 60 + 10, "the next one, and as long as the server may take to send it"


def test_a_stream_is_lost_after_seconds() -> None:
    patience = patience_with(RtspOptions(url="rtsp://porch/1", timeout=10.0))
    assert patience.lost_after == 5
    assert 15 <= patience.close_after < 16


def test_a_watched_folder_has_time_to_say_that_it_is_there() -> None:
    patience = patience_with(FolderOptions(path="in", watch=True, fps=1000))
    assert 20 <= patience.lost_after <= patience.close_after < math.inf


def test_a_recording_may_pause_for_as_long_as_it_likes() -> None:
    for source in (VideoOptions(path="a.mp4", pace="real"), FolderOptions(path="in", pace="real"), DemoOptions()):
        patience = patience_with(source)
        assert (patience.lost_after, patience.close_after) == (math.inf, math.inf)
