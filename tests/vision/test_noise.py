"""How well noise is told from change."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vision.pictures import flat, painted, textured, with_noise
from watcher.vision.geometry import Box
from watcher.vision.median import median
from watcher.vision.noise import LEAST_VARIANCE, difference_variance, sample_variance

SIGMAS = [0.5, 1, 2, 3, 5, 8, 12]
SCENE = textured(low=70, high=180, fine=4)
THIRD = Box(0, 0, 107, 180)


def difference(frame, reference):
    return frame.astype(np.float32) - reference.astype(np.float32)


def held(variance, sigma):
    """Within a quarter of the deviation; rounding to whole levels adds a variance of its own of 1/12."""
    true = np.sqrt(max(sigma**2 + 1 / 12, LEAST_VARIANCE))
    assert np.sqrt(variance) == pytest.approx(true, rel=0.25)


@pytest.mark.parametrize("sigma", SIGMAS)
@pytest.mark.parametrize("scene", [SCENE, flat(100)], ids=["textured", "flat"])
def test_noise_is_measured(sigma, scene):
    held(difference_variance(difference(with_noise(scene, sigma, 1), scene)), sigma)


@pytest.mark.parametrize("sigma", SIGMAS)
@pytest.mark.parametrize(
    "other", [flat(200), flat(20), textured(seed=6, fine=4)], ids=["bright", "dark", "textured"]
)
def test_noise_is_measured_with_a_third_of_the_picture_changed(sigma, other):
    frame = with_noise(painted(SCENE, THIRD, other), sigma, 1)
    scene = (
        SCENE if other.std() else flat(100)
    )  # a flat thing before texture differs by texture, which is not noise
    frame = frame if other.std() else with_noise(painted(scene, THIRD, other), sigma, 1)
    variance = difference_variance(difference(frame, scene))
    if other.std():
        assert sigma * 0.75 <= np.sqrt(variance) <= sigma * 1.25 + 2
    else:
        held(variance, sigma)


def test_a_shift_of_brightness_is_no_noise():
    held(difference_variance(difference(with_noise(SCENE + 40, 3, 1), SCENE)), 3)


@pytest.mark.parametrize("shape", [(180, 320), (1, 1), (1, 2), (2, 1), (300, 1), (1, 300)])
def test_without_noise_there_is_the_least(shape):
    assert difference_variance(np.zeros(shape, np.float32)) == LEAST_VARIANCE


def test_columns_are_measured_like_rows():
    noise = np.random.default_rng(1).normal(0, 5, (1, 4000)).astype(np.float32)
    held(difference_variance(noise), 5)
    held(difference_variance(noise.T), 5)


@pytest.mark.parametrize("sigma", SIGMAS)
def test_the_variance_of_samples_with_somebody_passing_by(sigma):
    samples = []
    for n in range(15):
        box = Box(20 * n, 0, 20 * n + 60, 180)  # every pixel is covered in 3 of 15
        samples.append(with_noise(painted(SCENE, box, 250), sigma, n))
    variance = sample_variance(samples, median(samples))
    assert variance.dtype == np.float32
    assert variance.shape == (180, 320)
    # Whole levels and 15 samples: what is known of one pixel is coarse, and its neighbours are asked too.
    assert np.sqrt(variance.mean()) == pytest.approx(max(np.hypot(sigma, 0.29), 0.71), rel=0.5)
    assert variance.min() >= LEAST_VARIANCE
    assert variance.max() < 60 * max(sigma, 1) ** 2


def test_only_the_pixels_that_vary_are_noisy():
    chance = np.random.default_rng(4)
    samples = [np.full((40, 40), 100, np.uint8) for _ in range(15)]
    for sample in samples:
        sample[:20] = np.round(100 + chance.normal(0, 6, (20, 40)))
    variance = sample_variance(samples, median(samples))
    assert np.sqrt(np.median(variance[:20])) > 4
    assert (variance[20:] == LEAST_VARIANCE).all()


@given(st.integers(1, 20), st.integers(0, 1000))
def test_the_median_is_numpys(count, seed):
    samples = np.random.default_rng(seed).integers(0, 256, (count, 5, 7)).astype(np.uint8)
    got = median(list(samples))
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, np.median(samples, axis=0))
