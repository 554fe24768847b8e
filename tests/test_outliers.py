"""Outliers: the score against its formula, noise found, and sums that are exact."""

import numpy as np
import pytest
from conftest import make_images

from classifier.images import outliers
from stages.export import MAX_DESCRIBED_IMAGES

TRAIN = make_images(per_class=50, seed=1)[0]
VAL = make_images(per_class=20, seed=2)[0]


@pytest.fixture(scope="module")
def description() -> dict:
    return outliers.describe([TRAIN], VAL)


def of_one_norm(images) -> np.ndarray:
    pixels = images.reshape(len(images), -1).astype(np.float64)
    return (pixels * 3000 / np.sqrt((pixels**2).sum(axis=1, keepdims=True))).round()


def test_outlier_score_equals_its_formula(description):
    pixels = of_one_norm(TRAIN)
    covariance = np.cov(pixels.T, bias=True) + 3.0 * np.eye(784)
    offsets = of_one_norm(VAL) - pixels.mean(axis=0)
    distances = np.einsum("ni,ij,nj->n", offsets, np.linalg.inv(covariance), offsets)
    scores = outliers.Outliers(**description).scores(VAL)
    np.testing.assert_allclose(scores, distances / np.quantile(distances, 0.99), rtol=1e-3)
    assert (scores > 1).mean() == pytest.approx(0.01, abs=0.005)


def test_noise_and_inverted_images_are_outliers(description):
    noise = np.random.default_rng(0).integers(0, 256, (100, 28, 28, 1), dtype=np.uint8)
    for images in (noise, 255 - VAL):
        assert (outliers.Outliers(**description).scores(images) > 1).all()


def test_dark_images_are_not_raised_to_all_of_the_norm():
    dim = np.full((1, 28, 28, 1), 10, np.uint8)  # of norm 280, below MIN_NORM
    np.testing.assert_array_equal(outliers.equally_bright(dim), np.full((1, 784), 100))
    black = np.zeros((1, 28, 28, 1), np.uint8)
    np.testing.assert_array_equal(outliers.equally_bright(black), np.zeros((1, 784)))


def test_description_is_made_of_exact_sums():
    """Whole numbers, few enough for float64.

    So it makes no difference in what order a processor adds them.
    """
    pixels = outliers.equally_bright(TRAIN)
    whole = pixels.astype(np.int64)
    np.testing.assert_array_equal(whole, pixels)
    count = len(TRAIN)
    products = np.array([[int(a @ b) for b in whole.T] for a in whole.T[:3]], float)
    mean = whole.sum(axis=0) / count
    noise = outliers.NOISE_VARIANCE * np.eye(784)
    expected = products / count - np.outer(mean[:3], mean) + noise[:3]
    for parts in ([TRAIN], [TRAIN[::-1]], np.array_split(np.roll(TRAIN, 17, axis=0), 3)):
        covariance = outliers.describe(parts, VAL)["covariance"]
        np.testing.assert_array_equal(covariance[:3], expected)
    assert MAX_DESCRIBED_IMAGES * outliers.NORM**2 < 2**53


@pytest.mark.parametrize("shape", [(96, 96, 3), (64, 48, 1), (200, 10, 3), (33, 33, 1)])
def test_large_images_are_described_by_means_of_squares(shape):
    images = np.random.default_rng(0).integers(0, 256, (2, *shape), dtype=np.uint8)
    small = outliers.reduced(images)
    assert small[0].size <= outliers.MAX_VALUES
    side = -(-shape[0] // small.shape[1])
    first = images[0, :side, :side].reshape(-1, shape[2]).mean(axis=0)
    np.testing.assert_allclose(small[0, 0, 0], np.rint(first))
    rest = images[1, (small.shape[1] - 1) * side :, (small.shape[2] - 1) * side :]
    np.testing.assert_allclose(small[1, -1, -1], np.rint(rest.reshape(-1, shape[2]).mean(axis=0)))


def test_small_images_are_described_as_they_are():
    assert outliers.reduced(VAL) is VAL
