"""Whether two models are one: agreement counted by hand, and another model refused."""

import numpy as np
import pytest

from classifier.errors import InputError
from classifier.exports.agreement import compare


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
