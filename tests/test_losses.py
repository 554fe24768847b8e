"""Loss and accuracy of labels, and of a teacher's probabilities."""

import numpy as np
import pytest
from training import keras

from classifier.training.losses import accuracy, crossentropy

PROBABILITIES = np.array([[0.7, 0.2, 0.1], [0.25, 0.25, 0.5]], np.float32)
TAUGHT = np.array([[0.5, 0.5, 0.0], [0.0, 0.75, 0.25]], np.float16)


def figures(function, labels, **options) -> np.ndarray:
    return keras.ops.convert_to_numpy(function(labels, PROBABILITIES, **options))


def test_crossentropy_with_labels_by_hand():
    found = figures(crossentropy, np.array([0, 2], np.uint8))
    np.testing.assert_allclose(found, -np.log([0.7, 0.5]), rtol=1e-5)


def test_crossentropy_with_smoothed_labels_by_hand():
    found = figures(crossentropy, np.array([1, 1]), label_smoothing=0.3)
    targets = [0.1, 0.8, 0.1]
    np.testing.assert_allclose(found, -(np.log(PROBABILITIES) @ targets), rtol=1e-5)


def test_crossentropy_with_a_teachers_probabilities_by_hand():
    found = figures(crossentropy, TAUGHT)
    np.testing.assert_allclose(found, -(np.log(PROBABILITIES) * TAUGHT).sum(axis=1), rtol=1e-3)


@pytest.mark.parametrize("labels", [np.array([0, 1], np.uint8), TAUGHT])
def test_accuracy_by_hand(labels):
    np.testing.assert_array_equal(figures(accuracy, labels), [1, 0])
