"""History: epochs are reported, training stops early, and the kept epoch is the one it says."""

import numpy as np
import pytest
from training import DATA, RECIPE, changed, column, keras, trained

from classifier.training.history import History


def test_training_without_progress_for_as_long_as_patience_stops_and_keeps_the_best_epoch():
    reported = []

    def on_epoch(number, figures):
        reported.append((number, figures))

    labels = np.random.default_rng(0).permutation(DATA.labels)  # nothing can be learned
    recipe = changed(RECIPE, units=[16], epochs=60)
    data = DATA._replace(labels=labels)
    _, metrics, epochs = trained(recipe, data, on_epoch=on_epoch)
    val_losses = column(epochs, "val_loss")
    assert metrics["best_epoch"] == 1 + int(np.argmin(val_losses))
    assert metrics["epochs"] == len(epochs) == metrics["best_epoch"] + recipe.patience < 60
    assert metrics["val_loss"] == pytest.approx(min(val_losses), abs=2e-6)
    assert reported == list(enumerate(epochs, start=1))
    names = ["train_loss", "train_accuracy", "val_loss", "val_accuracy"]
    assert all(list(figures) == names for figures in epochs)


def weight_after(val_losses: list[float], **knobs) -> tuple[float, dict]:
    """Return the weight and summary after epochs that add 1 to a weight and have these losses."""
    layer = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")
    model = keras.Sequential([keras.Input((1,)), layer])
    history = History(changed(RECIPE, epochs=len(val_losses), **knobs), None, None)
    history.set_model(model)
    history.on_train_begin()
    for epoch, val_loss in enumerate(val_losses):
        layer.kernel.assign_add([[1.0]])
        logs = {"loss": 0.5, "accuracy": 0.5, "val_loss": val_loss, "val_accuracy": 0.5}
        history.on_epoch_end(epoch, logs)
    history.on_train_end()
    return float(layer.kernel.numpy()[0, 0]), history.summary()


def test_best_weights_are_restored_when_epochs_run_out():
    weight, summary = weight_after([0.4, 0.2, 0.3, 0.5], patience=99)
    assert weight == 2
    assert summary == {"best_epoch": 2, "epochs": 4}


def test_of_equally_good_epochs_the_first_is_kept():
    weight, summary = weight_after([0.4, 0.2, 0.2], patience=99)
    assert weight == 2
    assert summary == {"best_epoch": 2, "epochs": 3}


def test_recipe_without_patience_keeps_its_last_epoch():
    weight, summary = weight_after([0.4, 0.2, 0.3, 0.5], patience=None)
    assert weight == 4
    assert summary == {"best_epoch": 4, "epochs": 4}
