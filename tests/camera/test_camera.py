"""One camera's life, on fake sources and outlets and the real detector and tracker."""

import itertools
import json
import logging
import queue
import re
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.support.cameras import (
    EVENT,
    HURRY,
    SIZE,
    Filming,
    Held,
    Kept,
    LiveSource,
    OpenFails,
    Recording,
    camera,
    dots,
    frame,
    options,
    scene,
)
from tests.support.scenes import write_clip
from tests.support.wait import until
from watcher.camera.camera import Camera, parts_of
from watcher.camera.options import CameraOptions, LiveOptions
from watcher.camera.patience import patience_with
from watcher.camera.settings import Adjusted
from watcher.errors import RequestRefused, SourceLost, SourceUnavailable
from watcher.events.options import EventsOptions
from watcher.requests import Adjust, ForgetLearnt, Pause, Republish, Resume, SetReference, TakeSnapshot
from watcher.sinks.options import RecordOptions
from watcher.sources import Source
from watcher.sources.build import make_source
from watcher.sources.options import FolderOptions, VideoOptions
from watcher.vision.frame import Frame, encode_jpeg
from watcher.vision.jpeg import JpegPixels
from watcher.vision.options import AreaOptions, ZoneOptions
from watcher.vision.picture import decode_picture
from watcher.vision.reference.options import FixedOptions

THING = (60, 30, 100, 70)
LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
RIGHT = ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0))


def told(tmp_path: Path, frames: list[Frame], **changes: Any) -> Kept:
    """What a recording makes a camera say, from its start to its end."""
    kept = Kept()
    made = camera(tmp_path, kept, lambda: Recording(frames), **changes)
    made.start()
    until(lambda: made.ended, 20)
    made.stop()
    return kept


@pytest.fixture
def live(tmp_path: Path) -> Iterator["Live"]:
    bench = Live(tmp_path)
    yield bench
    bench.close()


class Live:
    """A camera that films, its outlet, and what it may be asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.script: queue.Queue[Any] = queue.Queue()
        self.kept = Kept()
        self.filming = Filming(self.script)
        self.camera: Camera | None = None

    def begin(self, **changes: Any) -> Camera:
        self.camera = camera(self.folder, self.kept, lambda: LiveSource(self.script), **changes)
        self.camera.start()
        return self.camera

    def knows(self) -> None:
        self.says("change", "OFF")

    def says(self, name: str, value: Any) -> None:
        until(lambda: self.kept.last(name) == value, 10, f"{name} is {value}, not {self.kept.last(name)}")

    def healthy(self, state: str) -> dict[str, Any]:
        return until(lambda: (now := self.kept.last("health")) and now["state"] == state and now, 10, state)

    def close(self) -> None:
        self.filming.stop()
        if self.camera is not None:
            self.camera.stop(timeout=2)


class TestRecording:
    def test_an_event_is_told_from_its_beginning_to_its_end(self, tmp_path: Path) -> None:
        kept = told(tmp_path, dots(EVENT))
        assert kept.phases[0] == ("started", None)
        assert kept.phases[-1] == ("ended", "fell")
        records = kept.all("record")
        assert [one["sequence"] for one in records] == list(range(len(records)))
        assert len({one["id"] for one in records}) == 1
        assert records[0]["started_at"] == "2026-11-22T10:18:01.500Z"
        assert records[0]["profile"] == "plain"
        assert records[0]["published_at"] is None
        assert json.dumps(records)

    def test_states_tell_what_is_known_and_nothing_else(self, tmp_path: Path) -> None:
        kept = told(tmp_path, dots(EVENT))
        assert kept.all("change") == ["None", "OFF", "ON", "OFF", "None"]
        assert kept.all("availability") == ["offline", "online", "offline"]
        assert [one["state"] for one in kept.all("health")] == ["starting", "starting", "ok", "lost"]
        assert kept.last("health")["reason"] == "the recording has ended"
        assert kept.last("setting/enabled") == "ON"
        assert kept.last("setting/threshold") == "0.01"

    def test_the_record_goes_first_and_nothing_is_encoded_before(self, tmp_path: Path) -> None:
        copied: list[int] = []

        class Watched(JpegPixels):
            def bgr(self) -> Any:
                copied.append(1)
                return super().bgr()

            def owned(self) -> "Watched":
                copied.append(1)
                return self

        frames = [replace(one, pixels=Watched(encode_jpeg(one.bgr()))) for one in dots(EVENT)]
        kept = Kept()
        before_record: list[int] = []
        kept.on_record = lambda: before_record.append(len(copied))
        made = camera(
            tmp_path, kept, lambda: Recording(frames), events=EventsOptions(threshold=0.01, rise=0.0, fall=0.3)
        )
        made.start()
        until(lambda: made.ended, 20)
        names = [name for name, _, _ in kept.told]
        first = names.index("record")
        assert names[first + 1] == "change"
        assert names.index("pictures") > first
        # One quiet frame and one of the rising change were kept before; the deciding frame was not touched.
        assert before_record[0] <= 2

    def test_pictures_come_at_the_start_and_the_best_at_the_end(self, tmp_path: Path) -> None:
        small, large = scene((60, 30, 80, 50)), scene((40, 20, 110, 80))
        shown = [*[scene()] * 15, *[small] * 5, *[large] * 2, *[small] * 8, *[scene()] * 20]
        frames = [frame(n, picture) for n, picture in enumerate(shown)]
        kept = told(tmp_path, frames)
        (first, first_pictures), (last, last_pictures) = kept.all("pictures")
        assert (first.phase, last.phase) == ("started", "ended")
        clean = decode_picture(last_pictures.clean())
        assert clean[20:80, 40:110].mean() > 200
        assert decode_picture(first_pictures.clean())[70:80, 40:50].mean() < 150
        assert decode_picture(last_pictures.reference())[20:80, 40:110].mean() < 150
        assert last_pictures.difference() is not None

    def test_what_has_come_to_stay_is_in_the_reference_of_the_next_event(self, tmp_path: Path) -> None:
        stays, second = (60, 20, 90, 50), (20, 60, 60, 90)
        both = scene(stays)
        both[second[1] : second[3], second[0] : second[2]] = 250
        shown = [*[scene()] * 15, *[scene(stays)] * 35, *[both] * 10, *[scene(stays)] * 20]
        frames = [frame(n, picture) for n, picture in enumerate(shown)]
        events = EventsOptions(threshold=0.01, rise=0.1, fall=0.3, settle=1.0)
        kept = told(tmp_path, frames, events=events)
        started = [pictures for update, pictures in kept.all("pictures") if update.phase == "started"]
        references = [decode_picture(pictures.reference()) for pictures in started]
        assert [reference[20:50, 60:90].mean() > 200 for reference in references] == [False, True]
        assert all(reference[60:90, 20:60].mean() < 150 for reference in references)

    def test_the_caption_is_of_the_frame_that_is_shown(self, tmp_path: Path) -> None:
        shown = [*[scene()] * 15, *[scene((60, 30, 80, 50))] * 5, scene((40, 20, 110, 80)), *[scene()] * 20]
        frames = [frame(n, picture) for n, picture in enumerate(shown)]
        kept = told(tmp_path, frames, name="Front door")
        last, pictures = kept.all("pictures")[-1]
        local = frames[20].utc.astimezone()
        title, time, changed = pictures.caption.split("  ")
        assert (title, time) == ("Front door", f"{local:%Y-%m-%d %H:%M:%S}")
        told_share = re.fullmatch(r"changed (\d+\.\d) % of the picture", changed)
        assert told_share
        assert 22 < float(told_share[1]) < 32, "the large thing covers 27 %, the small one 3 %"
        assert last.phase == "ended"

    def test_the_caption_names_the_zone_that_has_changed_most(self, tmp_path: Path) -> None:
        zones = {"left": ZoneOptions(points=LEFT, threshold=0.05), "right": ZoneOptions(points=RIGHT)}
        frames = [frame(n, scene((100, 20, 140, 80)) if 15 <= n < 25 else scene()) for n in range(45)]
        captions = [pictures.caption for _, pictures in told(tmp_path, frames, zones=zones).all("pictures")]
        assert captions
        assert all(
            re.fullmatch(r"porch  [-0-9]+ [:0-9]+  changed \d\d\.\d % of zone right", one) for one in captions
        )

    def test_the_snapshot_is_named_in_the_record(self, tmp_path: Path) -> None:
        media = told(tmp_path, dots(EVENT)).all("record")[0]["media"]["snapshot"]
        assert Path(media["file"]).parent == tmp_path / "snapshots/porch"
        assert (media["width"], media["height"]) == SIZE
        without = told(tmp_path, dots(EVENT), record=RecordOptions(snapshot=False))
        assert without.all("record")[0]["media"]["snapshot"] is None

    def test_an_event_that_is_open_when_it_ends_is_ended(self, tmp_path: Path) -> None:
        kept = told(tmp_path, dots("." * 15 + "#" * 10))
        assert kept.phases[-1] == ("ended", "stopped")
        assert "the recording has ended" in kept.all("record")[-1]["reason"]
        assert kept.all("pictures")[-1][0].phase == "ended"

    def test_one_at_its_own_speed_ends_like_any_other(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        path = write_clip(tmp_path / "short.mkv", [scene()] * 6, fps=20)
        source = VideoOptions(path=str(path), pace="real")
        kept = Kept()
        made = camera(tmp_path, kept, lambda: make_source(source, "porch"), source=source)
        made.start()
        until(lambda: made.ended, 10)
        assert kept.last("health")["reason"] == "the recording has ended"
        assert "trying again" not in caplog.text

    def test_one_at_its_own_speed_that_repeats_goes_round(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        path = write_clip(tmp_path / "short.mkv", [scene()] * 3, fps=20)
        source = VideoOptions(path=str(path), pace="real", repeat=True)
        kept = Kept()
        made = camera(
            tmp_path, kept, lambda: make_source(source, "porch"), source=source, patience=patience_with(source)
        )
        made.start()
        until(lambda: kept.last("change") == "OFF", 10)  # learnt for half a second: longer than one round
        assert not made.ended
        made.stop()
        assert "trying again" not in caplog.text

    def test_a_recording_that_breaks_off_says_so(self, tmp_path: Path) -> None:
        kept = Kept()
        trouble = SourceLost("the file ends in the middle of a frame")
        made = camera(tmp_path, kept, lambda: Recording(dots("." * 15), trouble))
        made.start()
        until(lambda: made.ended)
        assert kept.last("health")["reason"] == "the file ends in the middle of a frame"
        assert made.turning(time.monotonic() + 1000)

    def test_zones_say_where(self, tmp_path: Path) -> None:
        zones = {"left": ZoneOptions(points=LEFT), "right": ZoneOptions(points=RIGHT)}
        kept = told(tmp_path, dots(EVENT), zones=zones)
        assert kept.all("record")[0]["zones"] == ["left"]
        assert kept.all("zone/left") == ["None", "OFF", "ON", "OFF", "None"]
        assert kept.all("zone/right") == ["None", "OFF", "None"]

    def test_near_misses_are_told_with_their_reason(self, tmp_path: Path) -> None:
        kept = told(tmp_path, dots("." * 15 + "#" + "." * 30))
        assert not kept.phases
        assert kept.all("decision")
        assert kept.last("decision")["reason"]

    def test_another_size_in_mid_stream_ends_the_event_and_begins_anew(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        large = (320, 192)
        after = [
            frame(n + 25, scene((60, 60, 160, 160), large) if 20 < n < 35 else scene(size=large)) for n in range(50)
        ]
        kept = told(tmp_path, [*dots("." * 15 + "#" * 10), *after])
        assert kept.phases[-1] == ("ended", "fell")
        ends = [reason for phase, reason in kept.phases if phase == "ended"]
        assert ends == ["reloaded", "fell"]
        assert kept.all("record")[-1]["frame_size"] == [320, 192]
        assert (
            caplog.text.count("porch: the picture is 320x192 now, it was 160x96; the reference is made anew") == 1
        )
        assert kept.all("change") == ["None", "OFF", "ON", "None", "OFF", "ON", "OFF", "None"]

    def test_private_areas_are_in_nothing_that_is_told(self, tmp_path: Path) -> None:
        marked = scene()
        frames = [replace(one, pixels=JpegPixels(encode_jpeg(one.bgr()))) for one in dots(EVENT)]
        assert marked[:, 90:].min() >= 60
        kept = told(tmp_path, frames, privacy={"window": AreaOptions(points=RIGHT)})
        assert kept.phases
        for _, pictures in kept.all("pictures"):
            for data in (pictures.clean(), pictures.annotated(), pictures.reference()):
                assert decode_picture(data)[24:, 88:].max() < 40  # but for a caption along the top
        stored = np.load(tmp_path / "references/porch/background/1.npz")
        assert not stored["planes"][..., 82:].any()


class TestLive:
    def test_a_lost_camera_ends_its_event_and_comes_back(self, live: Live) -> None:
        live.begin()
        live.knows()
        live.filming.picture = scene(THING)
        live.says("change", "ON")
        live.filming.silence()
        live.healthy("lost")
        live.says("change", "None")
        live.says("availability", "offline")
        assert live.kept.phases[-1] == ("ended", "camera_lost")
        live.filming.picture = scene()
        live.filming.go_on()
        live.knows()
        live.says("availability", "online")
        live.healthy("ok")

    def test_a_camera_that_is_not_there_is_lost_with_the_reason(self, live: Live) -> None:
        live.filming.silence()
        live.script.put(OpenFails(SourceUnavailable("no route to 192.0.2.1")))
        live.begin()
        assert live.healthy("lost")["reason"] == "no route to 192.0.2.1"
        live.filming.go_on()
        live.knows()

    def test_a_source_that_hangs_is_lost_while_another_camera_goes_on(self, live: Live, tmp_path: Path) -> None:
        made = live.begin()
        other_script: queue.Queue[Any] = queue.Queue()
        other_kept = Kept()
        filming = Filming(other_script)
        other = camera(tmp_path / "other", other_kept, lambda: LiveSource(other_script), key="yard")
        other.start()
        try:
            live.knows()
            until(lambda: other_kept.last("change") == "OFF")
            held = Held()
            live.script.put(held)
            assert held.reached.wait(5)
            live.filming.silence()
            live.healthy("lost")
            filming.picture = scene(THING)
            until(lambda: other_kept.last("change") == "ON")
            assert made.turning(time.monotonic() - 2)
            live.filming.go_on()  # the thread in its place reads on, the hung one is left behind
            live.healthy("ok")
            held.let_go.set()
        finally:
            filming.stop()
            other.stop()

    def test_stopping_ends_the_event_and_says_offline(self, live: Live) -> None:
        made = live.begin()
        live.knows()
        live.filming.picture = scene(THING)
        live.says("change", "ON")
        began = time.monotonic()
        made.stop("stopped", 3)
        assert time.monotonic() - began < 2
        assert live.kept.phases[-1] == ("ended", "stopped")
        assert live.kept.last("availability") == "offline"
        assert live.kept.last("health")["reason"] == "not watched: watcher was stopped, as asked"
        assert live.kept.last("change") == "None"
        assert not [one for one in threading.enumerate() if one.name.endswith(":porch")]
        with pytest.raises(RequestRefused, match="does not run"):
            made.request(Pause())

    def test_what_was_learnt_is_there_after_a_restart(self, live: Live, tmp_path: Path) -> None:
        made = live.begin()
        live.knows()
        made.stop()
        live.filming.picture = scene(THING)  # came while nobody looked
        again, kept = queue.Queue[Any](), Kept()
        filming = Filming(again)
        filming.picture = scene(THING)
        second = camera(tmp_path, kept, lambda: LiveSource(again))
        second.start()
        try:
            until(lambda: kept.phases)
            assert kept.all("record")[0]["reference"] == "background@1"
        finally:
            filming.stop()
            second.stop()

    def test_state_tells_the_pace(self, live: Live) -> None:
        live.begin()
        state = until(lambda: live.kept.last("state"), 5)
        assert state.keys() == {"fps", "dropped", "changed_fraction", "similarity", "latency_ms"}
        assert 10 < state["fps"] < 60
        assert 0 < state["latency_ms"] < 500


class TestWatchedFolder:
    def test_it_waits_for_pictures_for_as_long_as_there_is_a_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr("watcher.sources.folder._SIGN_OF_LIFE", 0.1)
        folder, put, opened = tmp_path / "in", itertools.count(), []
        folder.mkdir()
        source = FolderOptions(path=str(folder), watch=True)

        def make() -> Source:
            opened.append(1)
            return make_source(source, "porch")

        def known() -> bool:
            cv2.imwrite(str(folder / f"{next(put)}.png"), scene())
            return kept.last("change") == "OFF"

        kept = Kept()
        made = camera(tmp_path, kept, make, source=source)
        made.start()
        try:
            until(known, 15)
            known_at, told, tries = time.monotonic(), len(kept.told), len(opened)
            until(lambda: time.monotonic() - known_at > 3 * HURRY.close_after)
            names = {name for name, _, _ in kept.told[told:]}
            assert names <= {"state"}, "nothing has changed, and silence is no trouble"
            assert len(opened) == tries
            assert "trying again" not in caplog.text
            shutil.rmtree(folder)
            until(lambda: kept.last("health")["state"] == "lost")
            assert "no file or folder" in kept.last("health")["reason"]
            folder.mkdir()
            until(lambda: kept.last("availability") == "online")
            assert kept.last("change") == "None", "what the folder had to show meanwhile is not known"
        finally:
            made.stop()


class TestRequests:
    def test_a_pause_ends_the_event_and_nothing_is_known(self, live: Live) -> None:
        made = live.begin()
        live.knows()
        live.filming.picture = scene(THING)
        live.says("change", "ON")
        made.request(Pause())
        live.healthy("paused")
        live.says("change", "None")
        assert live.kept.phases[-1] == ("ended", "paused")
        assert live.kept.last("setting/enabled") == "OFF"
        assert live.kept.last("availability") == "online"
        count = len(live.kept.phases)
        made.request(Resume())
        live.says("change", "ON")
        assert live.kept.last("setting/enabled") == "ON"
        assert live.kept.phases[count][0] == "started"

    def test_requests_are_applied_when_no_frames_come(self, live: Live) -> None:
        made = live.begin()
        live.knows()
        live.filming.silence()
        began = time.monotonic()
        made.request(Pause())
        live.says("setting/enabled", "OFF")
        assert time.monotonic() - began < 0.5

    def test_the_threshold_can_be_changed(self, live: Live) -> None:
        made = live.begin()
        live.knows()
        made.request(Adjust("threshold", 0.9))
        live.says("setting/threshold", "0.9")
        live.filming.picture = scene(THING)
        until(lambda: live.kept.all("decision"))
        assert not live.kept.phases
        made.request(Adjust("threshold", 0.02))
        live.says("change", "ON")

    @pytest.mark.parametrize(
        ("name", "value", "told"),
        [
            ("sensitivity", 0.9, "0.9"),
            ("reference_mode", "fixed", "fixed"),
            ("rise", 0.2, "0.2"),
            ("mute", 60.0, "60"),
            ("enabled", False, "OFF"),
            ("live", True, "ON"),
        ],
    )
    def test_a_setting_is_in_force_within_half_a_second_also_when_no_frames_come(
        self, live: Live, name: str, value: Any, told: str
    ) -> None:
        made = live.begin()
        live.knows()
        live.filming.silence()
        began = time.monotonic()
        made.request(Adjust(name, value))
        until(lambda: live.kept.last(f"setting/{name}") == told)
        assert time.monotonic() - began < 0.5

    def test_another_detector_goes_on_with_what_was_learnt(self, live: Live) -> None:
        made = live.begin()
        live.knows()
        live.filming.picture = scene(THING)
        live.says("change", "ON")
        made.request(Adjust("sensitivity", 0.9))
        until(lambda: ("ended", "reloaded") in live.kept.phases)
        ended = live.kept.phases.index(("ended", "reloaded"))
        until(lambda: live.kept.phases[ended + 1 :])
        assert live.kept.phases[ended + 1][0] == "started", "the thing is still there, and was not learnt"
        live.filming.picture = scene()
        live.says("change", "OFF")

    def test_another_reference_mode_begins_with_what_is_there(self, live: Live) -> None:
        made = live.begin()
        live.knows()
        made.request(Adjust("reference_mode", "fixed"))
        live.says("setting/reference_mode", "fixed")
        live.knows()
        live.filming.picture = scene(THING)
        live.says("change", "ON")
        assert live.kept.all("record")[-1]["reference"] == "taken"
        made.request(Adjust("reference_mode", None))
        live.says("setting/reference_mode", "background")

    def test_what_was_learnt_can_be_forgotten(self, live: Live) -> None:
        made = live.begin()
        live.knows()
        live.filming.picture = scene(THING)
        live.says("change", "ON")
        made.request(ForgetLearnt())
        until(lambda: live.kept.phases[-1] == ("ended", "reloaded"))
        live.says("change", "OFF")
        assert live.kept.phases[-1] == ("ended", "reloaded"), "the thing is what was learnt"

    def test_a_mute_ends_by_itself(self, live: Live) -> None:
        made = live.begin()
        live.knows()
        made.request(Adjust("mute", 0.6))
        assert "muted until 20" in live.healthy("paused")["reason"]
        live.says("change", "None")
        assert live.kept.last("setting/enabled") == "ON"
        live.says("setting/mute", "0")
        live.healthy("ok")
        live.knows()
        made.request(Adjust("mute", 60.0))
        live.healthy("paused")
        made.request(Adjust("mute", 0.0))
        live.healthy("ok")

    def test_settings_of_another_day_hold_from_the_start(self, live: Live) -> None:
        config = options(enabled=False)
        adjusted = Adjusted(config=config).adjusted("threshold", 0.5, datetime.now(UTC))
        made = live.begin(enabled=False, adjusted=adjusted)
        live.healthy("paused")
        live.says("setting/threshold", "0.5")
        made.request(Adjust("enabled", True))
        live.knows()
        made.request(Adjust("enabled", None))
        live.healthy("paused")

    def test_the_live_picture_is_off_until_asked_for_and_slow(self, live: Live) -> None:
        made = live.begin(live=LiveOptions(width=80))
        live.knows()
        until(lambda: live.kept.last("state"))
        assert not live.kept.all("live")
        made.request(Adjust("live", True))
        began = time.monotonic()
        until(lambda: len(live.kept.all("live")) == 3, 5)
        assert time.monotonic() - began > 1.9, "a second from one to the next"
        assert decode_picture(live.kept.last("live")()).shape == (48, 80, 3)
        made.request(Adjust("live", False))
        live.says("setting/live", "OFF")
        count = len(live.kept.all("live"))
        states = len(live.kept.all("state"))
        until(lambda: len(live.kept.all("state")) > states + 1, 5)
        assert len(live.kept.all("live")) == count

    def test_a_flood_of_settings_ends_with_the_last(self, live: Live) -> None:
        made = live.begin()
        live.knows()
        for number in range(2000):
            made.request(Adjust("threshold", (number + 1) / 2000))
        live.says("setting/threshold", "1")

    @pytest.mark.parametrize(
        ("request_", "why"),
        [
            (Adjust("threshold", 1.5), "fraction from 0 to 1"),
            (Adjust("threshold", "much"), "threshold is a fraction, not 'much'"),
            (Adjust("threshold", True), "threshold is a fraction, not True"),
            (Adjust("zoom", 2.0), "no setting zoom; known are enabled"),
            (SetReference("night"), "there is no reference night of porch"),
            (SetReference("Night !"), "cannot name a reference"),
            (SetReference("day@x"), "day@x|invalid"),
        ],
        ids=str,
    )
    def test_what_cannot_be_obeyed_is_refused_at_once_and_changes_nothing(
        self, live: Live, request_: Any, why: str
    ) -> None:
        made = live.begin()
        live.knows()
        before = [one for one in live.kept.told if one[0].startswith("setting")]
        with pytest.raises(RequestRefused, match=why):
            made.request(request_)
        assert [one for one in live.kept.told if one[0].startswith("setting")] == before

    def test_without_a_picture_nothing_can_be_taken(self, live: Live) -> None:
        live.filming.silence()
        made = live.begin()
        for request in (TakeSnapshot(), SetReference()):
            with pytest.raises(RequestRefused, match="there is no picture: the camera is starting"):
                made.request(request)

    def test_a_snapshot_of_now(self, live: Live) -> None:
        made = live.begin()
        live.knows()
        made.request(TakeSnapshot())
        update, pictures = until(lambda: live.kept.last("pictures"))
        np.testing.assert_allclose(decode_picture(pictures.clean()).mean(), scene().mean(), atol=2)
        assert update.reason == "taken by request"
        assert not live.kept.phases  # no event, and none is told
        made.request(Pause())
        live.healthy("paused")
        made.request(TakeSnapshot())
        until(lambda: len(live.kept.all("pictures")) == 2)

    def test_a_snapshot_while_paused_shows_no_change_of_another_frame(self, live: Live) -> None:
        made = live.begin()
        live.knows()
        live.filming.picture = scene(THING)
        live.says("change", "ON")
        made.request(TakeSnapshot())
        asked = until(lambda: [one for one in live.kept.all("pictures") if one[0].reason == "taken by request"])
        assert "changed" in asked[0][1].caption
        made.request(Pause())
        live.healthy("paused")
        made.request(TakeSnapshot())
        until(
            lambda: (
                live.kept.last("pictures")[0].event.id not in {asked[0][0].event.id, live.kept.last("record")["id"]}
            )
        )
        update, pictures = live.kept.last("pictures")
        assert update.regions == ()
        assert "changed" not in pictures.caption

    def test_a_reference_taken_now_makes_what_is_there_the_expected(self, live: Live) -> None:
        made = live.begin(reference=FixedOptions())
        live.knows()
        live.filming.picture = scene(THING)
        live.says("change", "ON")
        made.request(SetReference())
        live.says("change", "OFF")
        until(lambda: len(list((live.folder / "references/porch/taken").glob("*.json"))) == 2)

    def test_a_stored_reference_can_be_used_by_name(self, live: Live) -> None:
        made = live.begin(reference=FixedOptions())
        live.knows()
        until((live.folder / "references/porch/taken/1.json").exists)
        live.filming.picture = scene(THING)
        live.says("change", "ON")
        made.request(SetReference())
        live.says("change", "OFF")
        made.request(SetReference("taken@1"))
        live.says("change", "ON")
        assert until(lambda: live.kept.last("record"))["reference"] == "taken@1"

    def test_the_stored_reference_in_use_is_the_one_of_the_next_start(
        self, live: Live, caplog: pytest.LogCaptureFixture
    ) -> None:
        made = live.begin(reference=FixedOptions())
        live.knows()
        until((live.folder / "references/porch/taken/1.json").exists)
        made.request(SetReference())
        until((live.folder / "references/porch/taken/2.json").exists)
        made.request(SetReference("taken@1"))
        until((live.folder / "references/porch/taken/3.json").exists)
        made.stop()
        with caplog.at_level(logging.INFO):
            live.begin(reference=FixedOptions())
            until(lambda: "porch: goes on with its stored reference taken@1" in caplog.text)

    def test_everything_is_said_again_on_request(self, live: Live) -> None:
        made = live.begin()
        live.knows()
        live.kept.told.clear()
        made.request(Republish())
        until(lambda: {"availability", "health", "change", "setting/enabled", "setting/threshold"} <= {
            name for name, _, _ in list(live.kept.told)
        })  # fmt: skip


class TestTrouble:
    def test_an_unusable_reference_is_said_and_looked_for_again(
        self, live: Live, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr("watcher.camera.watch.RETRY_REFERENCE", 0.2)
        path = live.folder / "golden.png"
        live.begin(reference=FixedOptions(image=str(path)))
        health = until(lambda: (now := live.kept.last("health")) and "golden.png" in now["reason"] and now)
        assert health["state"] == "starting"
        assert live.kept.last("change") in (None, "None")
        cv2.imwrite(str(path), scene())
        live.knows()
        assert live.healthy("ok")
        assert caplog.text.count("there is no such file") == 1

    def test_a_crash_ends_the_event_and_the_camera_starts_again(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        parts = parts_of()
        crash = threading.Event()

        def tracker(now: CameraOptions) -> Any:
            made = parts.tracker(now)
            step = made.step

            def step_or_crash(seen: Any, detection: Any) -> Any:
                if crash.is_set():
                    crash.clear()
                    raise ZeroDivisionError("a fault in the program")
                return step(seen, detection)

            made.step = step_or_crash  # type: ignore[method-assign]
            return made

        script: queue.Queue[Any] = queue.Queue()
        kept, filming = Kept(), Filming(script)
        made = camera(tmp_path, kept, lambda: LiveSource(script), parts=replace(parts, tracker=tracker))
        made.start()
        try:
            until(lambda: kept.last("change") == "OFF")
            filming.picture = scene(THING)
            until(lambda: kept.last("change") == "ON")
            crash.set()
            until(lambda: kept.phases[-1] == ("ended", "crashed"))
            ended = kept.all("record")[-1]
            assert ended["sequence"] == kept.all("record")[-2]["sequence"] + 1
            assert "ZeroDivisionError: a fault in the program" in ended["reason"]
            assert kept.last("change") == "None"
            assert kept.last("availability") == "offline"
            assert made.turning(time.monotonic() - 2)
            filming.picture = scene()
            until(lambda: kept.last("change") == "OFF", 10)
            assert kept.last("availability") == "online"
            assert "Traceback" in caplog.text
        finally:
            filming.stop()
            made.stop()

    def test_a_watch_thread_that_hangs_does_not_turn(self, tmp_path: Path) -> None:
        parts = parts_of()
        hang, reached = threading.Event(), threading.Event()

        def detector(now: CameraOptions) -> Any:
            made = parts.detector(now)
            step = made.step

            def step_or_hang(seen: Any) -> Any:
                if len(reached_after) < 3:
                    reached_after.append(seen)
                else:
                    reached.set()
                    hang.wait(30)
                return step(seen)

            made.step = step_or_hang  # type: ignore[method-assign]
            return made

        reached_after: list[Any] = []
        script: queue.Queue[Any] = queue.Queue()
        kept, filming = Kept(), Filming(script)
        made = camera(tmp_path, kept, lambda: LiveSource(script), parts=replace(parts, detector=detector))
        made.start()
        try:
            assert reached.wait(5)
            since = time.monotonic() + 0.01
            until(lambda: time.monotonic() > since + 0.1)
            assert not made.turning(since)
            hang.set()
            until(lambda: made.turning(since))
        finally:
            hang.set()
            filming.stop()
            made.stop()

    def test_the_log_says_which_camera(self, live: Live, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.INFO, "watcher"):
            made = live.begin()
            live.knows()
            live.script.put(SourceLost("the cable is out"))
            live.healthy("lost")
            live.healthy("ok")
            made.stop()
        ours = [one for one in caplog.records if one.name.startswith("watcher.camera")]
        assert ours
        assert all(one.getMessage().startswith("porch: ") for one in ours)
        assert any("the cable is out" in one.getMessage() for one in ours)


def test_patience_of_the_tests_is_shorter_than_that_of_cameras() -> None:
    assert HURRY.lost_after < 1
