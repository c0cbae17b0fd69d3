"""Golden references and the history as a person types it."""

import json
import re

import cv2
import pytest

from tests.support import parts
from tests.support.wait import until
from watcher.cli import main
from watcher.history import History
from watcher.inspection.golden import Golden
from watcher.references import Store
from watcher.sinks.snapshot import snapshot_path

CONFIG = """
storage: {folder: data}
mqtt: {host: 127.0.0.1, port: 1}
cameras:
  bench:
    source: belt/
    profile: inspection
    inspection: {pixels_per_mm: 20}
  two:
    source: belt/
    profile: inspection
    inspection:
      recipes:
        a: {}
        b: {reference: board-b}
  yard: {source: belt/, profile: home}
"""


@pytest.fixture
def at(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(CONFIG)
    parts.written(tmp_path / "belt", [parts.part(seed=n + 50) for n in range(12)])
    parts.written(tmp_path / "good", [parts.part(seed=n) for n in range(6)])
    return tmp_path


def store(at):
    return Store(at / "data/references")


def golden(at, camera, name):
    return Golden.remembered(store(at).load(camera, name).memory)


def test_good_samples_are_learnt_shown_and_stored(at, capsys):
    assert main(["reference", "teach", "bench", "good"]) == 0
    said = capsys.readouterr().out
    assert "6 of 6 samples of 320x200 agree" in said
    assert re.search(r"the smallest defect that this set can hold: [\d.]+ px \([\d.]+ mm\)", said)
    assert "stored bench golden@1, 320x200" in said
    shown = re.search(r"shown in (\S+):", said)[1]
    assert cv2.imread(shown).shape[1] >= 640
    assert golden(at, "bench", "golden").count == 6
    assert store(at).newest("bench", "golden").origin.pictures == 6


def test_under_a_name_and_drawn_where_it_is_wanted(at, capsys):
    assert main(["reference", "teach", "bench", "board-a", "good", "--output", "shown.png"]) == 0
    assert "stored bench board-a@1" in capsys.readouterr().out
    assert (at / "shown.png").exists()


def test_samples_can_be_added_later(at, capsys):
    main(["reference", "teach", "bench", "good"])
    parts.written(at / "more", [parts.part(seed=n) for n in (20, 21)])
    assert main(["reference", "teach", "bench", "more", "--add"]) == 0
    assert "stored bench golden@2" in capsys.readouterr().out
    assert store(at).newest("bench", "golden").origin.pictures == 8


def test_a_camera_can_show_them_itself(at, capsys):
    assert main(["reference", "teach", "bench", "--samples", "4", "--every", "0"]) == 0
    assert "4 of 4 samples" in capsys.readouterr().out


def test_one_sample_alone_is_said_to_be_little(at, capsys):
    parts.written(at / "one", [parts.part()])
    assert main(["reference", "teach", "bench", "one"]) == 0
    assert "one sample alone does not show how good parts vary" in capsys.readouterr().out


def test_a_folder_alone_is_only_tried_out(at, capsys, monkeypatch):
    (at / "config.yaml").unlink()
    assert main(["reference", "teach", "good"]) == 0
    said = capsys.readouterr().out
    assert "6 of 6 samples" in said
    assert "nothing is stored" in said
    assert (at / "golden.png").exists()


def test_samples_of_different_sizes_are_named(at, capsys):
    cv2.imwrite("good/03.png", parts.part()[:100, :160])
    assert main(["reference", "teach", "bench", "good"]) == 2
    said = capsys.readouterr().err
    assert "good samples must have one size: most are 320x200, 03.png is 160x100" in said
    assert store(at).list("bench") == ()


def test_samples_to_add_must_have_the_size_of_before(at, capsys):
    main(["reference", "teach", "bench", "good"])
    parts.written(at / "more", [parts.part()[:100, :160]] * 2)
    assert main(["reference", "teach", "bench", "more", "--add"]) == 2
    assert "one size" in capsys.readouterr().err


def test_a_sample_of_another_product_is_left_out_by_name(at, capsys):
    cv2.imwrite("good/03.png", parts.part(design=77))
    assert main(["reference", "teach", "bench", "good"]) == 0
    said = capsys.readouterr().out
    assert "left out: 03.png:" in said
    assert "5 of 6 samples" in said


def test_a_broken_sample_is_named(at, capsys):
    (at / "good/02.png").write_bytes(b"no picture")
    assert main(["reference", "teach", "bench", "good"]) == 2
    assert "02.png" in capsys.readouterr().err


def test_the_empty_place_and_a_single_part_are_taken(at, capsys):
    assert main(["reference", "take", "bench", "empty"]) == 0
    assert main(["reference", "take", "bench", "golden", "--from", "good/00.png"]) == 0
    assert main(["reference", "list", "bench"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line for line in listed if "golden@1" in line and "in use" in line]
    assert main(["reference", "show", "bench", "golden", "--output", "shown.png"]) == 0
    assert "1 good sample\n" in capsys.readouterr().out
    assert (at / "shown.png").exists()
    assert main(["reference", "check", "bench"]) == 0


def test_a_camera_without_a_golden_reference_says_what_is_needed(at, capsys):
    assert main(["reference", "teach", "yard"]) == 2
    assert "yard has no golden reference (reference: {kind: golden})" in capsys.readouterr().err


@pytest.fixture
def labelled(at):
    parts.written(at / "known/good", [parts.part(seed=n + 100) for n in range(5)])
    parts.written(at / "known/bad", [parts.part(seed=n + 200, bad=True) for n in range(3)])
    main(["reference", "teach", "bench", "good"])
    return at


def test_a_recipe_is_tried_on_pictures_that_are_known(labelled, capsys):
    capsys.readouterr()
    assert main(["reference", "check", "bench", "known"]) == 0
    said = capsys.readouterr().out
    assert "golden against golden@1, 8 pictures" in said
    assert "0 false calls in 5 good, 0 escapes in 3 bad, 0 not inspected" in said
    assert re.search(r"^ +0.50 +0 +0 +0  <- the recipe's$", said, re.MULTILINE)
    assert len(re.findall(r"^ +0\.\d0 ", said, re.MULTILINE)) == 9


def test_what_was_wrong_is_named_and_is_the_exit_status(labelled, capsys):
    parts.written(labelled / "known/bad", [parts.part(seed=300)])
    parts.written(labelled / "known/good", [parts.part(seed=301, bad=True)])
    capsys.readouterr()
    assert main(["reference", "check", "bench", "known"]) == 1
    said = capsys.readouterr().out
    assert "escape: known/bad/00.png is bad, PASS" in said
    assert "false call: known/good/00.png is good, FAIL" in said
    assert main(["reference", "check", "bench", "known", "--json"]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (lines[-1]["false_calls"], lines[-1]["escapes"]) == (1, 1)
    assert len(lines[-1]["curve"]) == 9
    assert [one["wrong"] for one in lines[:-1] if one["wrong"]] == ["false call", "escape"]


def test_a_picture_that_cannot_be_read_is_not_inspected(labelled, capsys):
    (labelled / "known/good/01.png").write_bytes(b"no picture")
    assert main(["reference", "check", "bench", "known"]) == 1
    assert "not inspected: known/good/01.png" in capsys.readouterr().out


def test_recipes_are_tried_one_by_one(at, capsys):
    parts.written(at / "known/good", [parts.part(seed=n, design=8) for n in range(2)])
    parts.written(at / "samples-b", [parts.part(seed=n, design=8) for n in range(3)])
    assert main(["reference", "teach", "two", "board-b", "samples-b"]) == 0
    assert main(["reference", "check", "two", "known", "--recipe", "b"]) == 0
    assert "b against board-b@1" in capsys.readouterr().out
    assert main(["reference", "check", "two", "known", "--recipe", "c"]) == 2
    assert "recipe c is not among recipes" in capsys.readouterr().err
    assert main(["reference", "check", "two", "known"]) == 2
    assert "there is no reference a of two" in capsys.readouterr().err


def test_a_folder_without_labels_is_refused(labelled, capsys):
    assert main(["reference", "check", "bench", "good"]) == 2
    assert "neither a folder good nor a folder bad" in capsys.readouterr().err


@pytest.fixture
def past(labelled):
    """A history with a part that failed and one that passed, and their pictures."""
    history = History(labelled / "data")
    history.start()
    for number, (bad, word) in enumerate([(True, "FAIL"), (False, "PASS")], 1):
        at, moment = f"2026-11-22T10:00:0{number}.000Z", __import__("datetime").datetime.fromisoformat
        file = snapshot_path(labelled / "data", "bench", moment(at), f"V{number}")
        file.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(file.with_name(f"{file.stem}_clean.jpg")), parts.part(bad=bad))
        history.verdict("bench", {
            "id": f"V{number}", "camera": "bench", "verdict": word, "captured_at": at, "recipe": "golden",
            "reference": "golden@1", "part": f"SN {number}", "reason": "why",
            "media": {"snapshot": {"file": str(file)}},
        }, 0.0)  # fmt: skip
    until(lambda: history.past.inspection("V2"))
    yield history.past
    history.stop(1)


def test_past_inspections_are_listed(past, capsys):
    capsys.readouterr()
    assert main(["history", "bench"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[2:5] for line in lines] == [["V1", "FAIL", "part SN 1"], ["V2", "PASS", "part SN 2"]]
    assert main(["history", "--verdict", "PASS", "--json"]) == 0
    assert [json.loads(line)["id"] for line in capsys.readouterr().out.splitlines()] == ["V2"]
    assert main(["history", "--events"]) == 0
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "nothing of the kind has been kept yet\n")
    assert main(["history", "nobody"]) == 2


def test_of_a_camera_that_does_not_inspect_events_are_listed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text("cameras: {porch: {source: demo}}")
    history = History(tmp_path / "data")
    history.start()
    at = "2026-11-22T10:00:01.000Z"
    told = {
        "id": "E1",
        "camera": "porch",
        "event_type": "started",
        "sequence": 0,
        "started_at": at,
        "ended_at": None,
    }
    history.record(
        "porch", {**told, "started_at": at, "captured_at": at, "cause": "change", "reason": "changed 3 %"}
    )
    until(lambda: history.past.events("porch", 1))
    history.stop(1)
    assert main(["history"]) == 0
    assert capsys.readouterr().out == f"{at}  porch  E1  until open  change  changed 3 %\n"


def test_the_counters_of_each_shift_are_listed(at, capsys):
    history = History(at / "data")
    history.start()
    told = {"batch": "", "inspected": 20, "passed": 17, "failed": 3, "not_inspected": 1, "skipped": 2, "twice": 0}
    history.state(
        "bench", "counters", {**told, "since": "2999-01-01T06:00", "yield": 0.85, "zones": {"pins": 3, "left": 1}}
    )
    history.state(
        "bench", "counters", {**told, "since": "2999-01-01T14:00", "batch": "lot 8", "yield": None, "zones": {}}
    )
    history.stop(5)
    assert main(["history", "bench", "--counters"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "2999-01-01T06:00  bench  -  20 inspected, 3 failed (pins 3, left 1), 1 not inspected, 2 skipped,"
        " yield 85.0 %",
        "2999-01-01T14:00  bench  lot 8  20 inspected, 3 failed, 1 not inspected, 2 skipped",
    ]
    assert main(["history", "bench", "--counters", "--json"]) == 0
    assert [json.loads(line)["since"] for line in capsys.readouterr().out.splitlines()] == [
        "2999-01-01T06:00",
        "2999-01-01T14:00",
    ]


def test_this_was_bad(past, labelled, capsys):
    assert main(["reference", "judge", "bench", "V2", "bad"]) == 0
    assert "V2 was bad, and had passed: an escape" in capsys.readouterr().out
    assert past.inspection("V2").truth == "bad"
    assert (labelled / "data/truth/bench/golden/bad/V2.jpg").exists()
    assert main(["history", "bench"]) == 0
    assert "(bad, as a person says)" in capsys.readouterr().out
    assert main(["reference", "judge", "bench", "V2", "good"]) == 0
    assert not (labelled / "data/truth/bench/golden/bad/V2.jpg").exists()
    assert (labelled / "data/truth/bench/golden/good/V2.jpg").exists()


def test_this_was_good_is_learnt_from(past, labelled, capsys):
    capsys.readouterr()
    assert main(["reference", "judge", "bench", "V1", "good"]) == 0
    assert "V1 was good: golden@2 has learnt from it" in capsys.readouterr().out
    assert store(labelled).newest("bench", "golden").origin.source == "golden@1 and V1"
    assert main(["reference", "judge", "bench", "V1", "bad"]) == 0
    assert "but golden@2 has learnt from it as a good one" in capsys.readouterr().out
    assert main(["reference", "judge", "bench", "V1", "good"]) == 0
    capsys.readouterr()
    assert main(["reference", "check", "bench", "data/truth/bench/golden"]) == 0, capsys.readouterr().out


def test_what_cannot_be_told_is_a_sentence(past, labelled, capsys):
    assert main(["reference", "judge", "bench", "V9", "good"]) == 2
    assert "there is no inspection V9 of bench" in capsys.readouterr().err
    for clean in (labelled / "data/snapshots/bench").glob("*_V1_clean.jpg"):
        clean.unlink()
    assert main(["reference", "judge", "bench", "V1", "good"]) == 2
    assert "is no longer there" in capsys.readouterr().err
