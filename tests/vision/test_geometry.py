"""Boxes and polygons."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.vision.pictures import polygon
from watcher.vision.geometry import Box, polygon_mask, watched_mask

A, B = Box(0, 0, 10, 10), Box(5, 5, 15, 20)


def test_a_box_is_half_open():
    assert (B.width, B.height, B.area) == (10, 15, 150)
    assert Box(5, 5, 5, 9).area == 0
    assert Box(9, 9, 5, 5).area == 0


@pytest.mark.parametrize(
    ("a", "b", "union", "shared", "iou"),
    [
        (A, B, Box(0, 0, 15, 20), 25, 25 / 225),
        (A, A, A, 100, 1.0),
        (A, Box(10, 0, 20, 10), Box(0, 0, 20, 10), 0, 0.0),
        (A, Box(50, 60, 70, 80), Box(0, 0, 70, 80), 0, 0.0),
        (A, Box(2, 2, 4, 4), A, 4, 0.04),
        (Box(3, 3, 3, 3), Box(3, 3, 3, 3), Box(3, 3, 3, 3), 0, 0.0),
    ],
)
def test_what_two_boxes_share(a, b, union, shared, iou):
    assert a.union(b) == b.union(a) == union
    assert a.intersection(b).area == b.intersection(a).area == shared
    assert a.iou(b) == b.iou(a) == pytest.approx(iou)


def test_grown():
    assert B.grown(3) == Box(2, 2, 18, 23)
    assert B.grown(0) == B


@given(st.integers(1, 400), st.integers(1, 400), st.integers(1, 5000), st.integers(1, 5000), st.data())
def test_a_scaled_box_covers_the_pixels_and_no_more_than_a_pixel_beside_them(width, height, full_w, full_h, data):
    x0, y0 = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    x1, y1 = data.draw(st.integers(x0 + 1, width)), data.draw(st.integers(y0 + 1, height))
    fx, fy = full_w / width, full_h / height
    box = Box(x0, y0, x1, y1).scaled(fx, fy, (full_w, full_h))
    assert 0 <= box.x0 < box.x1 <= full_w
    assert 0 <= box.y0 < box.y1 <= full_h
    for got, exact in ((box.x0, x0 * fx), (box.y0, y0 * fy)):
        assert exact - 1 <= got <= exact + 1e-6
    for got, exact in ((box.x1, x1 * fx), (box.y1, y1 * fy)):
        assert exact - 1e-6 <= got <= exact + 1 + 1e-6 or got in (full_w, full_h)


def test_the_whole_picture_scales_to_the_whole_picture():
    for full in ((1366, 768), (641, 359), (1920, 1080), (333, 77)):
        assert Box(0, 0, 320, 180).scaled(full[0] / 320, full[1] / 180, full) == Box(0, 0, *full)


@given(st.integers(1, 200), st.integers(1, 200))
def test_a_polygon_of_the_whole_picture_holds_every_pixel(width, height):
    assert polygon_mask(polygon(0, 0, 1, 1), (width, height)).all()


@given(st.integers(1, 200), st.integers(1, 60), st.floats(0, 1))
def test_neighbours_share_an_edge_without_overlap_or_gap(width, height, cut):
    left = polygon_mask(polygon(0, 0, cut, 1), (width, height))
    right = polygon_mask(polygon(cut, 0, 1, 1), (width, height))
    assert (left ^ right).all()


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=4, max_size=4, unique=True))
def test_triangles_about_a_point_tile_a_quarter_of_the_picture(points):
    middle, *_ = points
    corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
    parts = [
        polygon_mask((middle, a, b), (53, 31)) for a, b in zip(corners, corners[1:] + corners[:1], strict=True)
    ]
    assert (np.sum(parts, axis=0) == 1).all()


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=3, max_size=3),
    st.integers(1, 120),
    st.integers(1, 120),
)
def test_a_triangle_holds_the_pixels_whose_centre_is_inside(points, width, height):
    x, y = (np.arange(width) + 0.5) / width, ((np.arange(height) + 0.5) / height)[:, None]
    sides = []
    for (ax, ay), (bx, by) in zip(points, points[1:] + points[:1], strict=True):
        sides.append((bx - ax) * (y - ay) - (by - ay) * (x - ax))
    near = np.min(np.abs(sides), axis=0) < 1e-9  # on an edge it may be either
    inside = np.all([side > 0 for side in sides], axis=0) | np.all([side < 0 for side in sides], axis=0)
    assume(max(map(abs, (sides[0].max(), sides[0].min()))) > 0)
    mask = polygon_mask(points, (width, height))
    assert mask.dtype == np.bool_
    np.testing.assert_array_equal(mask[~near], inside[~near])


@pytest.mark.parametrize("size", [(320, 180), (1920, 1080), (64, 64)])
@pytest.mark.parametrize("part", [0.5, 0.25, 0.75])
def test_fractions_of_a_rectangle_are_exact(size, part):
    assert polygon_mask(polygon(0, 0, part, 1), size).mean() == part
    assert polygon_mask(polygon(0, 1 - part, 1, 1), size).mean() == part


def test_a_hole_by_crossing_lines_is_a_hole():
    inner_and_outer = [
        (0, 0),
        (1, 0),
        (1, 1),
        (0, 1),
        (0, 0),
        (0.25, 0.25),
        (0.25, 0.75),
        (0.75, 0.75),
        (0.75, 0.25),
        (0.25, 0.25),
    ]
    mask = polygon_mask(inner_and_outer, (40, 40))
    assert not mask[20, 20]
    assert mask[2, 20]
    assert mask.sum() == 40 * 40 - 20 * 20


def test_two_points_are_no_polygon():
    with pytest.raises(ValueError, match="at least 3 points, got 2"):
        polygon_mask([(0, 0), (1, 1)], (10, 10))


LEFT, RIGHT, TOP = polygon(0, 0, 0.5, 1), polygon(0.5, 0, 1, 1), polygon(0, 0, 1, 0.5)


@pytest.mark.parametrize(
    ("zones", "hidden", "part"),
    [
        ([], [], 1),
        ([LEFT], [], 1 / 2),
        ([LEFT, TOP], [], 3 / 4),
        ([LEFT, RIGHT], [], 1),
        ([], [TOP], 1 / 2),
        ([LEFT], [TOP], 1 / 4),
        ([LEFT], [RIGHT], 1 / 2),
        ([LEFT], [LEFT], 0),
        ([], [LEFT, RIGHT], 0),
    ],
)
def test_what_is_watched_is_the_zones_less_what_is_hidden(zones, hidden, part):
    assert watched_mask((80, 40), zones, hidden).mean() == part


def test_zones_may_come_from_an_iterator_that_runs_once():
    assert watched_mask((80, 40), iter([LEFT]), iter([TOP])).mean() == 1 / 4
