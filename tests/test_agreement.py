"""Whether two models are one: agreement counted by hand, and another model refused."""

import numpy as np
import pytest

from classifier.errors import InputError
from classifier.exports.agreement import compare, in_parts


def test_agreement_equals_a_count_by_hand():
    expected = np.array([[0.6, 0.4], [0.5001, 0.4999], [0.2, 0.8]])
    received = np.array([[0.6, 0.4], [0.4999, 0.5001], [0.2, 0.8]])
    assert compare("onnx", expected, received) == {
        "onnx_same_labels": 2,
        "onnx_same_decimals": 3,
    }


def test_probabilities_of_another_model_are_refused():
    expected = np.full((4, 10), 0.1)
    received = expected + np.eye(10)[:4] * 0.01
    message = r"onnx: expected Keras' probabilities within 0\.001, received 0\.01 off"
    with pytest.raises(InputError, match=message):
        compare("onnx", expected, received)


def test_probabilities_that_are_none_are_refused():
    expected = np.full((4, 10), 0.1)
    with pytest.raises(InputError, match="received nan off"):
        compare("onnx", expected, expected * np.nan)


def test_parts_of_large_images_give_what_the_whole_gives():
    images = np.arange(7 * 1000 * 2000, dtype=np.uint8).reshape(7, 1000, 2000, 1)
    sizes = []

    def predict(part):
        sizes.append(len(part))
        return part[:, 0, :3, 0].astype(float)

    np.testing.assert_array_equal(in_parts(predict, images), images[:, 0, :3, 0])
    assert sizes == [3, 3, 1]
