"""What differs between two pictures: what must be found, what must not, and where it is."""

import cv2
import numpy as np
import pytest
from skimage.metrics import structural_similarity

import watcher
from tests.support.data import shared
from tests.support.scenes import background, picture
from watcher.comparing import FULL_RESOLUTION, Comparer, not_inspected
from watcher.errors import PictureUnreadable, ReferenceUnusable
from watcher.pictures import mean_picture, read_picture
from watcher.vision import draw
from watcher.vision.geometry import Box
from watcher.vision.part import part_box
from watcher.vision.standard import quick_score, standard_score

SIZE = (640, 480)


def flat(level=128, size=SIZE):
    return np.full((size[1], size[0], 3), level, np.uint8)


def scene(boxes=(), size=SIZE):
    return picture(size=size, boxes=boxes, noise=0)


def recompressed(drawn, quality):
    return cv2.imdecode(cv2.imencode(".jpg", drawn, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


def noisy(drawn, sigma, seed=1):
    noise = np.random.default_rng(seed).normal(0, sigma, drawn.shape)
    return np.clip(np.round(drawn + noise), 0, 255).astype(np.uint8)


def written(path, drawn):
    cv2.imwrite(str(path), drawn)
    return path


SCENES = [flat(), flat(20), flat(235), background(SIZE), background((100, 80)), background((1920, 1080), 3)]
SCENES.append(np.tile(np.linspace(0, 255, 640).astype(np.uint8)[None, :, None], (480, 1, 3)))


# -- what must not be found -------------------------------------------------------------------------------


@pytest.mark.parametrize("drawn", SCENES, ids=range(len(SCENES)))
@pytest.mark.parametrize(
    "again",
    [
        pytest.param(lambda drawn: drawn.copy(), id="identical"),
        pytest.param(lambda drawn: recompressed(drawn, 75), id="jpeg"),
        pytest.param(lambda drawn: noisy(drawn, 3), id="noise"),
        pytest.param(lambda drawn: noisy(recompressed(drawn, 75), 3), id="jpeg-and-noise"),
    ],
)
def test_the_same_picture_has_no_region(drawn, again):
    result = watcher.compare(drawn, again(drawn))
    assert (result.verdict, result.changed, result.regions, result.changed_fraction) == ("PASS", False, (), 0.0)


@pytest.mark.parametrize("factor", [0.5, 0.75, 2.0])
def test_another_size_of_the_same_picture_has_no_region(factor):
    size = (round(SIZE[0] * factor), round(SIZE[1] * factor))
    again = cv2.resize(scene(), size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)
    assert watcher.compare(scene(), again).verdict == "PASS"


# -- what must be found -----------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [12, 16, 30, 100])
@pytest.mark.parametrize("step", [20, -20])
def test_a_flat_patch_a_little_brighter_or_darker_is_found_whole(side, step):
    changed = flat()
    changed[200 : 200 + side, 300 : 300 + side] += np.uint8(step % 256)
    result = watcher.compare(flat(), changed)
    assert (result.verdict, result.changed, len(result.regions)) == ("FAIL", True, 1)
    box = result.regions[0].box
    assert box.iou(Box(300, 200, 300 + side, 200 + side)) > 0.6
    assert result.regions[0].area > 0.6 * side * side, "not a hollow frame"


@pytest.mark.parametrize("side", [20, 60])
def test_a_change_of_colour_at_equal_grey_is_found(side):
    red, green = flat(), flat()
    red[200 : 200 + side, 300 : 300 + side] = (0, 0, 255)
    green[200 : 200 + side, 300 : 300 + side] = (0, 130, 0)
    assert abs(int(cv2.cvtColor(red, cv2.COLOR_BGR2GRAY)[210, 310]) - 76) <= 1
    assert np.array_equal(cv2.cvtColor(red, cv2.COLOR_BGR2GRAY), cv2.cvtColor(green, cv2.COLOR_BGR2GRAY))
    result = watcher.compare(red, green)
    assert result.score == pytest.approx(1.0), "grey shows nothing"
    assert result.verdict == "FAIL"
    assert result.regions[0].box.iou(Box(300, 200, 300 + side, 200 + side)) > 0.4


def test_each_of_several_things_has_its_box_in_place():
    boxes = [Box(40, 40, 90, 80), Box(300, 220, 340, 300), Box(560, 400, 620, 460)]
    result = watcher.compare(scene(), scene(boxes))
    assert len(result.regions) == 3
    for box in boxes:
        assert max(box.iou(region.box) for region in result.regions) > 0.7
    assert result.changed_fraction == pytest.approx(sum(box.area for box in boxes) / (640 * 480), rel=0.3)
    areas = [region.area for region in result.regions]
    assert areas == sorted(areas, reverse=True)


def test_every_picture_is_judged_by_itself():
    comparer = Comparer(scene())
    thing = scene([Box(40, 40, 90, 80)])
    first, clean, again = comparer.against(thing), comparer.against(scene()), comparer.against(thing)
    assert clean.verdict == "PASS"
    assert first.regions == again.regions


def test_a_profile_with_a_threshold_lets_little_change_pass():
    little = scene([Box(100, 100, 116, 116)])
    assert watcher.compare(scene(), little).verdict == "FAIL"
    result = watcher.compare(scene(), little, profile="home")
    assert (result.verdict, result.changed) == ("PASS", False)
    assert watcher.compare(scene(), scene([Box(100, 100, 300, 300)]), profile="home").verdict == "FAIL"


def test_light_is_a_change_in_plain_and_none_in_inspection():
    brighter = cv2.convertScaleAbs(scene(), alpha=1.0, beta=30)
    assert watcher.compare(scene(), brighter).verdict == "FAIL"
    assert watcher.compare(scene(), brighter, profile="inspection").verdict == "PASS"


# -- where it is ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_regions_are_in_the_pixels_of_the_picture_given(factor):
    size = (round(SIZE[0] * factor), round(SIZE[1] * factor))
    box = Box(100, 120, 180, 200)
    now = cv2.resize(scene([box]), size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)
    result = watcher.compare(scene(), now)
    expected = box.scaled(factor, factor, size)
    assert len(result.regions) == 1
    assert result.regions[0].box.iou(expected) > 0.75
    assert result.regions[0].area == pytest.approx(expected.area, rel=0.25)
    assert result.drawings().annotated.shape[:2] == (size[1], size[0])
    assert result.drawings().reference.shape[:2] == (480, 640)


def test_a_large_picture_is_analysed_smaller_and_its_boxes_are_in_full_pixels():
    size = (2 * FULL_RESOLUTION, FULL_RESOLUTION)
    box = Box(1000, 400, 1100, 500)
    result = watcher.compare(scene(size=size), scene([box], size))
    assert result.regions[0].box.iou(box) > 0.7


@pytest.mark.parametrize("part", ["100,50,300,200", (100, 50, 300, 200), "15.625%,50,300,41.667%"])
def test_a_part_alone_is_compared_and_its_boxes_are_in_the_whole_picture(part):
    inside, outside = Box(200, 100, 240, 140), Box(500, 300, 560, 360)
    result = watcher.compare(scene(), scene([inside, outside]), roi=part)
    assert len(result.regions) == 1
    assert result.regions[0].box.iou(inside) > 0.7
    assert result.changed_fraction == pytest.approx(inside.area / (300 * 200), rel=0.3)
    assert watcher.compare(scene(), scene([outside]), roi=part).verdict == "PASS"
    crops = [one[50:250, 100:400] for one in (scene(), scene([inside, outside]))]
    assert result.score == pytest.approx(reference_score(*crops), abs=1e-9)


def test_a_part_of_a_picture_of_another_size():
    box = Box(200, 100, 240, 140)
    half = cv2.resize(scene([box]), (320, 240), interpolation=cv2.INTER_AREA)
    result = watcher.compare(scene(), half, roi="100,50,300,200")
    assert result.regions[0].box.iou(Box(100, 50, 120, 70)) > 0.6


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("1,2,3", "X,Y,WIDTH,HEIGHT"), ("a,b,c,d", "whole pixels or percentages"), ("", "X,Y,WIDTH,HEIGHT"),
        ("0,0,0,10", "no area"), ("0,0,-5,10", "no area"), ("0,0,641,10", "which is 640x480"),
        ("-1,0,10,10", "outside"), ("50%,0,51%,10%", "outside"), ("nan%,0,10,10", "whole pixels"),
        ("inf%,0,10,10", "whole pixels"), ((0, 0, 10), "X,Y,WIDTH,HEIGHT"), ("1e400%,0,1,1", "whole pixels"),
        (5, "X,Y,WIDTH,HEIGHT, not 5"),
    ],
)  # fmt: skip
def test_a_part_that_makes_no_sense_is_refused_in_one_sentence(part, words):
    with pytest.raises(ValueError, match=words) as refused:
        part_box(part, SIZE)
    assert "\n" not in str(refused.value)


def test_another_aspect_is_refused():
    assert watcher.compare(flat(), flat(size=(643, 480))).verdict == "PASS", "within one percent"
    with pytest.raises(ReferenceUnusable, match=r"720x480.*640x480.*another aspect"):
        watcher.compare(flat(), flat(size=(720, 480)))


# -- the standard score -----------------------------------------------------------------------------------


def reference_score(reference, now):
    grey = (cv2.cvtColor(one, cv2.COLOR_BGR2GRAY) for one in (reference, now))
    return structural_similarity(
        *grey, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )


@pytest.mark.parametrize("size", [(11, 11), (12, 40), (640, 480), (100, 3000), (3000, 1200)])
def test_the_score_is_that_of_scikit_image(size):
    one, other = background(size), noisy(background(size), 8)
    grey = [cv2.cvtColor(each, cv2.COLOR_BGR2GRAY) for each in (one, other)]
    assert standard_score(*grey) == pytest.approx(reference_score(one, other), abs=1e-9)
    assert quick_score(*grey) == pytest.approx(reference_score(one, other), abs=1e-5)


@pytest.mark.parametrize("size", [(10, 400), (400, 10), (1, 1), (1, 50), (50, 1), (2, 2), (10, 10)])
def test_tiny_pictures_have_no_score_and_no_crash(size):
    same = watcher.compare(flat(100, size), flat(100, size))
    other = watcher.compare(flat(100, size), flat(220, size))
    assert (same.score, other.score) == (None, None)
    assert same.verdict == "PASS"
    assert other.verdict == "FAIL"
    assert other.drawings().heatmap.shape == (size[1], size[0], 3)


# -- what goes in -----------------------------------------------------------------------------------------


def test_paths_and_arrays_colour_and_grey_are_the_same(tmp_path):
    box = Box(100, 100, 160, 160)
    golden, now = written(tmp_path / "golden.png", scene()), written(tmp_path / "now.png", scene([box]))
    by_path = watcher.compare(str(golden), now)
    by_array = watcher.compare(scene(), scene([box]))
    assert by_path.regions == by_array.regions
    assert (by_path.reference, by_path.image) == (str(golden), str(now))
    grey = [cv2.cvtColor(one, cv2.COLOR_BGR2GRAY) for one in (scene(), scene([box]))]
    assert watcher.compare(*grey).regions[0].box.iou(box) > 0.8


def test_good_samples_are_averaged(tmp_path):
    samples = [noisy(scene(), 12, seed) for seed in range(6)]
    for number, sample in enumerate(samples):
        written(tmp_path / f"{number}.png", sample)
    (tmp_path / "notes.txt").write_text("no picture")
    mean = mean_picture(samples)
    assert np.abs(mean.astype(int) - scene()).mean() < np.abs(samples[0].astype(int) - scene()).mean() / 2
    by_folder = watcher.compare(tmp_path, scene([Box(100, 100, 160, 160)]))
    by_list = watcher.compare(samples, scene([Box(100, 100, 160, 160)]))
    assert by_folder.regions == by_list.regions
    assert len(by_list.regions) == 1


@pytest.mark.parametrize(
    ("samples", "words"),
    [([], "no good samples"), ([flat(), flat(size=(320, 240))], "one size"), (["missing.png"], "no such file")],
)
def test_samples_that_cannot_be_used_are_refused(samples, words):
    with pytest.raises(ReferenceUnusable, match=words):
        watcher.compare(samples, flat())


@pytest.mark.parametrize("reference", [None, 7, [7]])
def test_what_is_no_picture_is_named(reference):
    with pytest.raises(TypeError, match=r"expected a path.* NumPy array.*, got (NoneType|int)"):
        watcher.compare(reference, flat())


def test_an_empty_folder_is_no_reference(tmp_path):
    with pytest.raises(ReferenceUnusable, match="no pictures"):
        watcher.compare(tmp_path, flat())


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (np.zeros((4, 4), np.float32), ValueError), (np.zeros((4, 4, 4), np.uint8), ValueError),
        (np.zeros((0, 4, 3), np.uint8), ValueError), (None, TypeError), (7, TypeError),
    ],
)  # fmt: skip
def test_what_is_no_picture_is_a_mistake_of_the_caller(bad, error):
    with pytest.raises(error):
        watcher.compare(flat(), bad)


def test_an_unknown_profile_names_the_known_ones():
    with pytest.raises(ValueError, match="plain"):
        watcher.compare(flat(), flat(), profile="nosuch")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"hello", "not a picture"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "size 0x0"),
        (None, "no such"),
    ],
)
def test_a_file_that_is_no_picture_is_said_by_name(tmp_path, content, words):
    path = tmp_path / "broken.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PictureUnreadable, match=words) as refused:
        watcher.compare(flat(), path)
    assert "broken.png" in str(refused.value)


def test_a_jpeg_that_ends_early_is_not_taken_for_change(tmp_path):
    data = cv2.imencode(".jpg", scene())[1].tobytes()
    (tmp_path / "half.jpg").write_bytes(data[: len(data) // 2])
    with pytest.raises(PictureUnreadable, match="ends early"):
        watcher.compare(scene(), tmp_path / "half.jpg")


def test_pipes_and_folders_are_not_waited_on(tmp_path):
    import os

    os.mkfifo(tmp_path / "pipe.jpg")
    for path in (tmp_path / "pipe.jpg", tmp_path):
        with pytest.raises(PictureUnreadable, match="not a file"):
            read_picture(path)


# -- what comes out ---------------------------------------------------------------------------------------


def test_the_line_is_the_contract():
    line = watcher.compare(scene(), scene([Box(100, 100, 160, 160)])).line()
    assert list(line) == [
        "schema", "reference", "image", "verdict", "changed", "score", "changed_fraction", "regions", "alignment",
        "reason", "elapsed_ms", "error",
    ]  # fmt: skip
    assert list(line["regions"][0]) == ["x", "y", "width", "height", "area", "peak", "zone"]
    assert (line["schema"], line["verdict"], line["changed"], line["error"]) == (1, "FAIL", True, None)
    assert line["alignment"] is None


def test_the_line_of_what_could_not_be_read():
    line = not_inspected("a.png", "b.png", PictureUnreadable("b.png: broken")).line()
    assert (line["verdict"], line["changed"], line["score"]) == ("NOT_INSPECTED", None, None)
    assert line["error"] == {"kind": "PictureUnreadable", "message": "b.png: broken"}
    with pytest.raises(ValueError, match="nothing to draw"):
        not_inspected("a.png", "b.png", PictureUnreadable("")).drawings()


def test_what_is_drawn_lies_where_it_changed():
    box = Box(100, 100, 160, 160)
    result = watcher.compare(scene(), scene([box]), roi="50,50,200,200")
    drawn, filled = result.drawings(), result.drawings(fill=True)
    for each, plain in ((drawn.annotated, scene([box])), (drawn.reference, scene())):
        assert not np.array_equal(each[90:100, 90:170], plain[90:100, 90:170]), "boxed on both"
        assert np.array_equal(each[110:150, 110:150], plain[110:150, 110:150])
    assert not np.array_equal(filled.annotated[110:150, 110:150], scene([box])[110:150, 110:150])
    assert drawn.difference[120, 120].max() < 60
    assert drawn.difference[:50].min() == 255, "outside of the part there is nothing"
    assert np.ptp(drawn.heatmap[300:].astype(int), axis=2).max() == 0, "grey where nothing changed"


def test_a_comparison_is_printed_without_its_pictures():
    result = watcher.compare(scene(), scene([Box(100, 100, 160, 160)]))
    assert "verdict='FAIL'" in repr(result)
    for one in (result, result.evidence, result.drawings()):
        assert "array(" not in repr(one)


def test_on_both_pictures_a_strip_says_the_same_share(monkeypatch):
    small = cv2.resize(scene([Box(100, 100, 160, 160)]), (320, 240), interpolation=cv2.INTER_AREA)
    strips = []
    monkeypatch.setattr(
        draw, "_draw_label", lambda canvas, one, *rest: strips.append(one.area / canvas[..., 0].size)
    )
    watcher.compare(scene(), small).drawings()
    assert len(strips) == 2
    assert strips[0] == pytest.approx(strips[1], rel=0.01)


def test_the_defects_of_real_boards_are_all_touched():
    import json

    folder = shared("hripcb")
    for name in ("01_missing_hole_01", "05_mouse_bite_01", "07_open_circuit_01"):
        told = json.loads((folder / "boxes.json").read_text())[name]
        found = watcher.compare(folder / told["template"], folder / told["test"]).regions
        for x0, y0, x1, y1 in told["boxes"]:
            truth = Box(int(x0), int(y0), int(x1), int(y1))
            assert any(region.box.intersection(truth).area for region in found), (name, truth)
        assert len(found) < 3 * len(told["boxes"])


def test_inspection_finds_a_part_that_lies_askew_and_says_how_it_lies():
    from tests.inspection.parts import board, spot, taken

    bad = taken(spot(board(), (205, 66)), shift=(8.0, -5.0), angle=1.5)
    result = watcher.compare(board(), bad, profile="inspection")
    assert result.verdict == "FAIL"
    assert len(result.regions) == 1
    line = result.line()
    assert line["alignment"]["shift"] == pytest.approx([8, -5], abs=0.3)
    assert line["alignment"]["angle"] == pytest.approx(1.5, abs=0.1)
    assert set(line["alignment"]) == {"shift", "angle", "scale", "residual"}
    there = line["regions"][0]["reference_box"]
    assert there["x"] < 205 < there["x"] + there["width"]
    drawings = result.drawings()
    rest = np.abs(drawings.difference.astype(int) - 255)[20:-20, 20:-20]
    assert np.percentile(rest, 95) < 40  # laid over each other before they are subtracted
    good = taken(board(), shift=(8.0, -5.0), angle=1.5)
    assert watcher.compare(board(), good, profile="inspection").verdict == "PASS"
    assert watcher.compare(board(), good).verdict == "FAIL"


def test_inspection_learns_from_several_samples_what_may_vary():
    from tests.inspection.parts import board, taken

    def labelled(n):
        part = board()
        part[150:180, 260:320] = 60 + 20 * n
        return part

    samples = [taken(labelled(n), seed=n) for n in range(7)]
    part = taken(labelled(3.5), seed=9)
    assert watcher.compare(samples, part, profile="inspection").verdict == "PASS"
    assert watcher.compare(samples[0], part, profile="inspection").verdict == "FAIL"


def test_inspection_of_a_part_of_the_picture():
    from tests.inspection.parts import board, spot, taken

    bad = taken(spot(board(), (205, 66)), shift=(4.0, 3.0))
    assert watcher.compare(board(), bad, profile="inspection", roi=(180, 40, 60, 60)).verdict == "FAIL"
    apart = watcher.compare(board(), bad, profile="inspection", roi=(20, 150, 200, 100))
    assert (apart.verdict, apart.regions) == ("PASS", ())


def test_inspection_says_nothing_about_another_part():
    from tests.inspection.parts import board

    result = watcher.compare(board(), board(seed=9), profile="inspection")
    assert (result.verdict, result.changed, result.changed_fraction) == ("NOT_INSPECTED", None, None)
    assert "another one" in result.reason
    assert result.line()["alignment"] is None
