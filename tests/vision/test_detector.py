"""The whole detector on drawn scenes, through frames as cameras give them."""

import cv2
import numpy as np
import pytest

from tests.vision.pictures import (
    UTC0,
    Watching,
    covering,
    ended,
    flat,
    in_light,
    painted,
    polygon,
    textured,
    with_noise,
)
from watcher.errors import ReferenceUnusable
from watcher.vision.detector import Detector
from watcher.vision.frame import ArrayPixels, Frame, Gap, Tick, encode_jpeg
from watcher.vision.geometry import Box
from watcher.vision.jpeg import JpegPixels
from watcher.vision.options import AreaOptions, DetectorOptions, WatchedOptions, ZoneOptions
from watcher.vision.reference.options import BackgroundOptions, FixedOptions
from watcher.vision.reference.tint import FIRST

SCENE = textured(low=70, high=180, fine=5)
THING = textured(seed=5, low=0, high=255)
BOX = Box(100, 60, 180, 120)
YEAR = 365 * 86400.0


def color_of(grey):
    """A scene of soft colours with `grey` as its brightness, more or less."""
    size = (grey.shape[1], grey.shape[0])
    cr, cb = (textured(size, seed, 105, 151, 0) for seed in (11, 12))
    return cv2.cvtColor(cv2.merge([grey, cr, cb]), cv2.COLOR_YCrCb2BGR)


def settle(watching, picture, noise=0.0, frames=20):
    """Show `picture` until it has been still, then say that the event ended as settled."""
    for n in range(frames):
        watching.see(with_noise(picture, noise, 900 + n))
    return watching.see(with_noise(picture, noise, 990), ended("settled"))


# -- nothing there ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scene", [SCENE, flat(0), flat(128), flat(255)], ids=["scene", "black", "grey", "white"])
@pytest.mark.parametrize("color", [False, True])
def test_identical_frames_are_clear(scene, color):
    watching = Watching(DetectorOptions(color=color)).learn_scene(scene)
    for _ in range(10):
        seen = watching.see(scene)
        assert (seen.outcome, seen.regions, seen.changed_fraction) == ("clear", (), 0)
        assert seen.similarity == pytest.approx(1, abs=1e-4)
    assert not watching.detector.changed.any()
    assert not watching.detector.change.any()


@pytest.mark.parametrize("sigma", [0, 3, 6])
@pytest.mark.parametrize("scene", [SCENE, flat(40), flat(128)], ids=["scene", "dark", "flat"])
def test_three_hundred_noisy_frames_are_clear(sigma, scene):
    watching = Watching()
    outcomes = watching.outcomes(with_noise(scene, sigma, n) for n in range(300))
    learnt = outcomes.index("clear")
    assert learnt <= 20
    assert set(outcomes[:learnt]) == {"learning"}
    assert set(outcomes[learnt:]) == {"clear"}


@pytest.mark.parametrize("sigma", [0, 3, 6])
def test_noise_with_colour_watched_is_clear(sigma):
    scene = color_of(SCENE)
    watching = Watching(DetectorOptions(color=True))
    outcomes = watching.outcomes(with_noise(scene, sigma, n) for n in range(80))
    assert set(outcomes[25:]) == {"clear"}


def test_while_it_learns_there_are_no_regions():
    watching = Watching()
    for n in range(15):
        seen = watching.see(painted(SCENE, Box(10 * n, 60, 10 * n + 40, 120), 250))
        assert seen.outcome == "learning"
        assert (seen.regions, seen.changed_fraction, seen.reason) == ((), 0, "the reference is being learnt")


# -- something there ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("shift", [25, 30, 40, 60, -25, -40, -60])
@pytest.mark.parametrize("level", [40, 100, 180])
@pytest.mark.parametrize("noise", [0, 2])
def test_a_flat_patch_on_a_flat_background_is_filled(level, shift, noise):
    if not 0 <= level + shift <= 255:
        return
    watching = Watching().learn_scene(flat(level), noise)
    seen = watching.see(with_noise(painted(flat(level), BOX, level + shift), noise, 500))
    assert seen.outcome == "changed"
    assert sum(region.area for region in seen.regions) >= 0.8 * BOX.area
    assert covering(seen.regions).iou(BOX) > 0.75


def test_a_fainter_patch_takes_a_higher_sensitivity():
    patch = painted(flat(100), BOX, 120)
    assert Watching().learn_scene(flat(100)).see(patch).outcome == "clear"
    seen = Watching(DetectorOptions(sensitivity=0.7)).learn_scene(flat(100)).see(patch)
    assert seen.regions[0].area >= 0.8 * BOX.area


@pytest.mark.parametrize("full", [(320, 180), (640, 360), (1280, 720), (1366, 768)])
@pytest.mark.parametrize("value", ["texture", 250, 10])
def test_an_object_is_boxed_in_full_pixels(full, value):
    scale = full[0] / 320
    scene = textured(full, fine=5)
    box = Box(*(round(side * scale) for side in (100, 60, 180, 120)))
    thing = textured(full, seed=5, low=0, high=255) if value == "texture" else value
    watching = Watching().learn_scene(scene, 2, frames=22)
    seen = watching.see(with_noise(painted(scene, box, thing), 2, 500))
    found = covering(seen.regions)
    assert found.iou(box) > 0.8
    margin = round(4 * scale) + 1
    assert box.grown(margin).union(found) == box.grown(margin)
    assert sum(region.area for region in seen.regions) > 0.7 * box.area


@pytest.mark.parametrize("lift", [25, 40])
def test_a_dark_object_before_a_dark_background(lift):
    dark = textured(low=8, high=24, fine=1)
    watching = Watching().learn_scene(dark, 2)
    seen = watching.see(with_noise(painted(dark, BOX, dark + lift), 2, 500))
    assert covering(seen.regions).iou(BOX) > 0.6


def test_two_objects_are_two_regions_the_larger_first():
    watching = Watching().learn_scene(SCENE)
    small = Box(30, 30, 50, 50)
    seen = watching.see(painted(painted(SCENE, BOX, 250), small, 5))
    assert len(seen.regions) == 2
    assert seen.regions[0].box.iou(BOX) > 0.8
    assert seen.regions[1].box.iou(small) > 0.5


def test_specks_are_dropped_below_the_smallest():
    speck = painted(flat(100), Box(100, 60, 105, 65), 220)
    assert Watching(DetectorOptions(smallest=5)).learn_scene(flat(100)).see(speck).outcome == "changed"
    assert Watching(DetectorOptions(smallest=200)).learn_scene(flat(100)).see(speck).outcome == "clear"


# -- light --------------------------------------------------------------------------------------------------


LIT = textured(low=70, high=140, fine=4)  # room above and below: what is clipped at 255 is no longer the same scene


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize(
    ("gain", "offset"), [(0.7, 0), (0.85, 0), (1.15, 0), (1.3, 0), (1, 25), (1, -25), (0.8, 20)]
)
def test_light_on_the_whole_picture_is_no_change(gain, offset, color):
    scene = color_of(LIT) if color else LIT
    watching = Watching(DetectorOptions(color=color)).learn_scene(scene, 2)
    for n in range(5):
        seen = watching.see(with_noise(in_light(scene, gain, offset), 2, 500 + n))
        assert seen.outcome == "clear"
        assert offset or abs(seen.gain - gain) < 0.15


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize(("gain", "offset"), [(0.7, 0), (1.3, 0), (1, 25), (1, -25)])
@pytest.mark.parametrize("value", [(240, 240, 240), (15, 15, 15)], ids=["bright", "dark"])
def test_light_and_an_object_is_only_the_object(gain, offset, value, color):
    scene = color_of(LIT) if color else LIT
    watching = Watching(DetectorOptions(color=color)).learn_scene(scene, 2)
    frame = painted(in_light(scene, gain, offset), BOX, value if color else value[0])
    seen = watching.see(with_noise(frame, 2, 500))
    assert covering(seen.regions).iou(BOX) > 0.75


def test_with_light_off_it_is_change():
    watching = Watching(DetectorOptions(light=False)).learn_scene(SCENE)
    seen = watching.see(in_light(SCENE, 1, 40))
    assert seen.outcome == "changed"
    assert seen.gain == 1
    assert seen.changed_fraction > 0.9


def test_the_background_follows_light_that_drifts():
    """From 100 to 55 %, further than any gain is told at once, in 150 s."""
    watching = Watching(DetectorOptions(light=False), dt=0.5, reference=BackgroundOptions(adapt=10)).learn_scene(
        SCENE
    )
    for n in range(300):
        assert watching.see(in_light(SCENE, 1 - 0.0015 * n)).outcome == "clear"
    assert watching.detector.expected().mean() < 0.62 * SCENE.mean()


def test_a_fixed_reference_does_not_follow():
    watching = Watching(DetectorOptions(light=False), dt=0.5, reference=FixedOptions()).learn_scene(SCENE)
    before = watching.detector.expected()
    outcomes = watching.outcomes(in_light(SCENE, 1 - 0.0015 * n) for n in range(300))
    assert outcomes[-1] == "changed"
    np.testing.assert_array_equal(watching.detector.expected(), before)


# -- colour -------------------------------------------------------------------------------------------------


def test_red_for_green_of_the_same_brightness_is_seen_with_colour_alone():
    red, green = (0, 0, 255), (0, 130, 0)
    for color, outcome in ((True, "changed"), (False, "clear")):
        scene = cv2.merge([flat(128)] * 3)
        before, now = painted(scene, BOX, green), painted(scene, BOX, red)
        watching = Watching(DetectorOptions(color=color)).learn_scene(before)
        seen = watching.see(now)
        assert seen.outcome == outcome
        if color:
            assert covering(seen.regions).iou(BOX) > 0.7


def test_colour_is_never_converted_where_nothing_asks_for_it():
    class GreyOnly:
        """Pixels whose colour nobody may ask for."""

        size = (320, 180)

        def __init__(self, picture):
            self._picture = picture

        def luma(self, size, shrinker):
            return shrinker.shrink(self._picture, size)

        def __getattr__(self, name):
            raise AssertionError(f"asked for {name}")

    watching = Watching(DetectorOptions(shadows=False))
    outcomes = watching.outcomes(GreyOnly(with_noise(SCENE, 3, n)) for n in range(40))
    assert outcomes[-1] == "clear"
    thing = [GreyOnly(painted(SCENE, BOX, 250)) for _ in range(5)]
    assert watching.outcomes(thing) == ["changed"] * 5


def test_what_moves_is_not_still_with_colour_watched_either():
    """Colour shares the shrinker: the brightness of the frame before must survive it."""
    for color in (False, True):
        scene = color_of(textured((640, 360), fine=5))
        watching = Watching(DetectorOptions(color=color)).learn_scene(scene, frames=22)
        thing = color_of(textured((640, 360), seed=5, low=0, high=255))
        box = Box(200, 100, 400, 260)
        for n in range(10):
            seen = watching.see(painted(scene, box, np.roll(thing, 12 * n, axis=1)))
            assert [region.still_for for region in seen.regions] == [0.0] * len(seen.regions)


# -- where to look ------------------------------------------------------------------------------------------

LEFT, RIGHT = polygon(0, 0, 0.5, 1), polygon(0.5, 0, 1, 1)


def areas(**named):
    return {key: AreaOptions(points=points) for key, points in named.items()}


@pytest.mark.parametrize(
    "watched",
    [
        WatchedOptions(zones={"right": ZoneOptions(points=RIGHT)}),
        WatchedOptions(ignore=areas(left=LEFT)),
        WatchedOptions(privacy=areas(left=LEFT)),
        WatchedOptions(zones={"all": ZoneOptions(points=polygon(0, 0, 1, 1))}, ignore=areas(left=LEFT)),
    ],
    ids=["zone", "ignore", "privacy", "zone less ignore"],
)
def test_change_outside_what_is_watched_is_nothing(watched):
    watching = Watching(watched=watched).learn_scene(SCENE)
    for n in range(10):
        seen = watching.see(painted(SCENE, Box(0, 0, 150, 180), np.roll(THING, 9 * n, 1)))
        assert (seen.outcome, seen.changed_fraction) == ("clear", 0)
    assert not watching.detector.changed.any()
    assert watching.detector.watched.mean() == 0.5
    assert watching.see(painted(SCENE, Box(200, 60, 260, 120), 250)).outcome == "changed"


def test_fractions_are_those_of_the_watched_pixels_of_each_zone():
    zones = {"left": ZoneOptions(points=LEFT), "right": ZoneOptions(points=RIGHT)}
    watched = WatchedOptions(zones=zones, ignore=areas(top=polygon(0, 0, 1, 0.5)))
    watching = Watching(watched=watched).learn_scene(flat(100))
    seen = watching.see(painted(flat(100), Box(120, 0, 200, 180), 200))
    mask = watching.detector.changed > 0
    assert not mask[:90].any()
    assert seen.changed_fraction == mask.sum() / (90 * 320)
    assert seen.zone_fractions == {
        "left": mask[:, :160].sum() / (90 * 160),
        "right": mask[:, 160:].sum() / (90 * 160),
    }
    assert seen.changed_fraction == pytest.approx(0.25, abs=0.03)
    assert seen.zone_fractions["left"] == pytest.approx(0.25, abs=0.03)
    assert set(seen.regions[0].zones) == {"left", "right"}
    clear = watching.see(flat(100))
    assert clear.zone_fractions == {"left": 0, "right": 0}


def test_a_zone_that_is_wholly_hidden_is_never_changed():
    zones = {"left": ZoneOptions(points=LEFT), "right": ZoneOptions(points=RIGHT)}
    watching = Watching(watched=WatchedOptions(zones=zones, privacy=areas(left=LEFT))).learn_scene(flat(100))
    seen = watching.see(painted(flat(100), Box(0, 0, 220, 180), 200))
    assert seen.zone_fractions["left"] == 0
    assert seen.zone_fractions["right"] > 0.3


def test_where_nothing_is_watched_nothing_happens():
    watching = Watching(watched=WatchedOptions(ignore=areas(all=polygon(0, 0, 1, 1))))
    outcomes = watching.outcomes([SCENE] * 25 + [THING] * 5)
    assert outcomes[-5:] == ["clear"] * 5
    seen = watching.see(THING)
    assert (seen.similarity, seen.changed_fraction) == (None, 0)


# -- what comes to stay -------------------------------------------------------------------------------------


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize(("gain", "noise"), [(1.0, 2), (1.2, 2), (0.8, 2), (1.0, 0)])
def test_an_object_that_stays_settles_and_what_was_beneath_is_kept(gain, noise, color):
    scene = color_of(SCENE) if color else SCENE
    with_it = painted(scene, BOX, (230, 200, 180) if color else 220)
    watching = Watching(DetectorOptions(color=color)).learn_scene(scene, noise)
    frames = iter(range(500, 999))

    def show(picture, *updates):
        return watching.see(with_noise(in_light(picture, gain), noise, next(frames)), *updates)

    growing = [max(region.still_for for region in show(with_it).regions) for _ in range(20)]
    assert growing[0] == 0
    assert growing[-1] == pytest.approx(1.9, abs=0.25)
    assert growing == sorted(growing)
    assert show(with_it).regions[0].stayed == "appeared"
    assert show(with_it, ended("settled")).outcome == "changed"
    for _ in range(12):
        seen = show(with_it)
        assert (seen.outcome, seen.changed_fraction) == ("clear", 0)
    assert seen.settled_fractions[""] == pytest.approx(BOX.area / (320 * 180), rel=0.35)
    shown = watching.detector.changed
    assert shown[65:115, 105:175].mean() > 240
    assert shown[:40].max() == 0
    away = show(scene)
    assert covering(away.regions).iou(BOX) > 0.7
    for _ in range(20):
        away = show(scene)
    assert {region.stayed for region in away.regions} == {"removed"}
    show(scene, ended("settled"))
    for _ in range(12):
        seen = show(scene)
        assert seen.outcome == "clear"
    assert seen.settled_fractions == {"": 0.0}
    assert not watching.detector.changed.any()


def test_a_second_object_beside_a_settled_one_is_found_and_settles_too():
    watching = Watching().learn_scene(SCENE, 2)
    one = painted(SCENE, BOX, 230)
    settle(watching, one, 2)
    other = Box(190, 60, 240, 120)
    seen = watching.see(with_noise(painted(one, other, 20), 2, 700))
    assert covering(seen.regions).iou(other) > 0.7
    settle(watching, painted(one, other, 20), 2)
    assert watching.see(with_noise(painted(one, other, 20), 2, 701)).outcome == "clear"
    assert watching.detector.changed[90, 140] == watching.detector.changed[90, 215] == 255


def test_what_has_settled_is_part_of_its_zone():
    zones = {"left": ZoneOptions(points=LEFT), "right": ZoneOptions(points=RIGHT)}
    watching = Watching(watched=WatchedOptions(zones=zones)).learn_scene(SCENE)
    box = Box(40, 40, 120, 130)
    settle(watching, painted(SCENE, box, 230))
    settled = watching.see(painted(SCENE, box, 230)).settled_fractions
    assert settled["left"] == pytest.approx(box.area / (160 * 180), rel=0.2)
    assert settled["right"] == 0
    assert settled[""] == pytest.approx(settled["left"] / 2, rel=0.01)


def test_the_noise_of_a_place_is_not_that_of_what_settled_there():
    watching = Watching().learn_scene(flat(100), 2)
    settle(watching, painted(flat(100), BOX, 220), 2)
    for n in range(3):
        watching.see(with_noise(painted(flat(100), BOX, 220), 2, n))
    seen = watching.see(with_noise(painted(flat(100), BOX, 192), 2, 77))  # 28 levels darker: visible at once
    assert covering(seen.regions).iou(BOX) > 0.7


@pytest.mark.parametrize("reference", [BackgroundOptions(), FixedOptions()], ids=["background", "fixed"])
def test_after_its_time_what_settled_becomes_the_reference(reference):
    watching = Watching(reference=reference, absorb_after=30.0).learn_scene(SCENE)
    with_it = painted(SCENE, BOX, 230)
    settle(watching, with_it)
    for _ in range(280):
        assert watching.see(with_it).settled_fractions[""] > 0
    said = [watching.see(with_it).reason for _ in range(25)]
    seen = watching.see(with_it)
    (told,) = filter(None, said)
    assert told.startswith("what had stayed for 30 s is background now: ")
    assert (seen.outcome, seen.settled_fractions) == ("clear", {"": 0.0})
    assert not watching.detector.changed.any()
    assert (watching.detector.memory()["planes"][0, 70:110, 110:170] / 16).mean() == pytest.approx(230, abs=1)


def test_without_a_time_it_stays_settled():
    watching = Watching(absorb_after=None, dt=10.0).learn_scene(SCENE)
    with_it = painted(SCENE, BOX, 230)
    settle(watching, with_it, frames=5)
    for _ in range(200):
        seen = watching.see(with_it)
    assert seen.settled_fractions[""] > 0


@pytest.mark.parametrize("value", [230, "texture"])
def test_a_minute_of_standing_there_is_not_learnt(value):
    watching = Watching(reference=BackgroundOptions(adapt=5), dt=0.2).learn_scene(SCENE, 2)
    with_it = painted(SCENE, BOX, THING if value == "texture" else value)
    for n in range(300):
        seen = watching.see(with_noise(with_it, 2, n))
    assert covering(seen.regions).iou(BOX) > 0.7
    assert watching.see(with_noise(SCENE, 2, 999)).outcome == "clear"


# -- references ---------------------------------------------------------------------------------------------


def test_the_next_frame_becomes_the_reference():
    watching = Watching().learn_scene(SCENE)
    assert watching.see(THING).outcome == "blind"
    watching.detector.take_reference()
    seen = watching.see(THING)
    assert seen.outcome == "clear"
    assert seen.similarity == pytest.approx(1, abs=1e-4)
    np.testing.assert_array_equal(watching.detector.expected(), THING)
    assert watching.see(SCENE).outcome == "blind"


def test_a_reference_taken_while_learning_ends_it():
    watching = Watching()
    watching.see(SCENE)
    watching.detector.take_reference()
    assert watching.see(SCENE).outcome == "clear"


def test_a_reference_of_another_size_and_the_same_aspect():
    full = textured((1280, 720), fine=5)
    small = cv2.resize(full, (640, 360), interpolation=cv2.INTER_AREA)
    for reference, frame in ((full, small), (small, full), (cv2.merge([full] * 3), small)):
        watching = Watching(reference=FixedOptions(image="day.png"))
        watching.detector.use_reference(reference)
        assert watching.see(frame).outcome == "clear"
        scale = frame.shape[1] / 320
        box = Box(*(round(side * scale) for side in (100, 60, 180, 120)))
        assert covering(watching.see(painted(frame, box, 250)).regions).iou(box) > 0.8


def test_a_reference_of_another_aspect_is_blind_with_words_until_another_is_given():
    watching = Watching().learn_scene(SCENE)
    watching.detector.use_reference(flat(100, (320, 240)))
    seen = watching.see(SCENE)
    assert seen.outcome == "blind"
    assert "320x240" in seen.reason
    assert "320x180" in seen.reason
    watching.detector.use_reference(SCENE)
    assert watching.see(SCENE).outcome == "clear"


def test_a_given_picture_is_copied():
    picture = SCENE.copy()
    watching = Watching(reference=FixedOptions(image="day.png"))
    watching.detector.use_reference(picture)
    picture[:] = 0
    assert watching.see(SCENE).outcome == "clear"


@pytest.mark.parametrize("picture", [np.zeros((180, 320), np.float32), np.zeros((180, 320, 4), np.uint8)])
def test_a_given_picture_of_another_kind_is_refused_at_the_door(picture):
    with pytest.raises(ValueError, match="expected uint8"):
        Watching().detector.use_reference(picture)


def test_without_a_picture_a_fixed_reference_from_a_file_is_blind():
    watching = Watching(reference=FixedOptions(image="day.png"))
    seen = watching.see(SCENE)
    assert (seen.outcome, seen.reason) == ("blind", "there is no reference")
    assert watching.detector.expected() is None


@pytest.mark.parametrize("color", [False, True])
def test_what_is_expected_can_be_shown(color):
    scene = color_of(SCENE)
    watching = Watching(DetectorOptions(color=color)).learn_scene(scene)
    expected = watching.detector.expected()
    assert expected.dtype == np.uint8
    assert expected.shape == ((180, 320, 3) if color else (180, 320))
    assert np.abs(expected.astype(int) - (scene if color else cv2.cvtColor(scene, cv2.COLOR_BGR2GRAY))).mean() < 2


# -- a restart ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("reference", [BackgroundOptions(), FixedOptions()], ids=["background", "fixed"])
def test_a_restart_remembers(reference, color):
    options, scene = DetectorOptions(color=color), color_of(textured((640, 360), fine=5))
    before = Watching(options, reference=reference).learn_scene(scene, 3)
    after = Watching(options, reference=reference)
    after.detector.remember(before.detector.memory(), (640, 360))
    assert after.detector.size == (320, 180)
    assert after.see(with_noise(scene, 3, 700)).outcome == "clear"
    seen = after.see(with_noise(painted(scene, Box(200, 120, 360, 240), (250, 250, 250)), 3, 701))
    assert covering(seen.regions).iou(Box(200, 120, 360, 240)) > 0.8


def test_nothing_is_remembered_before_it_is_learnt():
    watching = Watching()
    assert watching.detector.memory() == {}
    watching.see(SCENE)
    assert watching.detector.memory() == {}


def test_what_had_settled_is_seen_again_after_a_restart():
    before = Watching().learn_scene(SCENE)
    settle(before, painted(SCENE, BOX, 230))
    after = Watching()
    after.detector.remember(before.detector.memory(), (320, 180))
    assert covering(after.see(painted(SCENE, BOX, 230)).regions).iou(BOX) > 0.7


def test_another_scene_remembered_is_learnt_anew_and_that_is_said():
    before = Watching().learn_scene(textured(seed=9, low=0, high=255))
    after = Watching()
    after.detector.remember(before.detector.memory(), (320, 180))
    seen = after.see(SCENE)
    assert (seen.outcome, seen.reason) == ("learning", "the remembered reference shows another scene")
    assert not after.detector.changed.any()
    after.learn_scene(SCENE)


def test_another_scene_is_only_looked_for_in_the_first_frame():
    watching = Watching()
    watching.detector.remember(Watching().learn_scene(SCENE).detector.memory(), (320, 180))
    assert watching.see(SCENE).outcome == "clear"
    assert watching.see(textured(seed=9, low=0, high=255)).outcome == "blind"


def test_a_fixed_reference_is_kept_whatever_the_scene():
    before = Watching(reference=FixedOptions()).learn_scene(textured(seed=9, low=0, high=255))
    after = Watching(reference=FixedOptions())
    after.detector.remember(before.detector.memory(), (320, 180))
    assert not {"clear", "learning"}.intersection(after.outcomes([SCENE] * 40))
    assert set(after.see(SCENE).troubles) == {"moved"}


def test_a_camera_that_came_back_with_another_size_is_learnt_anew():
    after = Watching()
    after.detector.remember(Watching().learn_scene(SCENE).detector.memory(), (320, 180))
    outcomes = after.outcomes([textured((640, 480))] * 30)
    assert (outcomes[0], outcomes[-1]) == ("learning", "clear")


@pytest.mark.parametrize(
    ("memory", "full", "color", "words"),
    [
        ({}, (320, 180), False, "holds no picture"),
        (None, (320, 240), False, "is 320x180, the analysed picture 320x240"),
        (None, (320, 180), True, "no colour"),
    ],
)
def test_a_memory_that_does_not_fit_is_refused_and_learning_goes_on(memory, full, color, words):
    memory = Watching().learn_scene(SCENE).detector.memory() if memory is None else memory
    watching = Watching(DetectorOptions(color=color))
    with pytest.raises(ReferenceUnusable, match=words):
        watching.detector.remember(memory, full)
    watching.learn_scene(SCENE)


# -- trouble ------------------------------------------------------------------------------------------------


def test_another_size_in_mid_stream_is_blind_with_both_sizes():
    watching = Watching().learn_scene(SCENE)
    seen = watching.see(textured((640, 480)))
    assert (seen.outcome, seen.regions) == ("blind", ())
    assert "640x480" in seen.reason
    assert "320x180" in seen.reason
    assert watching.see(SCENE).outcome == "clear"


def test_a_broken_jpeg_is_blind_and_the_next_is_clear():
    scene = textured((640, 360), fine=5)
    data = encode_jpeg(scene)
    watching = Watching()
    for _ in range(25):
        watching.see(JpegPixels(data))
    broken = watching.see(JpegPixels(data[: len(data) // 3]))
    assert broken.outcome == "blind"
    assert broken.reason
    assert watching.see(JpegPixels(data)).outcome == "clear"


def test_ticks_and_gaps_are_blind_and_change_nothing():
    watching = Watching().learn_scene(SCENE)
    before = watching.detector.memory()["planes"]
    for nothing in (Tick(5.0, UTC0), Gap(6.0, UTC0, "lost")):
        seen = watching.detector.step(nothing)
        watching.detector.learn(nothing, seen, ())
        assert (seen.outcome, seen.reason) == ("blind", "no frame")
    np.testing.assert_array_equal(watching.detector.memory()["planes"], before)
    assert watching.see(SCENE).outcome == "clear"


def test_before_the_first_frame_there_is_no_size_and_asking_for_maps_is_a_mistake():
    detector = Detector(DetectorOptions(), WatchedOptions(), BackgroundOptions(), None)
    assert detector.size is None
    assert detector.expected() is None
    with pytest.raises(ValueError, match="has not seen a frame"):
        _ = detector.changed


@pytest.mark.parametrize("size", [(320, 180), (640, 360)])
@pytest.mark.parametrize("color", [False, True])
def test_a_camera_that_fills_one_array_over_and_over_disturbs_nothing(size, color):
    scene = textured(size, fine=5)
    scene = color_of(scene) if color else scene
    buffer, watching = scene.copy(), Watching(DetectorOptions(color=color))

    def show(picture):
        buffer[:] = picture
        seen = watching.see(buffer)
        buffer[:] = 0
        return seen

    for n in range(30):
        show(with_noise(scene, 2, n))
    assert show(with_noise(scene, 2, 50)).outcome == "clear"
    scale = size[0] / 320
    for n in range(8):
        box = Box(*(round(side * scale) for side in (60 + 9 * n, 60, 140 + 9 * n, 120)))
        seen = show(painted(scene, box, 240))
        assert covering(seen.regions).iou(box) > 0.75
        assert max(region.still_for for region in seen.regions) == 0
    assert show(with_noise(scene, 2, 60)).outcome == "clear"


def test_a_thing_that_changes_in_its_place_in_one_buffer_is_not_still():
    """Stillness keeps the frame before: not the camera's buffer, in which that is overwritten."""
    buffer, watching = SCENE.copy(), Watching().learn_scene(SCENE)
    for n in range(8):
        buffer[:] = painted(SCENE, BOX, np.roll(THING, 5 * n, 1))
        seen = watching.see(buffer)
        assert max(region.still_for for region in seen.regions) == 0


@pytest.mark.parametrize("jump", [-YEAR, -100.0, -0.3, -0.05, 0.0, 3600.0, YEAR])
def test_a_clock_that_jumps_neither_blinds_nor_breaks(jump):
    watching = Watching().learn_scene(SCENE, 2)
    with_it = painted(SCENE, BOX, 230)
    watching.see(with_it)
    watching.at += jump
    for n in range(30):
        seen = watching.see(with_noise(with_it, 2, n))
        assert covering(seen.regions).iou(BOX) > 0.7
    assert seen.regions[0].still_for == pytest.approx(2.9 if jump <= 0 else max(jump, 2.9), rel=0.1)
    for n in range(30):
        assert watching.see(with_noise(SCENE, 2, n)).outcome == "clear"
    watching.see(with_it, ended("settled"))
    assert watching.see(with_it).outcome == "clear"
    assert watching.see(SCENE).outcome == "changed"


def test_learning_goes_on_when_the_clock_was_set_back():
    watching = Watching(DetectorOptions(light=False), reference=BackgroundOptions(adapt=5)).learn_scene(SCENE)
    watching.see(painted(SCENE, BOX, 250))
    watching.at -= YEAR
    outcomes = watching.outcomes(in_light(SCENE, 1, 0.08 * n) for n in range(400))
    assert set(outcomes) == {"clear"}


@pytest.mark.parametrize(
    "size", [(1, 1), (2, 300), (300, 2), (1, 300), (300, 1), (16, 16), (4, 1), (1, 4), (3, 3), (5000, 3), (3, 5000)]
)
@pytest.mark.parametrize("color", [False, True])
def test_pictures_of_any_shape(size, color):
    chance = np.random.default_rng(1)
    shape = (size[1], size[0], 3)
    watching = Watching(DetectorOptions(color=color, smallest=1))
    zone = WatchedOptions(zones={"some": ZoneOptions(points=polygon(0.1, 0.1, 0.6, 0.9))})
    for watched in (None, zone):
        watching = Watching(DetectorOptions(color=color, smallest=1), watched)
        for _ in range(25):
            seen = watching.see(chance.integers(95, 105, shape).astype(np.uint8))
        assert seen.outcome == "clear"
        for _ in range(5):
            seen = watching.see(chance.integers(0, 255, shape).astype(np.uint8))
            assert seen.outcome in ("clear", "changed")
            for region in seen.regions:
                assert region.box.intersection(Box(0, 0, *size)) == region.box
                assert region.box.area > 0
        watching.see(np.full(shape, 250, np.uint8), ended("settled"))
        assert watching.see(np.full(shape, 100, np.uint8)).outcome in ("clear", "changed")


def test_the_analysed_picture_is_no_larger_than_the_frame_and_keeps_its_aspect():
    sizes = {(1920, 1080): (320, 180), (1080, 1920): (180, 320), (100, 50): (100, 50), (640, 480): (320, 240)}
    for full, size in {**sizes, (5000, 3): (320, 1)}.items():
        watching = Watching()
        watching.see(flat(90, full))
        assert watching.detector.size == size
        assert watching.detector.changed.shape == size[::-1]


def test_a_quiet_frame_is_asked_for_nothing_but_its_brightness():
    asked = []

    class Counted(ArrayPixels):
        def bgr(self):
            asked.append("bgr")
            return super().bgr()

        def jpeg(self):
            asked.append("jpeg")
            return super().jpeg()

        def owned(self):
            asked.append("owned")
            return super().owned()

        def chroma(self, size, shrinker):
            asked.append("chroma")
            return super().chroma(size, shrinker)

    watching = Watching()
    for n in range(300):
        watching.see(Counted(with_noise(SCENE, 2, n)))
    assert asked == ["chroma"] * FIRST, "the scene's colours are learnt at the beginning, and then twice a minute"


def test_the_similarity_is_scikit_images_of_the_watched_part():
    from skimage.metrics import structural_similarity

    frame = painted(SCENE, BOX, 240)
    watched = WatchedOptions(zones={"left": ZoneOptions(points=LEFT)})
    for options, columns in ((None, 320), (watched, 160)):
        watching = Watching(DetectorOptions(light=False), options).learn_scene(SCENE)
        whole = structural_similarity(
            frame, SCENE, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255, full=True
        )[1]
        assert watching.see(frame).similarity == pytest.approx(whole[:, :columns].mean(), abs=1e-3)


def test_two_detectors_of_the_same_pictures_say_the_same():
    def run():
        watching = Watching()
        frames = [
            with_noise(painted(SCENE, Box(4 * n, 60, 4 * n + 50, 120), 240) if n > 30 else SCENE, 3, n)
            for n in range(60)
        ]
        return [watching.see(frame) for frame in frames]

    assert run() == run()


def test_from_a_frame_that_was_not_compared_nothing_is_learnt():
    watching = Watching().learn_scene(SCENE)
    before = watching.detector.memory()["planes"]
    frame = Frame(99.0, UTC0, ArrayPixels(textured((640, 480))))
    watching.detector.learn(frame, watching.detector.step(frame), (ended("settled"),))
    np.testing.assert_array_equal(watching.detector.memory()["planes"], before)
