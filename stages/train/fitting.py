"""Fits a network: early stopping on validation loss, curves for DVCLive, a line an epoch."""

import math
import sys

import keras

from stages.errors import InputError
from stages.train.batches import Batches, Shuffle

EVALUATION_BATCH = 1000  # images; no effect on the figures


class Report(keras.callbacks.Callback):
    """Hands each epoch's figures to DVCLive and prints them; raises InputError at the first NaN or infinity."""

    def __init__(self, live, epochs: int):
        super().__init__()
        self.live, self.epochs = live, epochs

    def on_epoch_end(self, epoch, logs=None):
        figures = {
            "train_loss": logs["loss"],
            "train_accuracy": logs["accuracy"],
            "val_loss": logs["val_loss"],
            "val_accuracy": logs["val_accuracy"],
        }
        text = "  ".join(f"{name} {figure:.4f}" for name, figure in figures.items())
        if not all(map(math.isfinite, figures.values())):
            cure = "a lower learning_rate is the usual cure"
            raise InputError(f"training diverged in epoch {epoch + 1}: expected finite losses, received {text}; {cure}")
        self.live.step = epoch + 1
        for name, figure in figures.items():
            self.live.log_metric(name, figure)
        self.live.next_step()
        if not sys.stdout.isatty():
            print(f"train: epoch {epoch + 1}/{self.epochs}  {text}", flush=True)


def trainer(network: keras.Model) -> keras.Model:
    """Return an uncompiled model over the same layers, so that `network` keeps no trace of the optimizer."""
    if keras.backend.backend() == "tensorflow":
        from stages.train.accelerate import LoopModel

        return LoopModel(network)
    return keras.Model(network.inputs, network.outputs)


def crossentropy(labels, probabilities):
    """Return the cross-entropy of integer labels, (n,): Keras' sparse one, in operations that XLA fuses better."""
    targets = keras.ops.one_hot(labels, probabilities.shape[-1])
    return keras.losses.categorical_crossentropy(targets, probabilities)


def fit(network, images, labels, train_rows, val_rows, recipe, seed: int, live) -> dict:
    """Train `network` in place, go back to its best epoch and measure it there, without dropout.

    Args:
        network: takes images, gives probabilities; stays uncompiled.
        images, labels: uint8 (n, rows, columns) and (n,).
        train_rows, val_rows: int64, rows of both.
        recipe: a `params.Recipe`.
        seed: of the order of the batches.
        live: a `dvclive.Live`.

    Returns:
        Plain numbers by name: best_epoch and epochs, counted from 1, and accuracy and loss of train and val.
    """
    model = trainer(network)
    optimizer = {"class_name": recipe.optimizer, "config": {"learning_rate": recipe.learning_rate}}
    model.compile(keras.optimizers.get(optimizer), crossentropy, metrics=["accuracy"])
    measured = {"train": train_rows, "val": val_rows}
    measured = {name: Batches(images, labels, rows, EVALUATION_BATCH) for name, rows in measured.items()}
    batches = Batches(images, labels, train_rows, recipe.batch_size)
    stopping = keras.callbacks.EarlyStopping("val_loss", patience=recipe.patience, restore_best_weights=True)
    history = model.fit(
        batches,
        shuffle=False,  # `Shuffle` does it
        epochs=recipe.epochs,
        validation_data=measured["val"],
        callbacks=[Shuffle(batches, seed), stopping, Report(live, recipe.epochs)],
        verbose="auto" if sys.stdout.isatty() else 0,
    )
    metrics = {"best_epoch": stopping.best_epoch + 1, "epochs": len(history.epoch)}
    for name, dataset in measured.items():
        loss, accuracy = model.evaluate(dataset, verbose=0)
        metrics |= {f"{name}_accuracy": round(accuracy, 6), f"{name}_loss": round(loss, 6)}
    return metrics
