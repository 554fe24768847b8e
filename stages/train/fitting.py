"""Fits a network: early stopping on validation loss, curves for DVCLive, a line an epoch."""

import math
import sys

import keras

from stages.errors import InputError
from stages.train.accelerate import STEPS_PER_CALL, make_optimizer, shuffled_batches

EVALUATION_BATCH = 1000  # images; no effect on the results


class Report(keras.callbacks.Callback):
    """Hands each epoch's figures to DVCLive, prints them, and stops at the first NaN."""

    def __init__(self, live, epochs: int):
        super().__init__()
        self.live = live
        self.epochs = epochs

    def on_epoch_end(self, epoch, logs=None):
        figures = {
            "train_loss": logs["loss"],
            "train_accuracy": logs["accuracy"],
            "val_loss": logs["val_loss"],
            "val_accuracy": logs["val_accuracy"],
        }
        if not all(map(math.isfinite, figures.values())):
            raise InputError(
                f"training diverged in epoch {epoch + 1}: expected a finite loss, received "
                f"{logs['loss']}; a lower learning_rate is the usual cure. No model was written"
            )
        self.live.step = epoch + 1
        for name, figure in figures.items():
            self.live.log_metric(name, figure)
        self.live.next_step()
        if not sys.stdout.isatty():
            text = "  ".join(f"{name} {figure:.4f}" for name, figure in figures.items())
            print(f"train: epoch {epoch + 1}/{self.epochs}  {text}", flush=True)


def fit(network, train, val, recipe, seed: int, live) -> dict:
    """Train `network` in place, up to its best epoch, and measure it there without dropout.

    Args:
        network: takes images, gives probabilities; left uncompiled.
        train, val: (images, labels), uint8 (n, rows, columns) and (n,).
        recipe: its section of params.yaml.
        seed: of the order of the batches.
        live: a `dvclive.Live`.

    Returns:
        The headline metrics: plain numbers by name.

    Raises:
        InputError: a loss became NaN or infinite.
    """
    # A model of its own over the same layers: what is saved carries no trace of the training.
    model = keras.Model(network.inputs, network.outputs)
    model.compile(
        make_optimizer(recipe.optimizer, recipe.learning_rate),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=STEPS_PER_CALL,
    )
    stopping = keras.callbacks.EarlyStopping(
        "val_loss", patience=recipe.patience, restore_best_weights=True
    )
    batches, steps = shuffled_batches(*train, recipe.batch_size, seed)
    history = model.fit(
        batches,
        steps_per_epoch=steps,
        shuffle=False,  # the batches come shuffled
        epochs=recipe.epochs,
        validation_data=val,
        validation_batch_size=EVALUATION_BATCH,
        callbacks=[stopping, Report(live, recipe.epochs)],
        verbose=1 if sys.stdout.isatty() else 0,
    )
    metrics = {"best_epoch": stopping.best_epoch + 1, "epochs": len(history.epoch)}
    for name, (images, labels) in {"train": train, "val": val}.items():
        figures = model.evaluate(
            images, labels, batch_size=EVALUATION_BATCH, verbose=0, return_dict=True
        )
        metrics |= {f"{name}_{key}": round(figures[key], 6) for key in ("accuracy", "loss")}
    return metrics
