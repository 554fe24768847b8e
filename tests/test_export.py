"""Exported models agree with Keras, for every kind of recipe, and their bytes depend on nothing else."""

import json

import numpy as np
import onnx
import pytest
from conftest import make_images
from test_train import CONVOLUTIONAL, FULL, RECIPE, trained

from stages import export, typical
from stages.errors import InputError

IMAGES = make_images(per_class=3, seed=5)[0]
CLASSES = [f"class {number}" for number in range(10)]


@pytest.mark.parametrize(
    "recipe", [RECIPE, RECIPE.model_copy(update=FULL), CONVOLUTIONAL], ids=["dense", "everything", "convolutional"]
)
def test_exports_agree_with_keras(recipe, tmp_path):
    model = trained(recipe.model_copy(update={"epochs": 2}))[0]
    expected = model.predict(IMAGES, verbose=0)
    export.write_onnx(model, CLASSES, tmp_path / "model.onnx")
    model.export(tmp_path / "model.tflite", format="litert", verbose=False)
    for received in (
        export.predict_onnx(tmp_path / "model.onnx", IMAGES),
        export.predict_tflite(tmp_path / "model.tflite", IMAGES),
    ):
        np.testing.assert_allclose(received, expected, atol=1e-5)


def test_onnx_file_says_what_goes_in_and_out(copy):
    proto = onnx.load(copy.folder / "models" / "model.onnx")
    (pixels,), (probabilities,) = proto.graph.input, proto.graph.output
    assert (pixels.name, probabilities.name) == ("pixels", "probabilities")
    shapes = [each.type.tensor_type.shape.dim for each in (pixels, probabilities)]
    sizes = [[size.dim_param or size.dim_value for size in shape] for shape in shapes]
    assert sizes == [["images", 28, 28], ["images", 10]]
    assert "T-shirt/top" in json.loads({item.key: item.value for item in proto.metadata_props}["classes"])


def test_another_run_writes_the_same_bytes(copy):
    folder = copy.folder / "models"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert {"model.onnx", "model.tflite", "typical.npz"} <= before.keys()
    copy.sh("python -m stages.export")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_probabilities_of_another_model_are_refused():
    expected = np.full((4, 10), 0.1)
    received = expected + np.eye(10)[:4] * 0.01
    with pytest.raises(InputError, match=r"onnx: expected Keras' probabilities within 0\.001, received 0\.01 off"):
        export.compare("onnx", expected, received)
    with pytest.raises(InputError, match="received nan off"):
        export.compare("onnx", expected, expected * np.nan)


def test_agreement_equals_a_count_by_hand():
    expected = np.array([[0.6, 0.4], [0.5001, 0.4999], [0.2, 0.8]])
    received = np.array([[0.6, 0.4], [0.4999, 0.5001], [0.2, 0.8]])
    assert export.compare("onnx", expected, received) == {"onnx_same_labels": 2, "onnx_largest_difference": 0.0002}


def test_unlikeness_equals_its_formula_and_finds_noise():
    train, val = make_images(per_class=50, seed=1)[0], make_images(per_class=20, seed=2)[0]
    description = typical.describe([train], val)
    far = typical.unlikeness(val, **description)
    pixels, offsets = (array.reshape(len(array), -1).astype(np.float64) for array in (train, val))
    for array in (pixels, offsets):
        array *= 3000 / np.sqrt((array**2).sum(axis=1, keepdims=True))
        array[:] = array.round()
    inverse = np.linalg.inv(np.cov(pixels.T, bias=True) + typical.NOISE * np.eye(784))
    offsets -= pixels.mean(axis=0)
    distances = np.einsum("ni,ij,nj->n", offsets, inverse, offsets)
    np.testing.assert_allclose(far, distances / np.quantile(distances, 0.99), rtol=1e-3)
    assert (far > 1).mean() == pytest.approx(0.01, abs=0.005)
    noise = np.random.default_rng(0).integers(0, 256, (100, 28, 28), dtype=np.uint8)
    assert (typical.unlikeness(noise, **description) > 1).all()
    assert (typical.unlikeness(255 - val, **description) > 1).all()


def test_description_is_made_of_exact_sums():
    """Whole numbers, few enough for float64: what order a processor adds them in makes no difference."""
    train, val = make_images(per_class=50, seed=1)[0], make_images(per_class=20, seed=2)[0]
    pixels = typical.equally_bright(train)
    whole = pixels.astype(np.int64)
    np.testing.assert_array_equal(whole, pixels)
    count, noise = len(train), typical.NOISE * np.eye(784)
    products = np.array([[int(a @ b) for b in whole.T] for a in whole.T[:3]], float)
    expected = products / count - np.outer(whole.sum(axis=0)[:3] / count, whole.sum(axis=0) / count) + noise[:3]
    for parts in ([train], [train[::-1]], np.array_split(np.roll(train, 17, axis=0), 3)):
        np.testing.assert_array_equal(typical.describe(parts, val)["covariance"][:3], expected)
    assert export.MOST["described"] * typical.NORM**2 < 2**53
