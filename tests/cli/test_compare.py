"""``watcher compare`` as a person types it: lines, exit statuses, pictures, and whatever files there are."""

import json
import os
import re
import resource
import struct
import subprocess
import sys
import zlib

import cv2
import numpy as np
import pytest

import watcher
import watcher.comparing
from tests.support.data import shared
from tests.support.scenes import picture
from watcher.cli import main
from watcher.vision.geometry import Box

THING = Box(100, 100, 160, 150)


@pytest.fixture
def at(tmp_path, monkeypatch):
    """A folder with a golden picture, the same again, one with a thing, and a broken one."""
    monkeypatch.chdir(tmp_path)
    cv2.imwrite("golden.png", picture(noise=0, size=(320, 240)))
    cv2.imwrite("same.png", picture(noise=0, size=(320, 240)))
    cv2.imwrite("other.png", picture(noise=0, size=(320, 240), boxes=[THING]))
    cv2.imwrite("wide.png", picture(noise=0, size=(320, 180)))
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    return tmp_path


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    ("images", "status"),
    [
        (["same.png"], 0),
        (["other.png"], 1),
        (["same.png", "other.png", "same.png"], 1),
        (["broken.jpg"], 2),
        (["broken.jpg", "other.png"], 2),
        (["other.png", "missing.png"], 2),
        (["wide.png", "same.png"], 2),
    ],
)
def test_the_status_is_the_first_that_applies(at, capsys, images, status):
    assert main(["compare", "golden.png", *images, "--json"]) == status
    told = lines(capsys)
    assert [one["image"] for one in told] == images, "a line each, in order"
    for one in told:
        assert (one["error"] is None) == (one["verdict"] != "NOT_INSPECTED")
        assert one["changed"] in ((None,) if one["error"] else (one["verdict"] == "FAIL",))


def test_no_verdict_is_three():
    from watcher.cli.compare import _status
    from watcher.comparing import Comparison

    def one(verdict, changed):
        return Comparison("a", "b", verdict, changed, None, None, (), "", 0.0)

    passed, failed, nothing = one("PASS", False), one("FAIL", True), one("NOT_INSPECTED", None)
    assert _status([passed, nothing]) == 3
    assert _status([nothing, failed]) == 1
    assert _status([passed]) == 0


def test_a_line_of_json(at, capsys):
    main(["compare", "golden.png", "other.png", "--json"])
    (told,) = lines(capsys)
    assert (told["schema"], told["reference"], told["image"]) == (1, "golden.png", "other.png")
    (region,) = told["regions"]
    found = Box(region["x"], region["y"], region["x"] + region["width"], region["y"] + region["height"])
    assert found.iou(THING) > 0.75
    assert 0 < told["score"] < 1
    assert told["elapsed_ms"] > 0


def test_people_get_a_line_each(at, capsys):
    main(["compare", "golden.png", "same.png", "other.png", "broken.jpg"])
    told = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in told] == ["PASS", "FAIL", "NOT INSPECTED"]
    assert "1 region differs" in told[1]
    (region,) = watcher.compare("golden.png", "other.png").regions
    box = region.box
    assert f" of what was compared, at {box.x0},{box.y0} {box.width}x{box.height} (SSIM 0." in told[1]
    assert "score" not in told[1]
    assert told[2].count("broken.jpg") == 1


def test_of_many_regions_the_largest_three_are_placed(at, capsys):
    things = [Box(10 + 60 * n, 20, 30 + 64 * n, 60) for n in range(5)]
    cv2.imwrite("many.png", picture(noise=0, size=(320, 240), boxes=things))
    main(["compare", "golden.png", "many.png"])
    told = capsys.readouterr().out
    boxes = [region.box for region in watcher.compare("golden.png", "many.png").regions]
    assert len(boxes) == 5
    places = "; ".join(f"{box.x0},{box.y0} {box.width}x{box.height}" for box in boxes[:3])
    assert f"the largest at {places} (SSIM" in told


def test_the_help_says_that_the_score_decides_nothing(capsys):
    main(["compare", "--help"])
    assert "decides nothing" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("reference", ["missing.png", "broken.jpg", "empty"])
def test_a_reference_that_cannot_be_used_is_said_on_every_line(at, capsys, reference):
    (at / "empty").mkdir()
    assert main(["compare", reference, "same.png", "other.png", "--json"]) == 2
    told = lines(capsys)
    assert [one["error"]["kind"] for one in told] == ["ReferenceUnusable"] * 2


def test_a_part_outside_of_the_picture_is_one_sentence(at, capsys):
    assert main(["compare", "golden.png", "same.png", "--roi", "300,0,50,50"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "the part '300,0,50,50' reaches outside the picture, which is 320x240\n"


def test_a_part(at, capsys):
    assert main(["compare", "golden.png", "other.png", "--roi", "0,0,25%,25%"]) == 0
    assert main(["compare", "golden.png", "other.png", "--roi=80,80,100,100"]) == 1


def test_the_pictures_that_are_written(at, capsys):
    images = ["same.png", "broken.jpg", "other.png"]
    main(["compare", "golden.png", *images, "--output", "out/deep"])
    names = sorted(path.name for path in (at / "out/deep").iterdir())
    kinds = ["annotated", "difference", "heatmap", "reference"]
    assert names == [f"{n:03d}_{stem}_{kind}.png" for n, stem in ((0, "same"), (2, "other")) for kind in kinds]
    for name in names:
        assert cv2.imread(str(at / "out/deep" / name)).shape == (240, 320, 3)
    boxed = cv2.imread("out/deep/002_other_annotated.png")
    main(["compare", "golden.png", *images, "--output", "out/deep", "--fill"])
    painted = cv2.imread("out/deep/002_other_annotated.png")
    inside = np.s_[115:135, 115:145]
    assert np.array_equal(boxed[inside], cv2.imread("other.png")[inside])
    assert not np.array_equal(painted[inside], boxed[inside])


def test_an_output_that_cannot_be_written_is_one_sentence(at, capsys):
    (at / "out").write_text("a file stands here")
    assert main(["compare", "golden.png", "other.png", "--output", "out"]) == 2
    assert "could not be written to out" in capsys.readouterr().err


def test_names_of_any_kind(at, capsys):
    names = ["ein bär [1].png", "x" * 240 + ".png", os.fsdecode(b"not-utf8-\xff.png"), "[red]markup[red].png"]
    for name in names:
        (at / name).write_bytes((at / "other.png").read_bytes())
    assert main(["compare", "golden.png", *names, "--output", "out", "--json"]) == 1
    assert len(lines(capsys)) == 4
    assert len(list((at / "out").iterdir())) == 16
    assert main(["compare", "golden.png", *names]) == 1


def test_a_folder_of_good_samples(at, capsys):
    (at / "good").mkdir()
    for number in range(4):
        cv2.imwrite(f"good/{number}.png", picture(number, noise=4, size=(320, 240)))
    assert main(["compare", "good", "same.png"]) == 0
    assert main(["compare", "good", "other.png"]) == 1


def test_on_a_screen_there_is_a_table(at):
    pty = pytest.importorskip("pty")
    leader, follower = pty.openpty()
    program = [sys.executable, "-m", "watcher", "compare", "golden.png", "same.png", "other.png", "broken.jpg"]
    environment = {**os.environ, "COLUMNS": "150", "TERM": "xterm"}
    done = subprocess.run(
        program, stdout=follower, stderr=subprocess.DEVNULL, timeout=60, env=environment, check=False
    )
    os.close(follower)
    shown = os.read(leader, 65536).decode()
    os.close(leader)
    assert done.returncode == 2
    assert all(word in shown for word in ("picture", "verdict", "SSIM", "PASS", "FAIL", "NOT INSPECTED"))


def test_a_table_names_the_folder_once_and_is_shown_after_ctrl_c_too(at, capsys, monkeypatch):
    (at / "in").mkdir()
    for name in ("1.png", "2.png", "3.png"):
        (at / "in" / name).write_bytes((at / "same.png").read_bytes())
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert main(["compare", "golden.png", "in/1.png", "in/2.png"]) == 0
    shown = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    lines = [line.split() for line in shown.splitlines()]
    assert lines[0] == ["in", "in"]
    assert [line[:2] for line in lines[2:]] == [["1.png", "PASS"], ["2.png", "PASS"]]
    read = watcher.comparing.read_picture

    def stopped(path):
        if str(path).endswith("3.png"):
            raise KeyboardInterrupt
        return read(path)

    monkeypatch.setattr(watcher.comparing, "read_picture", stopped)
    assert main(["compare", "golden.png", "same.png", "in/3.png"]) == 130
    assert "same.png" in capsys.readouterr().out


# -- whatever files there are -----------------------------------------------------------------------------

MEMORY = 4 * 10**9


def compared(reference, images, folder):
    """What a process with little memory says; it must neither crash nor hang."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-m", "watcher", "compare", str(reference), *map(str, images), "--json"],
        capture_output=True, text=True, timeout=100, cwd=folder, env=environment, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )  # fmt: skip


def png(width, height):
    """A PNG whose header promises much and whose pixels are a few bytes."""

    def chunk(kind, content):
        whole = kind + content
        return struct.pack(">I", len(content)) + whole + struct.pack(">I", zlib.crc32(whole))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def test_decompression_bombs_are_refused_by_their_header(at):
    (at / "bomb.png").write_bytes(png(60000, 60000))
    (at / "huge.png").write_bytes(png(2**31 - 1, 2**31 - 1))
    done = compared("golden.png", ["bomb.png", "huge.png", "other.png"], at)
    assert done.returncode == 2
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert "60000x60000" in told[0]["error"]["message"]
    assert [one["verdict"] for one in told] == ["NOT_INSPECTED", "NOT_INSPECTED", "FAIL"]
    assert done.stderr == ""


def test_odd_and_broken_files_neither_crash_nor_hang(at):
    files = sorted(path for path in shared("robustness").rglob("*") if path.is_file())
    for reference in (at / "golden.png", shared("robustness/pillow/hopper.jpg")):
        done = compared(reference, files, at)
        assert done.returncode in (1, 2), done.stderr[-2000:]
        told = [json.loads(line) for line in done.stdout.splitlines()]
        assert [one["image"] for one in told] == [str(path) for path in files]
        assert "Traceback" not in done.stderr
        for one in told:
            assert one["verdict"] in ("PASS", "FAIL", "NOT_INSPECTED")
            assert one["error"] is None or one["error"]["kind"] in ("PictureUnreadable", "ReferenceUnusable")
    hopper = next(one for one in told if one["image"].endswith("/hopper.jpg"))
    assert (hopper["verdict"], hopper["score"]) == ("PASS", 1.0)


def test_odd_and_broken_references_are_refused_or_used(at):
    from watcher.comparing import Comparer
    from watcher.errors import ReferenceUnusable

    files = sorted(path for path in shared("robustness").rglob("*") if path.is_file())
    usable = 0
    for path in files:
        try:
            result = Comparer(path).against(path)
        except ReferenceUnusable:
            continue
        assert result.verdict == "PASS", path
        usable += 1
    assert usable > 50


def test_names_that_are_too_long_are_no_difference(at, capsys):
    long = "x" * 300
    assert main(["compare", long, "same.png"]) == 2
    assert main(["compare", "golden.png", long]) == 2
    assert main(["compare", long + "/a", "same.png"]) == 2
    assert "File name too long" in capsys.readouterr().out
