"""Pictures for people: copies, at any size, that show what they are given and nothing else."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.support.scenes import background
from watcher.vision import draw
from watcher.vision.detection import Region
from watcher.vision.geometry import Box

SIZES = [(1, 1), (8, 8), (64, 48), (320, 180), (200, 600), (1920, 1080), (3840, 2160)]
MARK = np.array((0, 94, 213))


def region(box, peak=0.93, zones=()):
    return Region(box, box.area, peak, peak / 2, zones)


def grey(size, level=90):
    return np.full((size[1], size[0], 3), level, np.uint8)


def touched(before, after):
    """The box of what differs between two pictures."""
    y, x = np.nonzero((before != after).any(axis=2))
    return Box(int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shape", ["colour", "grey"])
def test_every_drawing_works_at_every_size_and_leaves_its_picture_alone(size, shape):
    picture = grey(size) if shape == "colour" else grey(size)[..., 0].copy()
    kept = picture.copy()
    width, height = size
    regions = [
        region(Box(0, 0, width, height)),
        region(Box(width // 2, height // 2, width // 2 + 1, height // 2 + 1)),
    ]
    small = np.zeros((9, 16), np.uint8)
    small[2:5, 3:7] = 255
    drawn = (
        draw.annotated(picture, regions, {"door": ((0.1, 0.1), (0.9, 0.2), (0.5, 0.9))}, "porch  10:18:03"),
        draw.filled(picture, small),
        draw.heatmap(picture, small.astype(np.float32) / 255),
        draw.difference(grey((3, 3)), picture),
    )
    for one in drawn:
        assert one.shape == (height, width, 3)
        assert one.dtype == np.uint8
    assert np.array_equal(picture, kept)


@pytest.mark.parametrize(("size", "line"), [((320, 180), 1), ((1280, 720), 2), ((3840, 2160), 6)])
def test_lines_and_letters_grow_with_the_picture(size, line):
    pen = draw.Pen.of(size)
    assert pen.line == line
    assert pen.text >= max(9, size[1] / 60)


def test_a_box_goes_around_what_changed_and_not_over_it():
    picture = grey((320, 180))
    box = Box(100, 60, 160, 120)
    drawn = draw.annotated(picture, [region(box)])
    assert np.array_equal(drawn[62:118, 102:158], picture[62:118, 102:158])
    around = touched(picture, drawn)
    assert around.x0 in range(95, 100)
    assert around.y1 in range(121, 126)
    assert (drawn == MARK).all(axis=2).sum() > 2 * (box.width + box.height)


def test_a_box_at_the_edge_of_the_picture_is_seen_on_all_four_sides():
    drawn = draw.annotated(grey((320, 180)), [region(Box(0, 0, 320, 180))])
    marked = (drawn == MARK).all(axis=2)
    assert marked[:4].any(axis=0).sum() > 300
    assert marked[-4:].any(axis=0).sum() > 300
    assert marked[:, :4].any(axis=1).sum() > 160
    assert marked[:, -4:].any(axis=1).sum() > 160


def test_strips_do_not_cover_one_another():
    size = (320, 180)
    crowd = [region(Box(x, y, x + 12, y + 8)) for x in range(0, 300, 14) for y in range(0, 170, 10)]
    few = [region(Box(100, 50, 160, 100)), region(Box(105, 52, 158, 98))]
    assert (draw.annotated(grey(size), crowd) > 200).all(axis=2).any(), "some are labelled"
    alone = draw.annotated(grey(size), few[:1])
    both = draw.annotated(grey(size), few)
    assert np.array_equal(alone[30:48, 98:140], both[30:48, 98:140]), "the larger keeps its strip"


def test_a_strip_does_not_cover_the_box_of_another_region():
    picture = grey((640, 360))
    above, below = region(Box(200, 100, 240, 140)), region(Box(205, 142, 250, 190))
    alone = draw.annotated(picture, [above])
    both = draw.annotated(picture, [above, below], label=lambda one: "much to be said of this place")
    inside = slice(102, 138), slice(202, 238)
    assert np.array_equal(both[inside], alone[inside])


@pytest.mark.parametrize(("zones", "words"), [((), "1.3 %"), (("door", "step"), "door 1.3 %")])
def test_a_strip_says_the_zone_and_how_much_of_the_picture_has_changed(zones, words):
    size, box = (320, 180), Box(100, 60, 160, 120)
    one = Region(box, round(0.013 * 320 * 180), 1.0, 0.9, zones)
    drawn, boxed = (draw.annotated(grey(size), [each]) for each in (one, replace(one, area=0, zones=())))
    pen = draw.Pen.of(size)
    width, height = draw._strip_size(words, pen)
    expected = grey(size)
    strip = draw._draw_strip(expected, words, (box.x0 - pen.line, box.y0 - pen.line - height), draw._MARK, pen)
    place = np.s_[strip.y0 : strip.y0 + height - 2, strip.x0 : strip.x0 + width]
    assert np.array_equal(drawn[place], expected[place])
    assert not np.array_equal(boxed[place], expected[place])


def test_a_long_caption_is_made_to_fit():
    size = (160, 120)
    drawn = draw.annotated(grey(size), caption="a camera with a very long name  2026-11-22 10:18:03  changed 3.4 %")
    letters = (drawn > 200).all(axis=2)
    assert letters.any()
    assert not letters[:, -1].any(), "the text does not run out of the picture"


def test_zones_are_faint():
    picture = grey((320, 180), 0)
    drawn = draw.annotated(picture, zones={"door": ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8))})
    assert 60 < drawn.max() < 140


def test_filling_covers_what_changed_with_smooth_edges():
    picture = background((320, 180)).copy()
    changed = np.zeros((45, 80), np.uint8)
    changed[10:20, 30:50] = 255
    drawn = draw.filled(picture, changed)
    inside, outside = drawn[50:70, 130:190], drawn[:, :100]
    assert np.abs(inside.mean(axis=(0, 1)) - MARK).max() < 60
    assert np.array_equal(outside, picture[:, :100])


def test_the_heat_map_stays_grey_where_nothing_changed_and_glows_where_it_did():
    picture = grey((320, 180))
    change = np.zeros((45, 80), np.float32)
    change[10:20, 30:50] = 1.0
    change[30:40, 30:50] = 0.3
    drawn = draw.heatmap(picture, change).astype(int)
    same, most, some = drawn[:30, :100], drawn[50:70, 140:180], drawn[130:150, 140:180]
    assert (same == 90).all()
    assert most[..., 2].min() > most[..., 0].max() + 60, "hot is yellow: more red than blue"
    assert most.sum(axis=2).min() > some.sum(axis=2).max() > 0


def test_a_change_map_may_be_a_little_out_of_range():
    change = np.array([[-0.5, 1.5], [np.float32(0.2), 0.9]], np.float32)
    assert draw.heatmap(grey((4, 4)), change).shape == (4, 4, 3)


@pytest.mark.parametrize(("step", "shown"), [(0, 255), (8, 255), (20, 181), (64, 0), (255, 0)])
def test_small_differences_are_made_dark_by_a_fixed_curve(step, shown):
    drawn = draw.difference(grey((8, 8), 0), grey((8, 8), step))
    assert (drawn == shown).all()


def test_a_scratch_is_seen_and_what_compression_does_is_not():
    clean = background((320, 180))
    scratched = clean.copy()
    scratched[60:120, 100] = 250
    _, data = cv2.imencode(".jpg", clean, [cv2.IMWRITE_JPEG_QUALITY, 75])
    assert draw.difference(clean, scratched)[60:120, 100].max() < 60
    assert draw.difference(clean, cv2.imdecode(data, cv2.IMREAD_COLOR)).mean() > 250


def test_another_colour_of_the_same_brightness_is_dark():
    red, green = np.full((8, 8, 3), (0, 0, 255), np.uint8), np.full((8, 8, 3), (0, 130, 0), np.uint8)
    assert draw.difference(red, green).max() == 0


def test_a_mask_keeps_its_area_when_it_is_enlarged():
    mask = np.zeros((90, 160), np.uint8)
    cv2.circle(mask, (80, 45), 20, 255, -1)
    large = draw.scaled_mask(mask, (1600, 900))
    assert set(np.unique(large)) == {0, 255}
    assert (large > 0).mean() == pytest.approx((mask > 0).mean(), rel=0.01)


def test_what_is_no_picture_is_refused():
    with pytest.raises(ValueError, match="expected uint8"):
        draw.annotated(np.zeros((4, 4, 4), np.uint8))
