"""Structure and tone: what counts as change, what noise may do, and the halo taken off again."""

import cv2
import numpy as np
import pytest

from tests.vision.pictures import flat, in_light, painted, textured, with_noise
from watcher.vision.change import COLOR, STRUCTURE, TONE, Limits, change_map, changed_pixels, levels, without_halo
from watcher.vision.geometry import Box
from watcher.vision.ssim import Comparison

SCENE = textured()
ALL = flat(255)
BOX = Box(100, 60, 180, 120)
WHOLE = (slice(0, 180), slice(0, 320))


def compared(frame, reference, sigma=1.0, sensitivity=0.5):
    comparison = Comparison(reference.shape)
    comparison.set_reference(reference)
    limits = Limits(np.full(reference.shape, sigma**2, np.float32), comparison, levels(sensitivity))
    comparison.load(frame)
    return comparison, limits


def mapped(frame, reference, window=WHOLE, **settings):
    return change_map(*compared(frame, reference, **settings), window)


def joined(frame, reference, **settings):
    return mapped(frame, reference, **settings).joined()


def quiet(frame, reference, watched=ALL, **settings):
    comparison, limits = compared(frame, reference, **settings)
    return limits.suspects(comparison, watched) is None


def test_the_levels_of_a_sensitivity():
    middle, blatant, faint = levels(0.5), levels(0.0), levels(1.0)
    assert (middle.structure, middle.tone, middle.color) == (STRUCTURE, TONE, COLOR)
    assert blatant.tone / faint.tone == pytest.approx(8)
    assert blatant.color / faint.color == pytest.approx(8)
    assert faint.structure < middle.structure < blatant.structure <= 0.95


@pytest.mark.parametrize(
    "reference", [SCENE, flat(0), flat(128), flat(255)], ids=["scene", "black", "grey", "white"]
)
def test_the_same_picture_is_no_change(reference):
    assert joined(reference, reference).max() == 0
    assert quiet(reference, reference)


@pytest.mark.parametrize(
    "reference", [SCENE, flat(90), textured(low=5, high=30, fine=1)], ids=["scene", "flat", "dark"]
)
@pytest.mark.parametrize("sigma", [1, 3, 6, 12])
def test_noise_that_is_known_is_no_change(reference, sigma):
    for seed in range(10):
        frame = with_noise(reference, sigma, seed)
        assert joined(frame, reference, sigma=sigma).max() < 0.5
        assert quiet(frame, reference, sigma=sigma)


def test_noise_that_is_not_known_is_change():
    """The test of noise can fail."""
    assert not quiet(with_noise(flat(90), 12, 1), flat(90), sigma=1)


@pytest.mark.parametrize("shift", [25, 40, 80, -25, -40, -80])
@pytest.mark.parametrize("level", [20, 100, 128, 200])
def test_a_flat_patch_is_filled(level, shift):
    if not 0 <= level + shift <= 255:
        return
    change = joined(painted(flat(level), BOX, level + shift), flat(level))
    inside = change[BOX.y0 : BOX.y1, BOX.x0 : BOX.x1]
    assert (inside > 0.5).mean() > 0.9
    assert change[20, 20] == 0
    assert change.max() <= 1


@pytest.mark.parametrize("sensitivity", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_a_half_is_where_tone_counts(sensitivity):
    tone = levels(sensitivity).tone
    frame = painted(flat(60), BOX, round(60 + tone + 2))
    change = mapped(frame, flat(60), sigma=0.0, sensitivity=sensitivity)
    assert 0.5 < change.tone[90, 140] < 0.5 * (tone + 3) / tone
    frame = painted(flat(60), BOX, int(60 + tone - 1))
    assert mapped(frame, flat(60), sigma=0.0, sensitivity=sensitivity).tone[90, 140] < 0.5


def test_texture_in_another_light_has_the_same_structure_where_light_is_matched():
    comparison, limits = compared(in_light(SCENE, 0.8, 20), SCENE.astype(np.float32) * np.float32(0.8) + 20)
    assert change_map(comparison, limits, WHOLE).joined().max() < 0.2


def test_texture_that_came_at_the_same_tone_is_seen():
    thing = textured(seed=5, low=128, high=129)
    change = mapped(painted(flat(128), BOX, thing), flat(128))
    assert (change.structure[70:110, 110:170] > 0.5).mean() > 0.9
    assert (change.tone[70:110, 110:170] > 0.5).mean() < 0.3


@pytest.mark.parametrize("value", [0, 60, 128, 200, 255, "texture"])
@pytest.mark.parametrize("reference", [SCENE, flat(60), flat(200)], ids=["scene", "dark", "bright"])
def test_what_is_suspected_holds_all_that_changed(value, reference):
    """The short cut and the whole way agree: what is not suspected has no changed pixel."""
    thing = textured(seed=5) if value == "texture" else value
    for size in (2, 4, 8, 16, 40):
        for mix in (0.1, 0.2, 0.4, 1.0):
            box = Box(100, 60, 100 + size, 60 + size)
            frame = cv2.addWeighted(painted(reference, box, thing), mix, reference, 1 - mix, 0)
            comparison, limits = compared(frame, reference)
            suspects = limits.suspects(comparison, ALL)
            change = change_map(comparison, limits, WHOLE).joined()
            assert change[ALL > 0 if suspects is None else suspects == 0].max() <= 0.5


@pytest.mark.parametrize("value", [250, "texture"])
def test_a_part_of_the_picture_gives_that_part_of_the_map(value):
    thing = textured(seed=5, low=0, high=255) if value == "texture" else value
    frame, window = painted(SCENE, BOX, thing), (slice(50, 130), slice(90, 190))
    part, whole = mapped(frame, SCENE, window), mapped(frame, SCENE)
    np.testing.assert_array_equal(part.joined(), whole.joined()[window])
    pixels = changed_pixels(whole, ALL, 2)
    np.testing.assert_array_equal(changed_pixels(part, ALL[window], 2), pixels[window])


def test_change_where_nobody_looks_is_quiet():
    watched = painted(ALL, Box(80, 40, 200, 140), 0)
    frame = painted(SCENE, BOX, 255)
    assert not quiet(frame, SCENE)
    assert quiet(frame, SCENE, watched)
    comparison, limits = compared(frame, SCENE)
    assert not changed_pixels(change_map(comparison, limits, WHOLE), watched, 2).any()


@pytest.mark.parametrize("reach", [0, 1, 2, 3])
def test_the_halo_taken_off_is_as_wide_as_said(reach):
    square = painted(flat(0), BOX, 255)
    left = np.argwhere(without_halo(square, reach))
    assert left.min(axis=0).tolist() == [BOX.y0 + reach, BOX.x0 + reach]
    assert left.max(axis=0).tolist() == [BOX.y1 - 1 - reach, BOX.x1 - 1 - reach]


@pytest.mark.parametrize("value", [250, "texture"])
def test_changed_pixels_cover_the_object_and_little_beside_it(value):
    thing = textured(seed=5, low=0, high=255) if value == "texture" else value
    comparison, limits = compared(painted(SCENE, BOX, thing), SCENE)
    changed = changed_pixels(change_map(comparison, limits, WHOLE), ALL, 2)
    assert set(np.unique(changed)) == {0, 255}
    rows, columns = np.nonzero(changed)
    found = Box(int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
    assert found.iou(BOX) > 0.85
    assert changed[64:116, 104:176].mean() > 0.9 * 255


def test_a_single_pixel_is_a_speck():
    frame = painted(SCENE, Box(100, 60, 101, 61), 255)
    comparison, limits = compared(frame, SCENE)
    assert np.count_nonzero(changed_pixels(change_map(comparison, limits, WHOLE), ALL, 2)) < 30
