"""The model for TensorFlow Lite agrees with Keras, for each kind of recipe and any batch."""

import numpy as np
import pytest
from training import CASES, IMAGES, finished

from classifier.exports.tflite_model import TFLiteModel, write_tflite


@pytest.mark.parametrize("name", CASES)
def test_tflite_model_agrees_with_keras(name, tmp_path):
    model = finished(name)
    write_tflite(model, tmp_path / "model.tflite")
    expected = model.predict(IMAGES, verbose=0)
    loaded = TFLiteModel(tmp_path / "model.tflite")
    for count in (len(IMAGES), 1, 1, 7):
        received = loaded.predict(IMAGES[:count])
        np.testing.assert_allclose(received, expected[:count], atol=1e-5)
