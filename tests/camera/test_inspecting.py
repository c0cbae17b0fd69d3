"""A camera that inspects: the gate, triggers, recipes and lessons, on fake sources and outlets, and the engine."""

import json
import queue
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support import parts
from tests.support.cameras import HURRY, Filming, Kept, LiveSource, Recording, frame, options
from tests.support.wait import until
from watcher.camera import recipes
from watcher.camera.camera import Camera
from watcher.camera.patience import Patience
from watcher.camera.settings import Adjusted
from watcher.errors import RequestRefused
from watcher.history import History
from watcher.inspection.golden import teach
from watcher.inspection.when import LineOptions, RecipeOptions
from watcher.references import Store
from watcher.requests import (
    Adjust,
    Inspect,
    Pause,
    Republish,
    ResetCounters,
    Resume,
    SetReference,
    TakeSnapshot,
    TellTruth,
)
from watcher.sinks.options import StorageOptions
from watcher.sinks.snapshot import Snapshots
from watcher.vision.frame import Frame, encode_jpeg
from watcher.vision.jpeg import JpegPixels
from watcher.vision.options import ZoneOptions
from watcher.vision.picture import decode_picture
from watcher.vision.reference.options import GoldenOptions

ROUND_THE_PAD = ((0.4, 0.35), (0.6, 0.35), (0.6, 0.65), (0.4, 0.65))
ELSEWHERE = ((0.1, 0.1), (0.3, 0.1), (0.3, 0.9), (0.1, 0.9))


def golden(folder: Path, name: str = "golden", design: int = 3) -> None:
    """Teach the camera porch a part."""
    taught = teach([parts.part(seed=seed, design=design) for seed in range(3)])
    Store(folder / "references").save("porch", name, taught.golden.memory(), parts.SIZE)


class Line:
    """A camera over a belt, and what it said."""

    def __init__(self, folder: Path, *, taught: bool = True, empty: bool = True) -> None:
        self.folder = folder
        self.script: queue.Queue[Any] = queue.Queue()
        self.kept = Kept()
        self.filming = Filming(self.script)
        self.filming.picture = parts.empty()
        self.camera: Camera | None = None
        self.more: list[Any] = []
        self.patience = HURRY
        if taught:
            golden(folder)
        if empty:
            memory = teach([parts.empty()]).golden.memory()
            Store(folder / "references").save("porch", "empty", memory, parts.SIZE)

    def begin(self, line: LineOptions | None = None, counters: Any = None, **changes: Any) -> Camera:
        settings = {
            "reference": GoldenOptions(),
            "inspection": line or LineOptions(),
            "profile": "inspection",
            **changes,
        }
        made = options(**settings)
        self.camera = Camera(
            made, StorageOptions(folder=str(self.folder)), [self.kept, *self.more],
            make=lambda: LiveSource(self.script), patience=self.patience, adjusted=Adjusted(config=made),
            counters=counters or (lambda camera: None),
        )  # fmt: skip
        self.camera.start()
        return self.camera

    def ready(self, line: LineOptions | None = None, **changes: Any) -> Camera:
        made = self.begin(line, **changes)
        self.says("ready", "ON")
        return made

    def says(self, name: str, value: Any) -> None:
        until(lambda: self.kept.last(name) == value, 10, f"{name} is {value}, not {self.kept.last(name)}")

    @property
    def verdicts(self) -> list[dict[str, Any]]:
        return self.kept.all("verdict")

    def nth(self, number: int) -> dict[str, Any]:
        """The verdict with this number, from 1."""
        return until(lambda: len(self.verdicts) >= number and self.verdicts[number - 1], 10, f"verdict {number}")

    def asks(self, request: Any) -> None:
        assert self.camera is not None
        self.camera.request(request)

    def close(self) -> None:
        self.filming.stop()
        if self.camera is not None:
            self.camera.stop(timeout=3)


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    one = Line(tmp_path)
    yield one
    one.close()


class TestGate:
    def test_each_part_gets_one_verdict_when_it_lies_still(self, line: Line) -> None:
        line.ready()
        for number, (bad, word) in enumerate([(False, "PASS"), (True, "FAIL"), (False, "PASS")], 1):
            line.filming.picture = parts.part(bad=bad, seed=number)
            assert line.nth(number)["verdict"] == word
            line.says("ready", "OFF")
            line.filming.picture = parts.empty(number)
            line.says("ready", "ON")
        assert len(line.verdicts) == 3
        counters = line.kept.last("counters")
        assert (counters["inspected"], counters["passed"], counters["failed"]) == (3, 2, 1)
        assert counters["yield"] == pytest.approx(2 / 3, abs=1e-6)
        assert [one["counters"]["inspected"] for one in line.verdicts] == [1, 2, 3]

    def test_the_verdict_goes_out_before_any_picture_is_made(
        self, line: Line, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def encoded(*anything: Any) -> bytes:
            line.kept.told.append(("encoded", "porch", None))
            return b""

        monkeypatch.setattr("watcher.camera.verdicts.encode_jpeg", encoded)
        line.ready()
        line.filming.picture = parts.part(bad=True)
        _, pictures = until(lambda: line.kept.last("pictures"), 10)
        told = [name for name, _, _ in line.kept.told]
        assert "encoded" not in told, "whoever delivers them makes them"
        assert told.index("verdict") < told.index("last_verdict") < told.index("pictures")
        pictures.annotated()
        assert line.kept.all("encoded")

    def test_a_verdict_says_all_of_itself(self, line: Line) -> None:
        line.ready()
        line.filming.picture = parts.part(bad=True)
        told = line.nth(1)
        assert told["schema"] == 1
        assert 0.5 < told["score"] < 1
        assert (told["camera"], told["recipe"], told["reference"]) == ("porch", "golden", "golden@1")
        assert (told["part"], told["correlation_id"], told["error"]) == (None, None, None)
        assert told["changed"] is True
        assert 0 < told["changed_fraction"] < 0.5
        assert told["published_at"] is None
        assert told["frame_size"] == list(parts.SIZE)
        region = told["regions"][0]
        assert abs(region["x"] - parts.PAD[0]) < 15
        assert abs(region["y"] - parts.PAD[1]) < 15
        assert set(region["reference_box"]) == {"x", "y", "width", "height"}
        assert told["until"] > time.monotonic() - 1
        assert json.dumps({**told, "until": 0})
        assert {**line.kept.last("last_verdict"), "until": told["until"]} == told

    def test_where_it_fails_is_told_by_zone(self, line: Line) -> None:
        line.ready(zones={"pad": ZoneOptions(points=ROUND_THE_PAD), "edge": ZoneOptions(points=ELSEWHERE)})
        line.filming.picture = parts.part(bad=True)
        assert line.nth(1)["regions"][0]["zone"] == "pad"
        line.says("zone/pad", "ON")
        line.says("zone/edge", "OFF")
        assert line.kept.last("counters")["zones"] == {"pad": 1}

    def test_pictures_of_a_verdict_show_it(self, line: Line) -> None:
        line.ready()
        line.filming.picture = parts.part(bad=True)
        told = line.nth(1)
        update, pictures = until(lambda: line.kept.last("pictures"))
        assert update.event.id == told["id"]
        assert Path(told["media"]["snapshot"]["file"]).name.endswith(f"_porch_{told['id']}.jpg")
        assert abs(decode_picture(pictures.clean()).astype(int) - line.filming.picture).mean() < 5
        assert abs(decode_picture(pictures.annotated()).astype(int) - line.filming.picture).mean() > 0.5
        assert decode_picture(pictures.reference()).shape == (200, 320, 3)
        assert pictures.difference() is not None

    @pytest.mark.parametrize(("which", "kept"), [("all", 2), ("bad", 1), ("none", 0)])
    def test_of_which_verdicts_pictures_are_kept(self, line: Line, which: Any, kept: int) -> None:
        line.ready(LineOptions(pictures=which))
        for number, bad in enumerate([False, True], 1):
            line.filming.picture = parts.part(bad=bad)
            told = line.nth(number)
            assert (told["media"]["snapshot"] is not None) == (which == "all" or (which == "bad" and bad))
            line.says("ready", "OFF")
            line.filming.picture = parts.empty()
            line.says("ready", "ON")
        assert len(line.kept.all("pictures")) == kept

    def test_a_broken_picture_is_not_judged(self, line: Line) -> None:
        line.patience = Patience()
        line.ready(LineOptions(when="trigger"))
        whole = encode_jpeg(parts.part())
        line.filming.silence()
        until(line.script.empty)
        line.asks(Inspect("broken"))
        pixels = JpegPixels(whole[: len(whole) // 3])
        line.script.put(Frame(time.monotonic(), datetime.now(UTC), pixels, 1))
        told = line.nth(1)
        assert (told["verdict"], told["correlation_id"]) == ("NOT_INSPECTED", "broken")
        assert "the picture cannot be read" in told["reason"]
        line.filming.go_on()
        line.asks(Inspect("whole"))
        assert line.nth(2)["correlation_id"] == "whole"

    def test_a_frozen_picture_never_passes(self, tmp_path: Path) -> None:
        """Pictures arrive, but the same for ever: whatever lies there now, nobody sees it."""
        golden(tmp_path)
        shown = [parts.part(seed=n) for n in range(110)] + [parts.part(seed=0)] * 200 + [parts.part(seed=1)]
        kept, made = Kept(), options(reference=GoldenOptions(), inspection=LineOptions(when="continuous"))
        camera = Camera(
            made, StorageOptions(folder=str(tmp_path)), [kept], patience=HURRY,
            make=lambda: Recording([frame(n, picture, 10) for n, picture in enumerate(shown)]),
        )  # fmt: skip
        camera.start()
        until(lambda: camera.ended, 40)
        camera.stop()
        assert len(kept.all("verdict")) < 110 + 160, "after 15 seconds it is not judged any more"
        assert any(health["state"] == "frozen" for health in kept.all("health"))
        assert kept.all("ready").count("OFF") >= 2

    def test_a_part_that_does_not_stop_is_counted(self, line: Line) -> None:
        line.ready()
        began = time.monotonic()
        while time.monotonic() < began + 0.4:
            line.filming.picture = parts.part(x=int(60 * (time.monotonic() - began)) % 30)
        line.filming.picture = parts.empty()
        until(lambda: (line.kept.last("counters") or {}).get("skipped") == 1)
        assert line.verdicts == []

    def test_another_product_never_passes(self, line: Line) -> None:
        line.ready()
        line.filming.picture = parts.part(design=99)
        assert line.nth(1)["verdict"] != "PASS"

    def test_an_empty_place_that_shows_the_part_is_refused_in_words(self, tmp_path: Path) -> None:
        line = Line(tmp_path, empty=False)
        memory = teach([parts.part(seed=5)]).golden.memory()
        Store(tmp_path / "references").save("porch", "empty", memory, parts.SIZE)
        try:
            line.begin()
            until(lambda: "looks like the golden part" in (line.kept.last("health") or {"reason": ""})["reason"])
            assert line.kept.last("ready") == "OFF"
        finally:
            line.close()

    def test_without_a_picture_of_the_empty_place_it_is_learnt(self, tmp_path: Path, caplog: Any) -> None:
        line = Line(tmp_path, empty=False)
        try:
            line.ready()
            assert "watcher reference take porch empty" in caplog.text
            assert line.camera is not None
            until(lambda: line.camera._watch._bench.presence.knows_empty, 10)  # type: ignore[union-attr]
            line.filming.picture = parts.part()
            assert line.nth(1)["verdict"] == "PASS"
        finally:
            line.close()


class TestTrigger:
    def test_the_first_frame_captured_afterwards_is_judged(self, line: Line) -> None:
        line.ready(LineOptions(when="trigger"))
        line.filming.picture = parts.part()
        asked = datetime.now(UTC)
        line.asks(Inspect("a-7", "SN 1"))
        told = line.nth(1)
        assert (told["correlation_id"], told["part"]) == ("a-7", "SN 1")
        late = (datetime.fromisoformat(told["captured_at"]) - asked).total_seconds()
        assert -0.001 <= late < 0.5, "milliseconds are cut off"
        line.says("ready", "ON")
        assert len(line.verdicts) == 1

    def test_none_is_judged_by_a_frame_from_before(self, line: Line) -> None:
        """Frames that waited were captured before the trigger, whatever they show."""
        line.ready(LineOptions(when="trigger", trigger_timeout=0.3))
        line.filming.silence()
        until(line.script.empty)
        stale = frame(1, parts.part())
        line.asks(Inspect("a"))
        line.script.put(stale.__class__(time.monotonic() - 5, stale.utc, stale.pixels, 1))
        told = line.nth(1)
        assert told["verdict"] == "NOT_INSPECTED"
        assert told["reason"].startswith("no frame within 0.3 s")

    def test_without_a_frame_it_is_not_inspected(self, line: Line) -> None:
        line.ready(LineOptions(when="trigger", trigger_timeout=0.2))
        line.filming.silence()
        until(line.script.empty)
        began = time.monotonic()
        line.asks(Inspect("a-7", "SN 1"))
        told = line.nth(1)
        assert time.monotonic() - began < 0.6
        assert (told["verdict"], told["correlation_id"], told["part"]) == ("NOT_INSPECTED", "a-7", "SN 1")
        assert "no frame within 0.2 s" in told["reason"]
        assert (told["changed"], told["regions"], told["alignment"]) == (None, [], None)
        assert line.kept.last("counters")["not_inspected"] == 1

    def test_a_storm_is_answered_each_and_does_not_stall(self, line: Line) -> None:
        line.ready(LineOptions(when="trigger"))
        line.filming.picture = parts.part()
        answered = 0
        for number in range(3000):
            try:
                line.asks(Inspect(str(number)))
                answered += 1
            except RequestRefused:
                continue
        until(lambda: len(line.verdicts) == answered, 20)
        heard = [one["correlation_id"] for one in line.verdicts]
        assert len(set(heard)) == answered

        def all_counted() -> bool:
            told = line.kept.last("counters")
            judged = sum(told[key] for key in ("passed", "failed", "not_inspected", "twice"))
            return bool(judged + told["refused"] == 3000)

        until(all_counted, 5)
        line.asks(Inspect("afterwards"))
        until(lambda: line.verdicts[-1]["correlation_id"] == "afterwards")

    def test_while_it_is_paused_or_stopped_nobody_is_left_waiting(self, line: Line) -> None:
        camera = line.ready(LineOptions(when="trigger", trigger_timeout=5))
        line.asks(Pause())
        line.says("ready", "OFF")
        line.asks(Inspect("a"))
        assert "paused" in line.nth(1)["reason"]
        line.asks(Resume())
        line.says("ready", "ON")
        line.filming.silence()
        until(line.script.empty)
        line.asks(Inspect("b"))
        camera.stop("stopped")
        assert "no frame: the camera was stopped" in line.nth(2)["reason"]
        assert line.kept.last("ready") == "OFF"

    def test_in_still_inspection_a_second_verdict_on_a_part_counts_as_twice(self, line: Line) -> None:
        line.ready()
        line.filming.picture = parts.part()
        line.nth(1)
        line.asks(Inspect("again"))
        assert line.nth(2)["correlation_id"] == "again"
        counters = line.kept.last("counters")
        assert (counters["passed"], counters["twice"]) == (1, 1)

    def test_continuous_inspection_judges_frame_after_frame(self, line: Line) -> None:
        line.ready(LineOptions(when="continuous"))
        line.filming.picture = parts.part()
        until(lambda: line.verdicts and line.verdicts[-1]["verdict"] == "PASS")
        line.filming.picture = parts.part(bad=True)
        until(lambda: line.verdicts[-1]["verdict"] == "FAIL")
        until(lambda: len(line.verdicts) > 10)
        shown = [update.reason for update, _ in line.kept.all("pictures")]
        assert len(shown) <= 4, "only where the verdict changes"


class TestReference:
    def test_without_one_nothing_is_inspected_and_triggers_are_told_why(self, tmp_path: Path) -> None:
        line = Line(tmp_path, taught=False)
        try:
            line.begin(LineOptions(when="trigger"))
            until(lambda: "there is no reference golden" in (line.kept.last("health") or {"reason": ""})["reason"])
            assert line.kept.last("ready") == "OFF"
            line.asks(Inspect("a"))
            assert "there is no reference golden" in line.nth(1)["reason"]
            line.filming.picture = parts.part()
            until(lambda: line.camera._watch.frame.bgr()[100, 160].mean() > 150)  # type: ignore[union-attr]
            line.asks(SetReference())
            line.says("ready", "ON")
            line.asks(Inspect("b"))
            told = line.nth(2)
            assert (told["verdict"], told["reference"]) == ("PASS", "golden@1")
        finally:
            line.close()

    def test_good_samples_of_the_configuration_are_learnt_at_the_start(self, tmp_path: Path) -> None:
        line = Line(tmp_path, taught=False)
        samples = parts.written(tmp_path / "good", [parts.part(seed=seed) for seed in range(4)])
        made = options(reference=GoldenOptions(name="board", images=str(samples)), inspection=LineOptions())
        line.camera = Camera(
            made, StorageOptions(folder=str(tmp_path)), [line.kept], make=lambda: LiveSource(line.script),
            patience=HURRY,
        )  # fmt: skip
        line.camera.start()
        try:
            line.says("ready", "ON")
            line.filming.picture = parts.part(seed=9)
            told = line.nth(1)
            assert (told["verdict"], told["reference"]) == ("PASS", "board@1")
            line.camera.stop()
            assert recipes.unlearnt(made, Store(tmp_path / "references")) == ()
            (samples / "00.png").touch()
            assert len(recipes.unlearnt(made, Store(tmp_path / "references"))) == 4, "one is newer"
        finally:
            line.close()

    def test_samples_that_cannot_be_learnt_are_said_to_be(self, tmp_path: Path, caplog: Any) -> None:
        line = Line(tmp_path, taught=False)
        samples = parts.written(tmp_path / "good", [parts.part(), parts.part()[:100, :160].copy()])
        try:
            line.begin(reference=GoldenOptions(images=str(samples)))
            until(lambda: "could not be learnt" in (line.kept.last("health") or {"reason": ""})["reason"])
            assert "good samples must have one size" in caplog.text
            assert line.kept.last("ready") == "OFF"
        finally:
            line.close()

    def test_a_corrupt_one_is_refused_and_the_older_still_used(
        self, line: Line, tmp_path: Path, caplog: Any
    ) -> None:
        golden(tmp_path)
        newest = tmp_path / "references/porch/golden/2.npz"
        newest.write_bytes(newest.read_bytes()[:-100])
        line.ready(LineOptions(when="trigger"))
        assert "golden@2 of porch is damaged" in caplog.text
        assert "golden@1 is used instead" in caplog.text
        line.filming.picture = parts.part()
        line.asks(Inspect())
        assert line.nth(1)["reference"] == "golden@1"
        with pytest.raises(RequestRefused, match="golden@2 of porch is damaged"):
            line.asks(SetReference("golden@2"))

    def test_a_stored_picture_that_is_no_golden_part_is_refused(self, line: Line, tmp_path: Path) -> None:
        Store(tmp_path / "references").save("porch", "day", {"luma": parts.part()}, parts.SIZE)
        line.ready()
        with pytest.raises(RequestRefused, match=r"day@1 of porch.*not a golden part"):
            line.asks(SetReference("day"))

    def test_pictures_of_another_size_are_said_to_be(self, tmp_path: Path) -> None:
        line = Line(tmp_path, taught=False, empty=False)
        taught = teach([parts.part()[:100, :160].copy()])
        Store(tmp_path / "references").save("porch", "golden", taught.golden.memory(), (160, 100))
        try:
            line.begin(LineOptions(when="trigger"))
            until(
                lambda: (
                    "the golden part golden@1 is 160x100" in (line.kept.last("health") or {"reason": ""})["reason"]
                )
            )
            assert line.kept.last("ready") == "OFF"
            line.asks(Inspect())
            assert line.nth(1)["verdict"] == "NOT_INSPECTED"
        finally:
            line.close()


TWO = {"a": RecipeOptions(), "b": RecipeOptions(reference="board-b")}


class TestRecipes:
    @pytest.fixture
    def two(self, tmp_path: Path) -> Iterator[Line]:
        golden(tmp_path, "a", design=3)
        golden(tmp_path, "board-b", design=8)
        line = Line(tmp_path)
        yield line
        line.close()

    def test_products_are_switched_by_request(self, two: Line) -> None:
        two.ready(LineOptions(when="trigger", recipes=TWO))
        two.says("setting/recipe", "a")
        two.filming.picture = parts.part(design=8)
        until(lambda: two.script.empty)
        two.asks(Inspect("a"))
        first = two.nth(1)
        assert (first["recipe"], first["reference"]) == ("a", "a@1")
        assert first["verdict"] != "PASS"
        two.asks(Adjust("recipe", "b"))
        two.says("setting/recipe", "b")
        two.asks(Inspect("b"))
        second = two.nth(2)
        assert (second["recipe"], second["reference"], second["verdict"]) == ("b", "board-b@1", "PASS")
        assert second["settings"] == first["settings"], "both have the camera's"

    def test_one_that_cannot_be_used_is_refused_and_changes_nothing(self, two: Line, tmp_path: Path) -> None:
        two.ready(LineOptions(when="trigger", recipes=TWO))
        with pytest.raises(RequestRefused, match="recipe is one of a, b"):
            two.asks(Adjust("recipe", "c"))
        shutil.rmtree(tmp_path / "references/porch/board-b")
        with pytest.raises(RequestRefused, match="there is no reference board-b"):
            two.asks(Adjust("recipe", "b"))
        two.asks(Inspect())
        assert two.nth(1)["recipe"] == "a"

    def test_each_verdict_is_of_one_recipe(self, two: Line) -> None:
        two.ready(LineOptions(when="continuous", recipes=TWO))
        for recipe in ("b", "a", "b", "a"):
            seen = len(two.verdicts)
            two.asks(Adjust("recipe", recipe))
            until(
                lambda recipe=recipe, seen=seen: two.verdicts[-1]["recipe"] == recipe and len(two.verdicts) > seen
            )
        assert {(one["recipe"], one["reference"]) for one in two.verdicts} == {("a", "a@1"), ("b", "board-b@1")}

    def test_a_recipe_may_have_its_own_idea_of_a_defect(self, two: Line) -> None:
        own = LineOptions(sensitivity=0.9)
        ignoring = RecipeOptions(reference="a", ignore={"pad": ZoneOptions(points=ROUND_THE_PAD)}, inspection=own)
        two.ready(LineOptions(when="trigger", recipe="a", recipes={"a": RecipeOptions(), "lax": ignoring}))
        two.filming.picture = parts.part(bad=True)
        until(lambda: two.script.empty)
        two.asks(Inspect())
        two.nth(1)
        two.asks(Adjust("recipe", "lax"))
        two.says("setting/recipe", "lax")
        two.asks(Inspect())
        strict, lax = two.nth(1), two.nth(2)
        assert strict["verdict"] == "FAIL"
        assert lax["verdict"] == "PASS"
        assert strict["settings"] != lax["settings"]


class TestCounters:
    def test_they_begin_anew_by_request(self, line: Line) -> None:
        line.ready(LineOptions(when="trigger"))
        line.asks(Inspect())
        line.nth(1)
        line.asks(ResetCounters("lot 8"))
        until(lambda: line.kept.last("counters")["batch"] == "lot 8")
        counters = line.kept.last("counters")
        assert counters["inspected"] + counters["not_inspected"] + counters["twice"] == 0

    def test_they_survive_a_restart(self, line: Line) -> None:
        line.ready(LineOptions(when="trigger"))
        line.asks(Inspect())
        line.nth(1)
        told = until(lambda: line.kept.last("counters"))
        line.camera.stop()  # type: ignore[union-attr]
        line.script = queue.Queue()
        line.filming.stop()
        line.filming = Filming(line.script)
        line.filming.picture = parts.part()
        line.begin(LineOptions(when="trigger"), counters=lambda camera: told)
        line.says("ready", "ON")
        line.asks(Inspect())
        counters = line.nth(2)["counters"]
        assert counters["since"] == told["since"]
        total = sum(told[key] for key in ("passed", "failed", "not_inspected"))
        assert sum(counters[key] for key in ("passed", "failed", "not_inspected")) == total + 1

    def test_a_shift_begins_at_its_time(self, line: Line) -> None:
        yesterday = {**_counters(), "since": "2020-01-01T00:00:00.000Z", "passed": 5}
        line.begin(LineOptions(when="trigger", reset_at=("00:00",)), counters=lambda camera: yesterday)
        until(lambda: (line.kept.last("counters") or {}).get("passed") == 0)
        assert line.kept.all("counters")[0]["passed"] == 5

    def test_broken_ones_begin_anew(self, line: Line, caplog: Any) -> None:
        line.begin(LineOptions(when="trigger"), counters=lambda camera: {"passed": "many"})
        line.says("ready", "ON")
        assert "the counters begin anew" in caplog.text


def _counters() -> dict[str, Any]:
    names = ("passed", "failed", "not_inspected", "skipped", "twice", "refused")
    return {"since": "2026-11-22T00:00:00.000Z", "batch": "", "zones": {}, **dict.fromkeys(names, 0)}


class TestLessons:
    @pytest.fixture
    def remembering(self, tmp_path: Path) -> Iterator[Line]:
        line = Line(tmp_path)
        line.more = [History(tmp_path), Snapshots(StorageOptions(folder=str(tmp_path), keep_free=0), ["porch"])]
        for outlet in line.more:
            outlet.start()
        yield line
        line.close()
        for outlet in line.more:
            outlet.stop(2)

    def inspected(self, line: Line, picture: Any) -> dict[str, Any]:
        """The verdict on a picture, when it and its picture are on disk."""
        line.filming.picture = picture
        number = len(line.verdicts) + 1
        told = line.nth(number)
        until(lambda: line.more[0].past.inspection(told["id"]))
        until(lambda: Path(told["media"]["snapshot"]["file"]).exists())
        return told

    def test_this_was_good_is_learnt_from(self, remembering: Line, tmp_path: Path) -> None:
        remembering.ready()
        odd = parts.part(bad=True, seed=1)
        told = self.inspected(remembering, odd)
        assert told["verdict"] == "FAIL"
        remembering.asks(TellTruth(told["id"], "good"))
        kept = tmp_path / f"truth/porch/golden/good/{told['id']}.jpg"
        until(kept.exists)
        until(lambda: remembering.more[0].past.inspection(told["id"]).truth == "good")
        until(lambda: Store(tmp_path / "references").newest("porch", "golden").version == 2)
        remembering.filming.picture = parts.empty()
        remembering.says("ready", "ON")
        again = self.inspected(remembering, parts.part(bad=True, seed=2))
        assert (again["verdict"], again["reference"]) == ("PASS", "golden@2")

    def test_this_was_bad_is_kept(self, remembering: Line, tmp_path: Path) -> None:
        remembering.ready()
        told = self.inspected(remembering, parts.part())
        assert told["verdict"] == "PASS"
        remembering.asks(TellTruth(told["id"], "bad"))
        kept = tmp_path / f"truth/porch/golden/bad/{told['id']}.jpg"
        until(kept.exists)
        until(lambda: remembering.more[0].past.inspection(told["id"]).truth == "bad")
        assert [one.version for one in Store(tmp_path / "references").list("porch") if one.name == "golden"] == [1]

    def test_what_cannot_be_told_is_refused_at_once(self, remembering: Line) -> None:
        remembering.ready(LineOptions(when="trigger", pictures="none"))
        with pytest.raises(RequestRefused, match="there is no inspection 01X of porch"):
            remembering.asks(TellTruth("01X", "good"))
        remembering.asks(Inspect())
        told = remembering.nth(1)
        until(lambda: remembering.more[0].past.inspection(told["id"]))
        with pytest.raises(RequestRefused, match="no picture was kept"):
            remembering.asks(TellTruth(told["id"], "good"))


class TestTheRest:
    def test_a_recording_is_inspected_too(self, tmp_path: Path) -> None:
        golden(tmp_path)
        shown = [parts.empty(n) for n in range(15)] + [parts.part(seed=n) for n in range(8)]
        shown += [parts.empty(n) for n in range(5)] + [parts.part(bad=True, seed=n) for n in range(8)]
        kept = Kept()
        made = options(reference=GoldenOptions(), inspection=LineOptions())
        camera = Camera(
            made, StorageOptions(folder=str(tmp_path)), [kept], patience=HURRY,
            make=lambda: Recording([frame(n, picture) for n, picture in enumerate(shown)]),
        )  # fmt: skip
        camera.start()
        until(lambda: camera.ended, 20)
        camera.stop()
        assert [one["verdict"] for one in kept.all("verdict")] == ["PASS", "FAIL"]
        assert kept.last("ready") == "OFF"

    def test_a_picture_by_request_and_everything_again(self, line: Line) -> None:
        line.ready()
        line.asks(TakeSnapshot())
        until(lambda: line.kept.all("pictures"))
        before = len(line.kept.all("ready"))
        line.asks(Republish())
        until(lambda: len(line.kept.all("ready")) > before)

    def test_no_change_is_claimed_where_none_is_looked_for(self, line: Line) -> None:
        line.ready()
        assert set(line.kept.all("change")) == {"None"}
        assert line.kept.last("health")["state"] == "ok"
        assert line.kept.last("availability") == "online"

    def test_it_watches_for_change_instead_by_request_and_back(self, line: Line) -> None:
        line.ready()
        line.asks(Adjust("reference_mode", "background"))
        line.says("change", "OFF")
        line.says("ready", "OFF")
        with pytest.raises(RequestRefused, match="does not inspect"):
            line.asks(Inspect())
        line.asks(Adjust("reference_mode", "golden"))
        line.says("ready", "ON")
        line.filming.picture = parts.part()
        assert line.nth(1)["verdict"] == "PASS"
