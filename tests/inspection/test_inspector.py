"""An inspector against drawn parts."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.inspection.parts import board, coloured, spot, taken
from watcher.inspection.golden import teach
from watcher.inspection.inspector import Inspector
from watcher.inspection.options import InspectionOptions, LightOptions, PoseOptions
from watcher.quantities import Length
from watcher.vision.options import AreaOptions, ToleranceOptions, WatchedOptions, ZoneOptions
from watcher.vision.pose import Pose

PLACES = [
    {},
    {"shift": (9.0, -7.0)},
    {"angle": 3.0},
    {"scale": 1.02},
    {"shift": (-12.0, 10.0), "angle": -2.0, "scale": 0.99, "gain": 0.8, "offset": 15, "noise": 4.0},
    {"gain": 1.2, "offset": -15},
]


def inspector(picture=None, **options):
    return Inspector(teach([board() if picture is None else picture]).golden, InspectionOptions(**options))


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_good_part_passes_wherever_it_lies(place):
    found = inspector().inspect(taken(board(), **place))
    assert found.verdict == "PASS", found.reason
    assert found.alignment.shift == pytest.approx(place.get("shift", (0, 0)), abs=0.5)
    assert found.alignment.angle == pytest.approx(place.get("angle", 0), abs=0.1)
    assert found.alignment.scale == pytest.approx(place.get("scale", 1), abs=0.003)


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_blot_is_found_where_it_is(place):
    part = spot(board(), (205, 66))
    found = inspector().inspect(taken(part, **place))
    assert found.verdict == "FAIL"
    assert len(found.regions) == 1
    pose = Pose.of(place.get("shift", (0, 0)), place.get("angle", 0), place.get("scale", 1), (400, 320))
    ((x, y),) = pose.points(np.array([[205.0, 66.0]]))
    box, there = found.regions[0].box, found.regions[0].reference_box
    assert abs((box.x0 + box.x1) / 2 - x) < 3
    assert abs((box.y0 + box.y1) / 2 - y) < 3
    assert there.x0 < 205 < there.x1
    assert there.y0 < 66 < there.y1
    assert found.changed[int(y), int(x)] == 255
    assert found.difference[int(y), int(x)] >= 0.5
    assert np.count_nonzero(found.changed) < 400


def test_a_break_in_a_line_is_found_though_the_line_is_narrow():
    golden = np.full((200, 200), 30, np.uint8)
    for y in range(20, 200, 20):
        cv2.line(golden, (10, y), (190, y), 220, 4)
    cv2.line(golden, (40, 0), (40, 200), 220, 4)
    bad = golden.copy()
    bad[95:106, 100:110] = 30
    assert inspector(golden).inspect(golden).verdict == "PASS"
    found = inspector(golden).inspect(bad)
    assert [found.verdict, len(found.regions)] == ["FAIL", 1]


def test_edges_may_lie_a_pixel_in_or_out():
    side = np.ones((3, 3), np.uint8)
    for seed in range(4):
        for step in (cv2.dilate, cv2.erode):
            part = taken(step(board(seed), side), shift=(5.0, 3.0), gain=0.9, offset=12)
            assert inspector(board(seed)).inspect(part).verdict == "PASS"


def test_a_colour_of_the_same_brightness_is_a_defect():
    golden = coloured()
    bad = golden.copy()
    grey = int(cv2.cvtColor(golden[66:67, 205:206], cv2.COLOR_BGR2GRAY)[0, 0])
    cv2.circle(bad, (205, 66), 9, (grey, grey, grey), -1)
    tone = InspectionOptions(measure="tone")
    assert inspector(golden).inspect(taken(golden)).verdict == "PASS"
    assert inspector(golden).inspect(taken(bad)).verdict == "FAIL"
    assert Inspector(teach([golden]).golden, tone).inspect(taken(bad)).verdict == "PASS"


def test_with_a_part_of_it_covered_the_rest_is_still_registered():
    part = taken(board(), shift=(6.0, 5.0), angle=1.0)
    part[:110, :190] = 90
    found = inspector().inspect(part)
    assert found.verdict == "FAIL"
    assert found.alignment.shift == pytest.approx((6, 5), abs=0.5)
    assert all(region.box.x0 < 200 and region.box.y0 < 120 for region in found.regions)


def test_periodic_artwork_is_not_taken_for_its_neighbour():
    golden = np.full((320, 400), 200, np.uint8)
    for x in range(60, 350, 16):
        for y in range(60, 270, 16):
            cv2.rectangle(golden, (x, y), (x + 7, y + 7), 60, -1)
    found = inspector(golden).inspect(taken(golden, shift=(15.0, -13.0), angle=0.7))
    assert found.verdict == "PASS"
    assert found.alignment.shift == pytest.approx((15, -13), abs=0.5)


@pytest.mark.parametrize("centre", [(200, 160), (250, 130)])
def test_a_round_part_lies_any_way_round(centre):
    y, x = np.mgrid[:320, :400]
    away = np.hypot(x - centre[0], y - centre[1])
    golden = cv2.GaussianBlur(np.where(away < 90, 150, 60).astype(np.uint8), (0, 0), 1.0)
    one, rng = inspector(golden), np.random.default_rng(1)
    for seed in range(5):
        places = {"shift": tuple(rng.uniform(-10, 10, 2)), "angle": rng.uniform(-3, 3), "noise": 4.0, "seed": seed}
        part = taken(golden, **places)
        one.forget()
        assert one.inspect(part).verdict == "PASS"
        one.forget()
        assert one.inspect(spot(part, centre, 6, 200)).verdict == "FAIL"


def test_the_next_part_may_lie_elsewhere():
    one = inspector()
    for shift in ((0.0, 0.0), (12.0, 8.0), (-10.0, -12.0)):
        found = one.inspect(taken(board(), shift=shift))
        assert found.verdict == "PASS"
        assert found.alignment.shift == pytest.approx(shift, abs=0.5)


def test_beyond_the_limits_nothing_is_said():
    part = taken(board(), shift=(15.0, 0.0))
    narrow = PoseOptions(shift=0.01, angle=1.0, scale=0.01)
    found = inspector(pose=narrow).inspect(part)
    assert found.verdict == "NOT_INSPECTED"
    assert "outside the limits" in found.reason
    assert found.regions == ()


def test_a_part_that_never_moves_need_not_be_registered():
    fixed = PoseOptions(shift=0, angle=0, scale=0)
    flat = np.full((200, 200), 128, np.uint8)
    assert inspector(flat, pose=fixed).inspect(taken(flat)).verdict == "PASS"
    assert inspector(flat, pose=fixed).inspect(taken(spot(flat, (90, 90), value=200))).verdict == "FAIL"


def test_a_tilted_part_is_found_where_that_is_asked_for():
    tilt = np.array([[1.0, 0.01, -2], [0.0, 1.0, 1], [6e-5, -4e-5, 1]])
    part = cv2.warpPerspective(board(), tilt, (400, 320), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    found = inspector(pose=PoseOptions(perspective=True)).inspect(part)
    assert found.verdict == "PASS"


GREY = np.full((320, 400), 128, np.uint8)
REFUSED = [
    ("another board", board(seed=9), "another one"),
    ("no board", taken(GREY), "shows nothing"),
    ("covered lens", taken(GREY, offset=-122), "too dark"),
    ("burnt out", np.full_like(GREY, 255), "too bright"),
    ("out of focus", cv2.GaussianBlur(board(), (0, 0), 5), "out of focus"),
    ("little light", taken(board(), gain=0.4), "the light is beyond its limits"),
    ("noise", taken(board(ground=150), noise=45.0), "too noisy"),
    ("another size", board(size=(500, 320)), "500x320, the golden part 400x320"),
]


@pytest.mark.parametrize(("picture", "words"), [one[1:] for one in REFUSED], ids=[one[0] for one in REFUSED])
def test_what_cannot_be_judged_never_passes(picture, words):
    found = inspector().inspect(picture)
    assert found.verdict == "NOT_INSPECTED"
    assert words in found.reason
    assert found.changed_fraction is None
    assert found.changed is None


def unevenly(picture, ramp=0.0, corners=0.0):
    """Brighter to the lower right, darker in the corners, by these fractions."""
    y, x = (np.mgrid[: picture.shape[0], : picture.shape[1]].T / picture.shape[:2]).T.astype(np.float32) * 2 - 1
    light = (1 + ramp * (x + y) / 2) * (1 - corners * (x * x + y * y) / 2)
    return np.clip(picture * (light if picture.ndim == 2 else light[..., None]), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("make", [board, coloured])
@pytest.mark.parametrize("light", [{"ramp": 0.2}, {"ramp": -0.3}, {"corners": 0.3}, {"ramp": 0.15, "corners": 0.2}])
def test_light_that_is_not_the_same_everywhere_is_no_defect_and_hides_none(make, light):
    one = inspector(make(ground=150) if make is board else make())
    golden = one.golden.picture
    assert one.inspect(unevenly(taken(golden, shift=(5.0, -4.0)), **light)).verdict == "PASS"
    lit = int(golden[66, 205].mean())
    found = one.inspect(unevenly(taken(spot(golden, (205, 66), 6, lit + 45)), **light))
    assert [found.verdict, len(found.regions)] == ["FAIL", 1]


def test_light_beyond_what_is_allowed_is_said():
    one = inspector(board(ground=150), light=LightOptions(uneven=0.15))
    assert one.inspect(unevenly(board(ground=150), ramp=0.1)).verdict == "PASS"
    found = one.inspect(unevenly(board(ground=150), ramp=0.3))
    assert found.verdict == "NOT_INSPECTED"
    assert "uneven light" in found.reason


def test_what_covers_a_third_of_a_part_is_not_taken_for_light():
    part = taken(board(ground=150))
    part[:, :130] = part[:, :130] // 2 + 30
    found = inspector(board(ground=150)).inspect(part)
    assert found.verdict == "FAIL"
    assert found.changed_fraction > 0.2


def test_a_stain_on_artwork_in_black_and_white_is_not_taken_for_light():
    golden = board(ground=255, artwork=0)
    part = golden.copy()
    part[:106, :200] = 110
    found = inspector(golden).inspect(part)
    assert (found.verdict, len(found.regions)) == ("FAIL", 1)


def test_glare_is_no_verdict():
    part = board()
    cv2.circle(part, (200, 160), 80, 255, -1)
    assert "glare" in inspector().inspect(part).reason


def zone(x0, y0, x1, y1, **tolerance):
    points = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
    return ZoneOptions(points=points, tolerance=ToleranceOptions(**tolerance))


def test_zones_have_their_own_tolerance_and_are_named():
    golden, part = board(), board()
    for centre in ((205, 66), (330, 250)):
        part = spot(part, centre, 5, int(golden[centre[1], centre[0]]) - 40)
    watched = WatchedOptions(zones={"left": zone(0, 0, 0.6, 1), "right": zone(0.6, 0, 1, 1, dark=80)})
    found = Inspector(teach([golden]).golden, None, watched).inspect(taken(part))
    assert [region.zones for region in found.regions] == [("left",)]
    assert found.zone_fractions["left"] > 0
    assert found.zone_fractions["right"] == 0
    assert "in left" in found.reason


def test_a_zone_may_let_a_part_of_it_change():
    part = taken(spot(board(), (205, 66), 8))
    share = Inspector(teach([board()]).golden).inspect(part).changed_fraction

    def verdict(threshold, rest=None):
        left = replace(zone(0, 0, 0.6, 1), threshold=threshold)
        watched = WatchedOptions(zones={"left": left, "right": replace(zone(0.6, 0, 1, 1), threshold=rest)})
        return Inspector(teach([board()]).golden, None, watched).inspect(part)

    assert verdict(None).verdict == verdict(share).verdict == "FAIL"
    assert verdict(None, 0.5).verdict == "FAIL"
    passed = verdict(3 * share)
    assert (passed.verdict, passed.regions, passed.changed_fraction) == ("PASS", (), 0.0)


def test_ignored_parts_move_with_the_part():
    part = taken(spot(board(), (205, 66)), shift=(14.0, 9.0))
    points = ((0.47, 0.16), (0.56, 0.16), (0.56, 0.26), (0.47, 0.26))
    watched = WatchedOptions(ignore={"label": AreaOptions(points=points)})
    assert Inspector(teach([board()]).golden, None, watched).inspect(part).verdict == "PASS"


def test_a_zone_that_left_the_picture_is_not_passed():
    watched = WatchedOptions(zones={"edge": zone(0, 0, 0.06, 1)})
    found = Inspector(teach([board()]).golden, None, watched).inspect(taken(board(), shift=(-20.0, 0.0)))
    assert found.verdict == "NOT_INSPECTED"
    assert "of the zone edge is in the picture" in found.reason


def test_bright_and_dark_have_limits_apart():
    def verdict(value, **limits):
        part = spot(board(), (205, 66), 8, value)
        return inspector(**limits).inspect(part).verdict

    ground = int(board()[66, 205])
    assert verdict(ground + 45) == verdict(ground - 45) == "FAIL"
    assert verdict(ground + 45, bright=70.0) == "PASS"
    assert verdict(ground - 45, bright=70.0) == "FAIL"
    assert verdict(ground - 45, dark=70.0) == "PASS"


def test_the_analysed_size_follows_from_the_smallest_defect():
    assert inspector().size == (400, 320)
    coarse = inspector(smallest_defect=Length("12 px"))
    assert coarse.size == (200, 160)
    assert coarse.inspect(taken(spot(board(), (205, 66), 1), shift=(5.0, 5.0))).verdict == "PASS"
    found = coarse.inspect(taken(spot(board(), (205, 66), 12), shift=(5.0, 5.0)))
    assert found.verdict == "FAIL"
    assert found.alignment.shift == pytest.approx((5, 5), abs=0.6)
    assert abs((found.regions[0].box.x0 + found.regions[0].box.x1) / 2 - 210) < 4


def test_a_box_has_air_around_the_defect_as_wide_as_is_asked_for():
    part = spot(board(), (205, 66))
    wide, tight = (inspector(margin=Length(margin)).inspect(part).regions[0].box for margin in ("9 px", "0 px"))
    assert (tight.x0 - wide.x0, wide.x1 - tight.x1) == (9, 9)
    assert 11 <= tight.width <= 15


def test_sensitivity_moves_the_limit():
    faint = spot(board(), (205, 66), 4, int(board()[66, 205]) - 22)
    assert inspector(sensitivity=0.3).inspect(faint).verdict == "PASS"
    assert inspector(sensitivity=0.8).inspect(faint).verdict == "FAIL"


def test_what_more_light_burns_out_is_no_defect():
    golden = spot(board(ground=150), (205, 66), 12, 250)
    assert inspector(golden).inspect(taken(golden, gain=1.2, offset=15)).verdict == "PASS"
    assert inspector(golden).inspect(taken(golden, gain=0.8, offset=-35)).verdict == "PASS"
    assert inspector(golden).inspect(taken(board(ground=150), gain=1.2, offset=15)).verdict == "FAIL"


def test_a_label_that_more_light_burns_out_does_not_mislead_about_the_light():
    golden = cv2.GaussianBlur(board(ground=110), (0, 0), 0.7)
    golden[40:200, 60:340] = np.clip(board(ground=235)[40:200, 60:340], 60, 235)
    assert inspector(golden).inspect(taken(golden, gain=1.3)).verdict == "PASS"
