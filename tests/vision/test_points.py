"""Points that tell where a picture lies."""

import cv2
import numpy as np
import pytest

from tests.vision.pictures import flat, in_light, painted, textured, with_noise
from tests.vision.shaking import pushed
from watcher.vision.geometry import Box
from watcher.vision.points import CELL, Fit, Points, edge_places
from watcher.vision.sway import Sway

SCENE = textured(fine=3)
EVERYWHERE = flat(255)


def points_of(picture, noise=4.0, looked_at=EVERYWHERE, most=6):
    spread = np.full(picture.shape, noise, np.float32)
    places = edge_places(picture.astype(np.float32), spread, looked_at, most, 2.5)
    return None if places is None else Points(picture.astype(np.float32), places, spread.ravel()[places])


def refined(points, picture, start=Sway()):  # noqa: B008
    return points.refined(picture, Fit(start), (2.0, 1.5, 1.0, 1.0, 1.0))


def smooth(picture):
    return cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 2)


def test_every_part_has_a_few_points_and_none_on_the_border():
    points = points_of(SCENE)
    counts = np.bincount(points.cell)
    assert counts.max() == 6
    assert np.count_nonzero(counts) >= 0.9 * (320 // CELL) * (180 // CELL)
    rows, columns = np.divmod(points.places, 320)
    assert rows.min() >= 4
    assert columns.max() < 316


def test_what_is_not_looked_at_has_none():
    points = points_of(SCENE, looked_at=painted(EVERYWHERE, Box(0, 0, 160, 180), 0))
    assert (points.places % 320).min() >= 160


@pytest.mark.parametrize(
    "picture", [flat(128), with_noise(flat(128), 6, 1), painted(flat(90), Box(5, 5, 30, 30), 200)]
)
def test_a_picture_with_too_few_edges_has_none(picture):
    assert points_of(picture, noise=36.0) is None


@pytest.mark.parametrize("size", [(1, 1), (20, 20), (39, 60)])
def test_a_tiny_picture_has_none(size):
    picture = textured(size)
    assert points_of(picture, looked_at=flat(255, size)) is None


@pytest.mark.parametrize(("x", "y", "degrees"), [(0, 0, 0), (0.4, -0.7, 0.1), (-1, 0.5, -0.2), (1.2, 1.2, 0.0)])
@pytest.mark.parametrize("noise", [0, 4])
def test_a_small_push_is_found_to_a_tenth_of_a_pixel(x, y, degrees, noise):
    sway = refined(points_of(SCENE), with_noise(pushed(SCENE, x, y, degrees), noise, 3)).sway
    assert (sway.x, sway.y) == pytest.approx((x, y), abs=0.1)
    assert np.degrees(sway.angle) == pytest.approx(degrees, abs=0.03)


@pytest.mark.parametrize(("gain", "offset"), [(0.7, 10), (1.3, -20), (1.0, 25)])
def test_light_is_told_from_a_push(gain, offset):
    points = points_of(SCENE)
    fit = refined(points, in_light(pushed(SCENE, 0.8, -0.5), gain, offset))
    assert (fit.sway.x, fit.sway.y) == pytest.approx((0.8, -0.5), abs=0.1)
    assert fit.gain == pytest.approx(gain, abs=0.06)


def test_a_thing_over_half_of_the_picture_does_not_drag_it_along():
    points = points_of(SCENE)
    other = textured(seed=9, low=0, high=255)
    sway = refined(points, painted(pushed(SCENE, 0.6, 0.4), Box(0, 0, 170, 180), other)).sway
    assert (sway.x, sway.y) == pytest.approx((0.6, 0.4), abs=0.12)


def test_where_edges_have_one_direction_the_other_stays():
    stripes = np.tile(textured((320, 1), seed=3, low=0, high=255), (180, 1))
    sway = refined(points_of(stripes), pushed(stripes, 0.7, 3.0)).sway
    assert sway.x == pytest.approx(0.7, abs=0.1)
    assert sway.y == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize(("x", "y"), [(0, 0), (5, -7), (-8, 8), (2.5, 1.5)])
def test_a_large_push_is_found_by_trying_all(x, y):
    points = points_of(smooth(SCENE))
    found = points.searched(smooth(pushed(SCENE, x, y, 0.3)), 1.0, 8)
    assert abs(found.x - x) <= 1
    assert abs(found.y - y) <= 1


def test_points_that_never_fit_lose_their_say():
    points = points_of(SCENE)
    covered = painted(SCENE, Box(0, 0, 120, 180), textured(seed=9, low=0, high=255))
    before = points.share(points.misfit(covered, Fit()))
    for _ in range(30):
        points.learn_trust(points.misfit(covered, Fit()))
    assert before < 0.75
    assert points.share(points.misfit(covered, Fit())) > 0.9


def test_points_outside_the_picture_neither_fit_nor_not():
    points = points_of(SCENE)
    misfit = points.misfit(pushed(SCENE, 40, 0), Fit(Sway(40, 0)))
    assert np.all(misfit[points.places % 320 > 281] == 1)


def test_standing_is_the_same_as_not_moved():
    points, fit = points_of(SCENE), Fit(gain=1.1, offset=4)
    noisy = with_noise(SCENE, 3, 5)
    np.testing.assert_allclose(points.misfit_standing(noisy, fit), points.misfit(noisy, fit), atol=0.02)
