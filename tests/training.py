"""Trainings for tests: small data, recipes for small networks, and Keras, loaded once a process."""

import functools
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from conftest import GARMENT, make_images

from classifier.backend.model_files import save_model
from classifier.backend.starting import load_keras
from classifier.exports.onnx_model import write_onnx
from classifier.images.outliers import describe
from classifier.training.data import Data
from classifier.training.recipes import ConvolutionalRecipe, DenseRecipe, WideResidualRecipe

keras = load_keras()

from classifier.training import networks  # noqa: E402
from classifier.training.finish import finish, measure  # noqa: E402
from classifier.training.fit import fit  # noqa: E402

on_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="the path of that backend alone"
)

IMAGES, LABELS = make_images(25, seed=1)
ROWS = np.random.default_rng(0).permutation(250)
DATA = Data(IMAGES, LABELS, train_rows=ROWS[:200], val_rows=ROWS[200:])
CLASSES = [f"class {number}" for number in range(10)]


def make_table() -> np.ndarray:
    """Return what a perfect teacher, who is 91 % sure of each label, sees in 18 views."""
    sure = np.full((10, 10), 0.01) + 0.9 * np.eye(10)
    features = np.random.default_rng(0).uniform(0, 2, (10, 16))  # of each class
    seen = np.concatenate([sure, features], axis=1)
    return np.repeat(seen[LABELS][:, None], 18, axis=1).astype(np.float16)


TAUGHT = DATA._replace(taught=make_table())


def make_stripes() -> Data:
    """Return images of stripes, lying or standing, at any place: what convolutions see."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, 250, dtype=np.uint8)
    lines = np.where(np.tile([0, 0, 150, 150], (250, 7)), 150, 0)
    lines = generator.permuted(lines, axis=1)
    is_standing = labels[:, None, None] == 1
    images = np.where(is_standing, lines[:, None, :], lines[:, :, None])
    images = images + generator.integers(0, 100, (250, 28, 28))
    return DATA._replace(images=images[..., None].astype(np.uint8), labels=labels)


STRIPES = make_stripes()

RECIPE = DenseRecipe(
    network="dense",
    units=[32, 16],
    activation="relu",
    dropout=0.3,
    optimizer="adam",
    learning_rate=0.003,
    batch_size=40,  # five even batches: a short one would be compiled by itself, for a second
    epochs=12,
    patience=3,
)


def changed(recipe, **knobs):
    """Return a recipe with other values of some knobs."""
    return recipe.model_copy(update=knobs)


FULL = {
    "optimizer": "adamw",
    "learning_rate": 0.01,
    "weight_decay": 0.01,
    "learning_rate_schedule": "cosine_decay",
    "warmup_epochs": 1,
    "epochs": 3,
    "label_smoothing": 0.1,
    "class_weight": "balanced",
    "flip": True,
    "shift": 1,
    "erasing": 0.3,
    "flip_averaging": True,
    "temperature_scaling": True,
}
EVERYTHING = RECIPE.model_copy(update=FULL)
CONVOLUTIONAL = ConvolutionalRecipe(
    network="convolutional",
    filters=[8, 16],
    activation="relu",
    dtype="mixed_bfloat16",
    batch_size=32,
    **FULL,
)
TEACHER = changed(CONVOLUTIONAL, filters=[4, 16])
PUPIL = changed(EVERYTHING, teacher=TEACHER, feature_matching=1.0, erasing=None, shift_averaging=1)
WIDE = WideResidualRecipe(
    network="wide_residual", depth=10, width=1, dropout=0.1, batch_size=100, **FULL
)
CASES = {  # recipes, and data that their networks can learn
    "dense": (RECIPE, DATA),
    "everything": (EVERYTHING, DATA),
    "convolutional": (CONVOLUTIONAL, STRIPES),
    "pupil": (PUPIL, TAUGHT),
}


class Training(NamedTuple):
    """What a training gives: the finished model, its metrics, and the figures of each epoch."""

    model: keras.Model
    metrics: dict
    epochs: list[dict]

    def saved(self, folder: Path) -> bytes:
        """Return what a file of the model holds."""
        save_model(self.model, folder / "model.keras")
        return (folder / "model.keras").read_bytes()


def trained(recipe=RECIPE, data=DATA, seed=1, **options) -> Training:
    """Train as the stage does; `options` are those of `fit`."""
    keras.utils.clear_session()  # names of layers are counted anew, as in a process of its own
    keras.utils.set_random_seed(seed)
    network = networks.build(recipe, data.images.shape[1:], len(CLASSES))
    history = fit(network, data, recipe, seed, **options)
    model, figures = finish(network, data, recipe)
    metrics = history.summary() | figures | measure(model, data, recipe)
    return Training(model, metrics, history.epochs)


def teacher_of(recipe) -> keras.Model:
    """Return a finished teacher with fresh weights."""
    keras.utils.set_random_seed(1)
    return finish(networks.build(recipe, (28, 28, 1), len(CLASSES)), DATA, recipe)[0]


def column(epochs: list[dict], name: str) -> list[float]:
    """Return one figure of each epoch."""
    return [figures[name] for figures in epochs]


@functools.cache
def trained_once(name: str) -> Training:
    """Return what `trained` makes of one of `CASES`, for all tests that only look at it."""
    return trained(*CASES[name])


def finished(name: str) -> keras.Model:
    """Return a finished model of one of `CASES` that no time was spent on training.

    Its weights are random where those of a fresh network are 0 or 1.
    """
    recipe, data = CASES[name]
    keras.utils.clear_session()
    keras.utils.set_random_seed(1)
    network = networks.build(recipe, (28, 28, 1), len(CLASSES))
    generator = np.random.default_rng(1)
    for variable in network.weights:
        if len(variable.shape) == 1:
            variable.assign(generator.uniform(0.5, 1.5, variable.shape))
    model, _ = finish(network, data, recipe)
    model(IMAGES[:1])  # Keras exports only what it has called
    return model


def write_exports(folder: Path, classes: list[str]) -> None:
    """Write into `models` what predicts, of a network that has learned the small data."""
    models = folder / "models"
    models.mkdir()
    model = trained_once("dense").model
    model(IMAGES[:1])
    write_onnx(model, classes, GARMENT, models / "model.onnx")
    train, val = DATA.images[DATA.train_rows], DATA.images[DATA.val_rows]
    np.savez(models / "outliers.npz", **describe([train], val))
