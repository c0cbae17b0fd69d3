"""A camera that shakes, drifts or stands, before scenes in which things move."""

import math

import numpy as np
import pytest

from tests.vision.pictures import Watching, flat, in_light, painted, polygon, textured, with_noise
from tests.vision.shaking import pushed, shaken
from watcher.vision.detector import OUT_OF_REACH
from watcher.vision.geometry import Box
from watcher.vision.options import AreaOptions, DetectorOptions, WatchedOptions, ZoneOptions
from watcher.vision.shake import REACH, Steady
from watcher.vision.sway import STANDING, Sway

SCENE = textured(low=40, high=200, fine=3)
OTHER = textured(seed=9, low=0, high=255)
BOX = Box(120, 60, 180, 120)


class Following:
    """A `Steady` before one reference, and its clock."""

    def __init__(self, reference=SCENE, looked_at=None, spread=4.0):
        self.steady = Steady(flat(255) if looked_at is None else looked_at)
        self.reference = reference[None].astype(np.float32)
        self.spread = np.full(reference.shape, spread, np.float32)
        self.at = 0.0

    def see(self, picture):
        self.at += 0.04
        return self.steady.find(picture, self.reference, self.spread, self.at)


def assert_found(sway, x, y, degrees, within=0.15):
    assert (sway.x, sway.y) == pytest.approx((x, y), abs=within)
    assert math.degrees(sway.angle) == pytest.approx(degrees, abs=0.1)


@pytest.mark.parametrize("noise", [0, 5])
def test_every_push_of_a_shaking_camera_is_found(noise):
    following = Following()
    for n, push in enumerate(shaken(40)):
        assert_found(following.see(with_noise(pushed(SCENE, *push), noise, n)), *push)
        assert following.steady.share > 0.8


@pytest.mark.parametrize("push", [(12, -9, 0.5), (-15, 3, 0.0)])
def test_a_push_of_a_twentieth_of_the_picture_is_found(push):
    assert_found(Following().see(pushed(SCENE, *push)), *push)


def test_slow_drift_is_followed():
    following = Following()
    for n in range(200):
        x = 0.02 * n
        sway = following.see(with_noise(pushed(SCENE, x, -x / 2), 3, n))
    assert_found(sway, 3.98, -1.99, 0, within=0.25)


def test_a_standing_camera_stands_whatever_the_noise():
    following = Following()
    assert {following.see(with_noise(SCENE, 4, n)) for n in range(50)} == {STANDING}


@pytest.mark.parametrize(("gain", "offset"), [(0.6, 10), (1.4, -20)])
def test_light_is_no_push(gain, offset):
    following = Following()
    for n in range(20):
        assert following.see(with_noise(in_light(SCENE, gain, offset), 3, n)) == STANDING
    assert_found(following.see(in_light(pushed(SCENE, 2, -2), gain, offset)), 2, -2, 0)


@pytest.mark.parametrize("width", [100, 160, 220])
def test_a_thing_that_moves_over_the_picture_does_not_move_the_camera(width):
    following = Following()
    for n in range(40):
        thing = Box(max(0, 8 * n - width), 0, min(320, max(1, 8 * n)), 180)
        seen = painted(SCENE, thing, np.roll(OTHER, 8 * n, axis=1))
        assert following.see(with_noise(seen, 3, n)) == STANDING


def test_a_tree_that_sways_does_not_move_the_camera():
    following = Following()
    for n in range(60):
        swaying = pushed(SCENE, 3 * math.sin(n / 3), 1.5 * math.sin(n / 2))
        seen = painted(SCENE, Box(0, 0, 220, 180), swaying)
        assert following.see(with_noise(seen, 3, n)) == STANDING


def test_a_shaking_camera_is_followed_behind_what_moves():
    following = Following()
    for n, push in enumerate(shaken(30)):
        thing = Box(min(6 * n, 200), 20, min(6 * n, 200) + 110, 180)
        assert_found(following.see(painted(pushed(SCENE, *push), thing, OTHER)), *push, within=0.3)


def test_burnt_in_text_has_no_say_where_it_is_not_looked_at():
    text = painted(flat(0), Box(0, 150, 320, 180), np.where(textured(seed=4) > 120, 255, 0).astype(np.uint8))
    looked_at = painted(flat(255), Box(0, 145, 320, 180), 0)
    following = Following(painted(SCENE, Box(0, 150, 320, 180), text), looked_at)
    for push in shaken(20):
        assert_found(following.see(painted(pushed(SCENE, *push), Box(0, 150, 320, 180), text)), *push)


def test_a_flat_scene_tells_nothing():
    following = Following(flat(100))
    assert following.see(with_noise(flat(100), 3, 1)) == STANDING
    assert following.steady.share is None


def test_something_else_is_lost_for_a_camera_that_shakes_and_stays_for_one_that_stands():
    following = Following()
    assert following.see(OTHER) == STANDING
    assert not following.steady.lost
    assert following.steady.share < 0.35
    following.see(pushed(SCENE, 2, 2))
    following.see(OTHER)
    assert following.steady.lost


def test_a_time_that_runs_backwards_does_no_harm():
    following = Following()
    following.see(pushed(SCENE, 2, 2))
    following.at = -1e6
    assert_found(following.see(pushed(SCENE, -2, 1)), -2, 1, 0)


# -- in the detector ----------------------------------------------------------------------------------------


def shaking(watching, pictures, seed=0):
    """What comes of pictures of a shaking camera."""
    pictures = list(pictures)
    return [
        watching.see(pushed(one, *push)) for one, push in zip(pictures, shaken(len(pictures), seed), strict=True)
    ]


def noisy(count, picture=SCENE, noise=3):
    return [with_noise(picture, noise, n) for n in range(count)]


def test_a_shaking_camera_before_nothing_is_clear_from_the_first_frame_on():
    seen = shaking(Watching(), noisy(120))
    outcomes = [one.outcome for one in seen]
    learnt = outcomes.index("clear")
    assert set(outcomes[:learnt]) == {"learning"}
    assert set(outcomes[learnt:]) == {"clear"}
    assert any(one.shift != (0.0, 0.0) for one in seen)


def test_without_it_the_same_camera_sees_change():
    outcomes = [one.outcome for one in shaking(Watching(DetectorOptions(steady=False, shadows=False)), noisy(60))]
    assert "changed" in outcomes


def test_boxes_are_where_the_picture_shows_the_thing_and_know_their_place_in_the_reference():
    watching = Watching()
    watching.learn_scene(SCENE)
    seen = watching.see(pushed(painted(SCENE, BOX, OTHER), 9, -6))
    (region,) = seen.regions
    assert region.reference_box.iou(BOX) > 0.8
    assert region.box.iou(Box(129, 54, 189, 114)) > 0.8
    assert seen.shift == pytest.approx((9, -6), abs=0.3)
    assert watching.detector.changed[110:114].max() == 255
    assert not watching.detector.changed[116:122].any()


def test_zones_move_with_the_reference():
    zone = ZoneOptions(points=polygon(0.40, 0.36, 0.56, 0.64))
    watching = Watching(watched=WatchedOptions(zones={"door": zone}))
    watching.learn_scene(SCENE)
    beside = Box(190, 60, 240, 120)
    pushed_onto_it = watching.see(pushed(painted(SCENE, beside, OTHER), -14, 0))
    assert pushed_onto_it.outcome == "clear"
    inside = watching.see(pushed(painted(SCENE, BOX, OTHER), -14, 0))
    assert inside.zone_fractions["door"] > 0.5


def test_a_clock_in_an_ignored_corner_does_not_hold_the_picture():
    corner = AreaOptions(points=polygon(0, 0, 0.5, 0.2))
    watching = Watching(watched=WatchedOptions(ignore={"clock": corner}))
    text = np.where(textured(seed=4) > 120, 255, 0).astype(np.uint8)
    clock = Box(0, 0, 150, 28)
    for n, push in enumerate(shaken(60)):
        seen = watching.see(painted(pushed(with_noise(SCENE, 2, n), *push), clock, text))
    assert seen.outcome == "clear"


def test_a_taken_reference_stands():
    watching = Watching().learn_scene(SCENE)
    watching.see(pushed(SCENE, 5, 5))
    watching.detector.take_reference()
    assert watching.see(pushed(SCENE, 5, 5)).shift == (0.0, 0.0)
    assert watching.see(SCENE).shift == pytest.approx((-5, -5), abs=0.3)


def test_a_given_picture_may_lie_a_little_askew_from_its_first_frame_on():
    watching = Watching()
    watching.detector.use_reference(SCENE)
    assert watching.see(pushed(SCENE, 6, -4, 0.4)).outcome == "clear"


def test_a_frame_that_is_nowhere_near_says_nothing_and_teaches_nothing():
    watching = Watching()
    shaking(watching, noisy(40))
    before = watching.detector.expected()
    seen = watching.see(OTHER)
    assert (seen.outcome, seen.reason) == ("blind", OUT_OF_REACH)
    np.testing.assert_array_equal(watching.detector.expected(), before)


def test_far_pushes_are_left_alone():
    following = Following()
    following.see(pushed(SCENE, 3 * REACH, 0))
    assert following.steady.sway == Sway()


def test_what_stood_there_in_the_first_frames_leaves_no_ghost_however_it_shakes():
    def passing(n):
        scene = with_noise(SCENE, 3, n)
        return painted(scene, Box(100 + 12 * n, 30, 200 + 12 * n, 150), OTHER) if n < 10 else scene

    watching = Watching()
    shaking(watching, [passing(n) for n in range(40)])
    seen = watching.see(SCENE)
    assert seen.outcome == "clear"
    expected = watching.detector.expected().astype(int)
    apart = pushed(SCENE, *shaken(40)[0]).astype(int) - expected
    assert np.abs(apart[10:-10, 10:-10]).mean() < 6
