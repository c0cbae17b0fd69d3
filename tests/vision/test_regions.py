"""Components, specks, joining, and boxes in full pixels: tables drawn as dots."""

import numpy as np
import pytest

from watcher.vision.geometry import Box
from watcher.vision.regions import MOST, joined, mask_of, patches, region


def drawn(text):
    """Rows of dots: ``#`` changed, ``@`` changed strongly. (weak, strong) as masks."""
    rows = [list(row) for row in text.split()]
    cells = np.array(rows)
    return ((cells != ".") * 255).astype(np.uint8), ((cells == "@") * 255).astype(np.uint8)


def whole(mask):
    return slice(0, mask.shape[0]), slice(0, mask.shape[1])


def components(weak, strong, smallest=1):
    return patches(weak, strong, smallest, whole(weak))


def boxes(found):
    return [patch.box for patch in found]


TABLE = {
    "nothing": ("....", 1, []),
    "only weak": ("##..", 1, []),
    "weak around strong": ("#@#.", 1, [(Box(0, 0, 3, 1), 3)]),
    "weak apart from strong": ("#..@", 1, [(Box(3, 0, 4, 1), 1)]),
    "too small": ("@@..", 3, []),
    "just large enough": ("@@@.", 3, [(Box(0, 0, 3, 1), 3)]),
    "strong on a corner joins": ("#..  .@.  ..#", 1, [(Box(0, 0, 3, 3), 3)]),
    "largest first": ("@..@@  ...@@", 1, [(Box(3, 0, 5, 2), 4), (Box(0, 0, 1, 1), 1)]),
    "of equal size the first first": ("@.@", 1, [(Box(0, 0, 1, 1), 1), (Box(2, 0, 3, 1), 1)]),
    "one within another": ("@@@@@  @...@  @.@.@  @...@  @@@@@", 1, [(Box(0, 0, 5, 5), 16), (Box(2, 2, 3, 3), 1)]),
    "everything": ("@@  @@", 1, [(Box(0, 0, 2, 2), 4)]),
}


@pytest.mark.parametrize("name", TABLE)
def test_patches(name):
    text, smallest, expected = TABLE[name]
    found = components(*drawn(text), smallest)
    assert [(patch.box, patch.area) for patch in found] == expected
    weak, strong = drawn(text)
    mask = mask_of(found, weak.shape)
    assert (mask[strong > 0] == 255).all() or smallest > 1
    assert not mask[weak == 0].any()
    assert np.count_nonzero(mask) == sum(patch.area for patch in found)


def test_strong_beside_the_weak_is_nobodys():
    assert components(np.zeros((4, 4), np.uint8), np.full((4, 4), 255, np.uint8)) == []


def test_of_a_storm_of_specks_the_largest_are_kept():
    weak = np.zeros((200, 200), np.uint8)
    weak[::4, ::4] = 255
    weak[101:103, 101:104] = 255
    found = components(weak, weak)
    assert len(found) == MOST
    assert found[0].area >= 6


@pytest.mark.parametrize(
    "window", [(slice(1, 9), slice(2, 12)), (slice(3, 6), slice(5, 10)), (slice(3, 5), slice(6, 9))]
)
def test_a_part_of_the_picture_gives_patches_of_the_whole(window):
    changed = np.zeros((10, 14), np.uint8)
    changed[3:5, 6:9] = 255
    assert boxes(patches(changed[window], changed[window], 1, window)) == [Box(6, 3, 9, 5)]
    np.testing.assert_array_equal(mask_of(patches(changed[window], changed[window], 1, window), (10, 14)), changed)


JOINED = {
    "near": ("@..@", 2, [Box(0, 0, 4, 1)]),
    "one too far": ("@...@", 2, [Box(0, 0, 1, 1), Box(4, 0, 5, 1)]),
    "a chain": ("@.@.@.@", 1, [Box(0, 0, 7, 1)]),
    "a chain from its middle": ("@.@@@.@", 1, [Box(0, 0, 7, 1)]),
    "across a corner": ("@..  ...  ..@", 1, [Box(0, 0, 3, 3)]),
    "no distance, one within another": ("@@@@@  @...@  @.@.@  @...@  @@@@@", 0, [Box(0, 0, 5, 5)]),
    "no distance, apart": ("@.@", 0, [Box(0, 0, 1, 1), Box(2, 0, 3, 1)]),
    "joined to the joined": ("@.......  ...@....  @.......  .......@", 4, [Box(0, 0, 8, 4)]),
    "everything": ("@.........@", 9, [Box(0, 0, 11, 1)]),
}


@pytest.mark.parametrize("name", JOINED)
def test_neighbours_join(name):
    text, distance, expected = JOINED[name]
    found = components(*drawn(text))
    near = joined(found, distance)
    assert sorted(boxes(near)) == sorted(expected)
    assert sum(patch.area for patch in near) == sum(patch.area for patch in found)
    assert [patch.area for patch in near] == sorted((patch.area for patch in near), reverse=True)
    np.testing.assert_array_equal(mask_of(near, (9, 12)), mask_of(found, (9, 12)))


def moving(_patch):
    return 0.0, None


def test_a_region_is_in_full_pixels():
    weak, strong = drawn("......  ..@@..  ..##..  ......")
    (patch,) = components(weak, strong)
    change = np.zeros((4, 6), np.float32)
    change[1, 2:4], change[2, 2:4], change[0, 0] = 0.9, 0.5, 1.0
    zones = {
        "left": np.zeros((4, 6), np.uint8),
        "right": np.zeros((4, 6), np.uint8),
        "far": np.zeros((4, 6), np.uint8),
    }
    zones["left"][:, :3] = 255
    zones["right"][2, 3] = 255
    zones["far"][:, 5] = 255
    found = region(patch, change, zones, (2.5, 4.0), (15, 16), lambda _patch: (1.5, "removed"))
    assert found.box == Box(5, 4, 10, 12)
    assert found.area == 40
    assert found.peak == pytest.approx(0.9, abs=1e-4)
    assert found.mean == pytest.approx(0.7, abs=1e-4)
    assert found.zones == ("left", "right")
    assert (found.still_for, found.stayed) == (1.5, "removed")


def test_a_zone_inside_the_box_but_not_under_the_pixels_is_not_touched():
    (patch,) = components(*drawn("@@@@  @..@  @..@  @@@@"))
    zone = np.zeros((4, 4), np.uint8)
    zone[1:3, 1:3] = 255
    assert region(patch, np.ones((4, 4), np.float32), {"hole": zone}, (1, 1), (4, 4), moving).zones == ()


def test_a_joined_region_speaks_for_all_its_parts():
    near = joined(components(*drawn("@...@")), 5)
    change = np.array([[0.6, 1.0, 1.0, 1.0, 0.8]], np.float32)
    found = region(near[0], change, {}, (1, 1), (5, 1), moving)
    assert (found.area, found.peak) == (2, 0.8)
    assert found.mean == pytest.approx(0.7, abs=1e-4)
