"""Shrinking: nothing aliases, buffers live exactly as long as is said."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vision.pictures import textured
from watcher.vision.shrink import Shrinker, shrunk_part


@pytest.mark.parametrize("full", [(1920, 1080), (1280, 720), (640, 480), (1919, 1079), (2592, 1944), (333, 200)])
def test_stripes_finer_than_a_pixel_become_grey(full):
    """One-pixel stripes: half-way grey everywhere; sampling instead of averaging would give black and white."""
    for axis in (0, 1):
        stripes = (np.indices((full[1], full[0]))[axis] % 2 * 255).astype(np.uint8)
        small = Shrinker().shrink(stripes, (160, 90))
        inner = small[2:-2, 2:-2].astype(int)
        assert abs(inner.mean() - 127.5) < 2
        assert np.abs(inner - 127.5).max() < (6 if full[0] % 160 == 0 else 64)


@pytest.mark.parametrize(
    "full", [(1920, 1080), (1280, 720), (960, 540), (3840, 2160), (641, 359), (1300, 731), (2048, 1536)]
)
@pytest.mark.parametrize("color", [False, True])
def test_in_steps_is_nearly_as_in_one_step(full, color):
    picture = textured(full)
    if color:
        picture = cv2.merge([picture, 255 - picture, np.roll(picture, 5, 0)])
    size = (320, 180)
    at_once = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(int)
    small = Shrinker().shrink(picture, size)
    assert small.shape == (180, 320, *picture.shape[2:])
    assert np.abs(small - at_once).max() <= (1 if full[1] % 180 == 0 else 3)  # where pixels are cut, cut twice


def test_the_mean_stays():
    picture = textured((1280, 720))
    assert abs(Shrinker().shrink(picture, (320, 180)).mean() - picture.mean()) < 0.3


@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 90), st.integers(1, 90), st.sampled_from([(), (3,)]))
def test_any_size_becomes_any_other(width, height, to_width, to_height, deep):
    picture = np.random.default_rng(width * height).integers(0, 256, (height, width, *deep)).astype(np.uint8)
    small = Shrinker().shrink(picture, (to_width, to_height))
    assert small.shape == (to_height, to_width, *deep)
    assert small.min() >= picture.min()
    assert small.max() <= picture.max()


def test_enlarging_interpolates():
    ramp = np.array([[0, 100], [100, 200]], np.uint8)
    large = Shrinker().shrink(ramp, (20, 20))
    assert len(np.unique(large)) > 10
    assert (np.diff(large.astype(int), axis=1) >= 0).all()


@pytest.mark.parametrize("full", [(640, 360), (1280, 720), (320, 180), (100, 60), (641, 361)])
def test_the_last_result_still_holds_and_the_one_before_is_overwritten(full):
    shrinker = Shrinker()
    pictures = [np.full((full[1], full[0]), level, np.uint8) for level in (10, 20, 30, 40)]
    first = shrinker.shrink(pictures[0], (320, 180))
    second = shrinker.shrink(pictures[1], (320, 180))
    assert (first[0, 0], second[0, 0]) == (10, 20)
    third = shrinker.shrink(pictures[2], (320, 180))
    assert (second[0, 0], third[0, 0]) == (20, 30)
    assert np.shares_memory(first, third)
    fourth = shrinker.shrink(pictures[3], (320, 180))
    assert (third[0, 0], fourth[0, 0]) == (30, 40)


def test_colour_in_between_does_not_shorten_the_life_of_brightness():
    """A frame with colour is shrunk twice: its brightness must still be there when the next one's is."""
    shrinker = Shrinker()
    grey, color = np.full((360, 640), 10, np.uint8), np.full((360, 640, 3), 99, np.uint8)
    first = shrinker.shrink(grey, (320, 180))
    shrinker.shrink(color, (320, 180))
    second = shrinker.shrink(grey + 10, (320, 180))
    shrinker.shrink(color, (320, 180))
    assert (first[0, 0], second[0, 0]) == (10, 20)


@pytest.mark.parametrize("shape", [(180, 320), (180, 320, 3)])
def test_a_result_never_shares_memory_with_the_picture(shape):
    picture = np.full(shape, 50, np.uint8)
    small = Shrinker().shrink(picture, (320, 180))
    assert not np.shares_memory(small, picture)
    np.testing.assert_array_equal(small, picture)


def test_a_strided_view_is_shrunk_like_its_copy():
    whole = textured((700, 360))
    view = whole[:, :640]
    np.testing.assert_array_equal(Shrinker().shrink(view, (320, 180)), Shrinker().shrink(view.copy(), (320, 180)))


def test_two_shrinkers_share_nothing():
    picture = textured((640, 360))
    assert not np.shares_memory(Shrinker().shrink(picture, (320, 180)), Shrinker().shrink(picture, (320, 180)))


@pytest.mark.parametrize("factor", [1, 2, 3, 4, 6, 8, 12])
def test_a_part_is_what_the_whole_has_there(factor):
    picture = np.random.default_rng(3).integers(0, 256, (90 * factor, 160 * factor), np.uint8)
    whole = Shrinker().shrink(picture, (160, 90))
    for window in ((slice(0, 90), slice(0, 160)), (slice(13, 58), slice(31, 32)), (slice(89, 90), slice(97, 160))):
        part = shrunk_part(picture, (160, 90), window)
        assert part is not None
        np.testing.assert_array_equal(part, whole[window])


@pytest.mark.parametrize("shape", [(91, 160), (45, 80), (450, 800), (131, 176)])
def test_what_cannot_be_told_from_its_surroundings_is_not_shrunk_in_parts(shape):
    assert shrunk_part(np.zeros(shape, np.uint8), (160, 90), (slice(0, 9), slice(0, 9))) is None
