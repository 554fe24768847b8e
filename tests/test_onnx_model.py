"""The model as ONNX agrees with Keras, for each kind of recipe, and says what goes in and out."""

import json

import numpy as np
import onnx
import pytest
from conftest import GARMENT
from training import CASES, CLASSES, IMAGES, finished

from classifier.exports.onnx_model import predict_onnx, write_onnx


@pytest.mark.parametrize("name", CASES)
def test_onnx_model_agrees_with_keras(name, tmp_path):
    model = finished(name)
    write_onnx(model, CLASSES, GARMENT, tmp_path / "model.onnx")
    expected = model.predict(IMAGES, verbose=0)
    received = predict_onnx(tmp_path / "model.onnx", IMAGES)
    np.testing.assert_allclose(received, expected, atol=1e-5)


def test_onnx_file_says_what_goes_in_and_out(tmp_path):
    write_onnx(finished("dense"), ["T-shirt/top", "Überzieher"], GARMENT, tmp_path / "model.onnx")
    proto = onnx.load(tmp_path / "model.onnx")
    sizes = {}
    for value in (*proto.graph.input, *proto.graph.output):
        dimensions = value.type.tensor_type.shape.dim
        sizes[value.name] = [size.dim_param or size.dim_value for size in dimensions]
    assert sizes == {"pixels": ["images", 28, 28, 1], "probabilities": ["images", 10]}
    metadata = {item.key: item.value for item in proto.metadata_props}
    assert json.loads(metadata["classes"]) == ["T-shirt/top", "Überzieher"]
