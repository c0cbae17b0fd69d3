"""The SSIM map, held against scikit-image, and the promises about its buffers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import structural_similarity

from tests.vision.pictures import flat, in_light, textured, with_noise
from watcher.vision.ssim import C2, Comparison, ssim_map, window_mean

TOLERANCE = 2e-4


def reference_map(picture, reference, sigma=1.5):
    return structural_similarity(
        picture,
        reference,
        gaussian_weights=True,
        sigma=sigma,
        use_sample_covariance=False,
        data_range=255,
        full=True,
    )[1]


def held(picture, reference, sigma=1.5):
    ours = ssim_map(picture, reference, sigma)
    assert ours.dtype == np.float32
    assert ours.shape == reference.shape
    wide = (picture.astype(np.float64), reference.astype(np.float64))
    np.testing.assert_allclose(ours, reference_map(*wide, sigma), rtol=0, atol=TOLERANCE)


CHANCE = np.random.default_rng(3)
SCENE = textured()
PAIRS = {
    "identical": (SCENE, SCENE),
    "noisy": (with_noise(SCENE, 5, 1), SCENE),
    "another scene": (textured(seed=9), SCENE),
    "shifted": (np.roll(SCENE, 2, axis=1), SCENE),
    "inverted": (255 - SCENE, SCENE),
    "brighter": (in_light(SCENE, 1.2, 20), SCENE),
    "dark": (with_noise(SCENE // 20, 2, 1), SCENE // 20),
    "bright": (with_noise(235 + SCENE // 20, 2, 1), 235 + SCENE // 20),
    "flat against flat": (flat(60), flat(40)),
    "black against white": (flat(0), flat(255)),
    "black against black": (flat(0), flat(0)),
    "white against white": (flat(255), flat(255)),
    "flat against scene": (flat(128), SCENE),
    "scene against flat": (SCENE, flat(128)),
    "patch on flat": (np.where(np.indices((180, 320))[1] > 160, 200, 60).astype(np.uint8), flat(60)),
    "random": tuple(CHANCE.integers(0, 256, (2, 180, 320)).astype(np.uint8)),
    "two levels": tuple((CHANCE.integers(0, 2, (2, 180, 320)) * 255).astype(np.uint8)),
    "checkers": (np.indices((180, 320)).sum(0).astype(np.uint8) % 2 * 255, SCENE),
}


@pytest.mark.parametrize("name", PAIRS)
def test_the_map_equals_scikit_images_at_every_pixel(name):
    held(*PAIRS[name])


@pytest.mark.parametrize("sigma", [1.2, 2.0])
def test_it_equals_scikit_images_with_other_windows(sigma):
    held(with_noise(SCENE, 8, 2), SCENE, sigma)
    held(textured(seed=9), SCENE, sigma)


@settings(max_examples=40)
@given(
    width=st.integers(11, 75),
    height=st.integers(11, 75),
    seed=st.integers(0, 2**31),
    low=st.integers(0, 255),
    span=st.integers(1, 255),
)
def test_it_equals_scikit_images_at_odd_sizes(width, height, seed, low, span):
    chance = np.random.default_rng(seed)
    pair = np.clip(low + chance.integers(0, span, (2, height, width)), 0, 255).astype(np.uint8)
    held(*pair)


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_where_a_frame_is_said_to_be_the_same_it_does_not_differ(kind):
    scene = textured(low=80, high=150)
    frame = with_noise(scene, 3, 4).astype(kind)
    same = np.zeros(scene.shape, np.uint8)
    same[40:90, 100:200] = 255
    comparison = Comparison(scene.shape)
    comparison.set_reference(scene)
    comparison.load(frame, same)
    expected = np.where(same > 0, scene, frame).astype(np.float64)
    np.testing.assert_allclose(
        comparison.ssim(), reference_map(expected, scene.astype(np.float64)), rtol=0, atol=TOLERANCE
    )


def test_the_statistics_are_what_they_are_called():
    frame, scene = with_noise(textured(seed=5), 4, 1), SCENE
    comparison = Comparison(scene.shape)
    comparison.set_reference(scene)
    comparison.load(frame)

    def mean(x):
        return window_mean(np.float64(x), 1.5)

    def variance(x):
        return mean(np.float64(x) ** 2) - mean(x) ** 2

    difference = np.float64(frame) - scene
    np.testing.assert_allclose(comparison.difference, difference, atol=1e-4)
    np.testing.assert_allclose(comparison.mean, mean(difference), atol=1e-3)
    np.testing.assert_allclose(comparison.mean_square, mean(difference) ** 2, rtol=1e-3, atol=1e-2)
    np.testing.assert_allclose(comparison.variance, variance(difference), rtol=1e-3, atol=0.05)
    np.testing.assert_allclose(comparison.reference_variance, variance(scene), rtol=1e-3, atol=0.05)
    structure = comparison.structure_in(comparison.part((slice(0, scene.shape[0]), slice(0, scene.shape[1]))))
    np.testing.assert_allclose(structure, variance(frame) + variance(scene) + C2, rtol=2e-3, atol=0.1)


def test_the_reference_and_the_frame_are_not_held_on_to():
    scene, frame = SCENE.copy(), with_noise(SCENE, 4, 1)
    expected = ssim_map(frame, scene)
    comparison = Comparison(scene.shape)
    comparison.set_reference(scene)
    scene[:] = 0
    comparison.load(frame)
    frame[:] = 255
    np.testing.assert_array_equal(comparison.ssim(), expected)


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_a_reference_of_either_kind_is_copied(kind):
    scene = SCENE.astype(kind)
    comparison = Comparison(scene.shape)
    comparison.set_reference(scene)
    assert not np.shares_memory(comparison.reference, scene)


def test_structure_and_ssim_agree_in_either_order_and_when_asked_twice():
    window = (slice(20, 120), slice(30, 200))

    def loaded():
        comparison = Comparison(SCENE.shape)
        comparison.set_reference(SCENE)
        comparison.load(textured(seed=8))
        return comparison

    def structure_of(comparison):
        return comparison.structure_in(comparison.part(window)).copy()

    one, other = loaded(), loaded()
    structure, ssim = structure_of(one), one.ssim().copy()
    ssim_first, structure_after = other.ssim().copy(), structure_of(other)
    np.testing.assert_array_equal(ssim, ssim_first)
    np.testing.assert_allclose(structure, structure_after, rtol=1e-4)
    np.testing.assert_array_equal(one.ssim(), ssim)
    np.testing.assert_array_equal(structure_of(one), structure)


def test_asking_leaves_the_statistics_as_they_are():
    comparison = Comparison(SCENE.shape)
    comparison.set_reference(SCENE)
    comparison.load(textured(seed=8))
    names = ("difference", "mean", "variance", "mean_square", "reference_variance", "reference")
    before = {name: getattr(comparison, name).copy() for name in names}
    comparison.structure_in(comparison.part((slice(20, 120), slice(30, 200))))
    comparison.ssim()
    for name in names:
        np.testing.assert_array_equal(getattr(comparison, name), before[name])


def test_buffers_are_used_again_and_nothing_of_the_frame_before_remains():
    comparison = Comparison(SCENE.shape)
    comparison.set_reference(SCENE)
    comparison.load(textured(seed=8))
    first = comparison.ssim()
    comparison.load(SCENE)
    second = comparison.ssim()
    assert second is first
    np.testing.assert_allclose(second, 1, atol=1e-6)
    comparison.set_reference(textured(seed=8))
    comparison.load(SCENE)
    np.testing.assert_array_equal(comparison.ssim(), ssim_map(SCENE, textured(seed=8)))


def test_shapes_that_do_not_fit_are_refused_with_both_named():
    comparison = Comparison((180, 320))
    with pytest.raises(ValueError, match=r"\(180, 320\).*\(320, 180\)"):
        comparison.set_reference(SCENE.T)
    comparison.set_reference(SCENE)
    with pytest.raises(ValueError, match=r"\(180, 320\).*\(90, 160\)"):
        comparison.load(SCENE[::2, ::2])


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (2, 2), (5, 7)])
def test_pictures_smaller_than_the_window_compare_too(shape):
    same = np.full(shape, 90, np.uint8)
    np.testing.assert_allclose(ssim_map(same, same), 1, atol=1e-6)
    assert ssim_map(same, np.full(shape, 200, np.uint8)).max() < 0.8
