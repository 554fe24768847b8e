"""Probabilities of every image by a model that has not seen it."""

import keras
import numpy as np

from classifier.training import networks
from classifier.training.data import Data
from classifier.training.finish import finish, predict
from classifier.training.fit import fit
from classifier.training.recipes import Recipe
from tools.suspects.parts import deal, without
from tools.terminal import show


def out_of_sample(
    images: np.ndarray, labels: np.ndarray, recipe: Recipe, count: int, seed: int
) -> np.ndarray:
    """Return probabilities, float32 (n, classes): each part's by a model of the other parts.

    Args:
        images: uint8 (n, rows, columns, channels).
        labels: uint8 (n,).
        count: of the parts.
    """
    parts = deal(labels, count, seed)
    probabilities = np.empty((len(labels), int(labels.max()) + 1), np.float32)
    for part in range(count):
        name = f"part {part + 1} of {count}"
        print(f"suspects: {name} …", flush=True)
        held_out = np.flatnonzero(parts == part)
        data = without(part, parts, images, labels, seed)
        model = train(data, recipe, seed, name)
        probabilities[held_out] = predict_rows(model, data, held_out)
        agreed = (probabilities[held_out].argmax(axis=1) == labels[held_out]).mean()
        show("")
        print(f"suspects: {name}  {len(held_out):,} images, {agreed:.1%} get their label")
    return probabilities


def train(data: Data, recipe: Recipe, seed: int, name: str) -> keras.Model:
    """Return the finished model of a recipe; the progress line says the name and the epoch."""

    def on_epoch(number: int, figures: dict) -> None:
        epochs = f"epoch {number}/{recipe.epochs}"
        show(f"{name}  {epochs}  val_accuracy {figures['val_accuracy']:.4f}")

    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    network = networks.build(recipe, data.images.shape[1:], data.class_count)
    fit(network, data, recipe, seed, on_epoch)
    model, _ = finish(network, data, recipe)
    return model


def predict_rows(model: keras.Model, data: Data, rows: np.ndarray) -> np.ndarray:
    """Return the probabilities of some rows, float32 (rows, classes)."""
    found = np.empty((len(rows), data.class_count), np.float32)
    batches = data.measured(rows)
    for number in range(len(batches)):
        images, _ = batches[number]
        start = number * batches.batch_size
        found[start : start + len(images)] = predict(model, images)
    return found
