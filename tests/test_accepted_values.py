"""What the check of a recipe accepts goes through training, saving and both exports."""

import typing

import numpy as np
import pytest
from conftest import GARMENT
from training import CLASSES, CONVOLUTIONAL, DATA, IMAGES, RECIPE, WIDE, trained

from classifier import parameters
from classifier.backend.model_files import load_model, save_model
from classifier.errors import InputError
from classifier.exports.onnx_model import predict_onnx, write_onnx
from classifier.exports.tflite_model import TFLiteModel, write_tflite
from classifier.training.recipes import Activation, Regimen

SMALL = {
    "dense": RECIPE.model_dump(exclude_unset=True) | {"units": [8], "epochs": 1},
    "convolutional": CONVOLUTIONAL.model_dump(exclude_unset=True) | {"filters": [4]},
    "wide_residual": WIDE.model_dump(exclude_unset=True),
}
PLAIN = ["learning_rate_schedule", "warmup_epochs", "flip", "shift", "erasing", "flip_averaging"]
for recipe in SMALL.values():
    recipe |= {"batch_size": 100, "epochs": 1}
    for option in PLAIN:
        recipe.pop(option, None)

SCHEDULED = {"learning_rate_schedule": "cosine_decay", "weight_decay": 0.01}
ACTIVATIONS = typing.get_args(Activation)
OPTIMIZERS = typing.get_args(Regimen.model_fields["optimizer"].annotation)
CASES = [
    *[
        ("dense", SCHEDULED | {"activation": activation, "optimizer": optimizer} | others)
        for activation, optimizer, others in [
            ("elu", "adam", {"shift": 32, "erasing": 0.999, "warmup_epochs": 1, "epochs": 2}),
            ("gelu", "nadam", {"batch_size": 1_000_000, "learning_rate": 1e-30}),
            ("leaky_relu", "lion", {"batch_size": 1, "dropout": 0.99}),
            ("relu", "adamw", {"units": [1], "label_smoothing": 0.999}),
            ("selu", "rmsprop", {"momentum": 0.9, "patience": 1_000}),
            ("silu", "sgd", {"momentum": 0.9, "nesterov": True}),
            ("tanh", "adam", {"weight_decay": 1e6, "dtype": "mixed_bfloat16", "standardize": 0.4}),
        ]
    ],
    ("dense", {"shift_averaging": 3, "dropout": 0.0}),
    ("convolutional", {"activation": "gelu", "shift_averaging": 1, "standardize": 2.0}),
    ("convolutional", {"filters": [1, 1, 1, 1, 1]}),
    ("wide_residual", {"width": 2}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("network", "knobs"), CASES, ids=str)
def test_accepted_value_goes_through_all_stages(network, knobs, tmp_path):
    recipe = parameters.check_recipe(SMALL[network] | knobs, "recipe")
    model = trained(recipe, DATA).model
    save_model(model, tmp_path / "model.keras")
    expected = load_model(tmp_path / "model.keras", (28, 28, 1), 10).predict(IMAGES, verbose=0)
    np.testing.assert_allclose(expected, model.predict(IMAGES, verbose=0), atol=1e-6)
    write_onnx(model, CLASSES, GARMENT, tmp_path / "model.onnx")
    np.testing.assert_allclose(predict_onnx(tmp_path / "model.onnx", IMAGES), expected, atol=1e-5)
    write_tflite(model, tmp_path / "model.tflite")
    received = TFLiteModel(tmp_path / "model.tflite").predict(IMAGES)
    np.testing.assert_allclose(received, expected, atol=1e-5)


def test_every_activation_and_optimizer_is_among_them():
    assert set(ACTIVATIONS) == {knobs.get("activation") for _, knobs in CASES} - {None}
    assert set(OPTIMIZERS) == {knobs.get("optimizer") for _, knobs in CASES} - {None}


REFUSED = [
    ({"momentum": 0.5}, "expected optimizer rmsprop or sgd with momentum"),
    ({"nesterov": True}, "expected optimizer sgd with nesterov"),
    ({"optimizer": "rmsprop", "nesterov": True}, "expected optimizer sgd with nesterov"),
    ({"warmup_epochs": 1, "epochs": 3}, "expected learning_rate_schedule with warmup_epochs"),
    ({"warmup_epochs": 3, "epochs": 3} | SCHEDULED, "expected warmup_epochs below epochs"),
    ({"shift": 33}, "shift: expected less than or equal to 32"),
    ({"units": []}, "units: expected at least 1 item"),
    ({"activation": "mish"}, "activation: expected 'elu', 'gelu'"),
]


@pytest.mark.parametrize(("knobs", "message"), REFUSED, ids=str)
def test_value_that_would_be_ignored_or_fail_later_is_refused_by_name(knobs, message):
    with pytest.raises(InputError, match=message):
        parameters.check_recipe(SMALL["dense"] | knobs, "recipe")
