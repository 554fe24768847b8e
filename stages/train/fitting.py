"""Fits a network as a recipe says, with curves for DVCLive and a line an epoch."""

import contextlib
import functools
import math
import sys

import keras
import numpy as np

from stages.errors import InputError
from stages.train import distribution, finishing
from stages.train.augment import Augment
from stages.train.batches import Batches, Shares, Shuffle
from stages.train.distribution import ALONE, Job

EVALUATION_BATCH = 1000  # images; no effect on the figures
TEMPERATURE_BATCHES = 100  # are plenty for one number


class Report(keras.callbacks.Callback):
    """Hands each epoch's figures to DVCLive and prints them; raises InputError at the first NaN or infinity.

    Without a `live`, it does neither; with a progress bar, it prints nothing.

    Attributes:
        epochs: the figures of each epoch that is over, by name.
    """

    def __init__(self, live, last: int, bar: bool):
        super().__init__()
        self.live, self.last, self.bar, self.epochs = live, last, bar, []

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
        self.log({name: float(figure) for name, figure in figures.items()})
        if self.live and not self.bar:
            print(f"train: epoch {epoch + 1}/{self.last}  {text}", flush=True)

    def log(self, figures: dict) -> None:
        self.epochs.append(figures)
        if not self.live:
            return
        self.live.step = len(self.epochs)
        for name, figure in figures.items():
            self.live.log_metric(name, figure)
        self.live.next_step()


def trainer(network: keras.Model, recipe) -> keras.Model:
    """Return an uncompiled model over the same weights that trains as a recipe says; `network` itself stays plain.

    Training images go through `Augment` first, if there is anything to do.
    """
    kind, layers = keras.Model, network
    if keras.backend.backend() == "tensorflow":
        from stages.train import accelerate

        kind, layers = accelerate.accelerated(network)
    inputs = pixels = keras.Input(network.input_shape[1:])
    if recipe.flip or recipe.shift or recipe.erasing:
        inputs = Augment(recipe.flip, recipe.shift or 0, recipe.erasing or 0.0)(pixels)
    return kind(pixels, layers(inputs))


@contextlib.contextmanager
def computing_in(dtype: str, layers: list):
    """Let layers compute by another dtype policy for a while; their weights are float32 in all of them."""
    policies = [layer.dtype_policy for layer in layers]
    for layer in layers:
        layer.dtype_policy = dtype
    try:
        yield
    finally:
        for layer, policy in zip(layers, policies, strict=True):
            layer.dtype_policy = policy


def make_optimizer(recipe, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """Return the optimizer of a recipe; its schedule, if any, ends with the last epoch."""
    names = ("learning_rate", "momentum", "nesterov", "weight_decay")
    config = {name: getattr(recipe, name) for name in names if name in recipe.model_fields_set}
    if recipe.learning_rate_schedule:
        warmup = (recipe.warmup_epochs or 0) * steps_per_epoch
        config["learning_rate"] = keras.optimizers.schedules.CosineDecay(
            0.0 if warmup else recipe.learning_rate,
            recipe.epochs * steps_per_epoch - warmup,
            warmup_target=recipe.learning_rate if warmup else None,
            warmup_steps=warmup,
        )
    return keras.optimizers.get({"class_name": recipe.optimizer, "config": config})


def crossentropy(labels, probabilities, label_smoothing: float = 0.0):
    """Return the cross-entropy of integer labels, (n,): Keras' sparse one, in operations that XLA fuses better.

    `label_smoothing` is the share of each label that is spread over all classes.
    """
    targets = keras.ops.one_hot(keras.ops.cast(labels, "int32"), probabilities.shape[-1])
    return keras.losses.categorical_crossentropy(targets, probabilities, label_smoothing=label_smoothing)


def predict(network: keras.Model, images: np.ndarray) -> np.ndarray:
    """Return the probabilities of uint8 images, float64 (n, classes)."""
    return np.asarray(network.predict_on_batch(images), np.float64)


def measure(network: keras.Model, batches: Batches, job: Job) -> tuple[float, float]:
    """Return the share of right predictions and the mean cross-entropy; each process measures some of the batches."""
    sums = np.zeros(2)
    for number in range(job.index, len(batches), job.count):
        images, labels = batches[number]
        sums += finishing.right_and_loss(predict(network, images), labels)
    return tuple((job.total(sums) / len(batches.rows)).tolist())


def fit_temperature(network: keras.Model, batches: Batches) -> float:
    """Return the temperature that is best for batches; of many, for some, evenly spread."""
    step = -(-len(batches) // TEMPERATURE_BATCHES)
    parts = [batches[number] for number in range(0, len(batches), step)]
    probabilities = np.concatenate([predict(network, images) for images, _ in parts])
    return finishing.temperature(probabilities, np.concatenate([labels for _, labels in parts]))


def fit(
    network, images, labels, train_rows, val_rows, recipe, seed: int, live, checkpoint, job: Job = ALONE
) -> tuple[keras.Model, dict]:
    """Train a network as a recipe says, finish it, and measure the result, without dropout or augmentation.

    Args:
        network: takes images, gives probabilities; trained in place, stays uncompiled.
        images, labels: uint8 (n, rows, columns) and (n,).
        train_rows, val_rows: int64, rows of both.
        recipe: one of `params.Recipe`.
        seed: of the order of the batches.
        live: a `dvclive.Live`; none in a process that writes nothing.
        checkpoint: a `checkpoint.Checkpoint`, which knows what is done already.
        job: which of the processes that train together this is.

    Returns:
        The finished model, which is `network` itself where the recipe averages nothing, and plain numbers by name:
        best_epoch and epochs, counted from 1, and accuracy and loss of train and val.
    """
    measured = {"train": train_rows, "val": val_rows}
    measured = {name: Batches(images, labels, rows, EVALUATION_BATCH) for name, rows in measured.items()}
    batches, validation = Batches(images, labels, train_rows, recipe.batch_size), measured["val"]
    if job.devices > 1:
        batches, validation = (Shares(job, each) for each in (batches, validation))
    bar = job.count == 1 and sys.stdout.isatty()  # a launcher's pseudo-terminal is none that people see
    report, stopping = Report(live, recipe.epochs, bar), None
    if recipe.patience:
        stopping = keras.callbacks.EarlyStopping("val_loss", patience=recipe.patience, restore_best_weights=True)
    checkpoint.follow(report, stopping)
    with computing_in(
        recipe.dtype or keras.config.floatx(), network.layers[2:-1]
    ):  # all but the pixels and the probabilities
        model = trainer(network, recipe)
        loss = functools.partial(crossentropy, label_smoothing=recipe.label_smoothing or 0.0)
        model.compile(make_optimizer(recipe, len(batches)), loss, weighted_metrics=["accuracy"])
        model.fit(
            batches,
            shuffle=False,  # `Shuffle` does it
            initial_epoch=checkpoint.initial_epoch,
            epochs=recipe.epochs,
            validation_data=validation,
            callbacks=list(filter(None, [Shuffle(batches, seed), report, stopping, checkpoint])),
            verbose="auto" if bar else 0,
        )
    epochs = len(report.epochs)
    metrics = {"best_epoch": stopping.best_epoch + 1 if stopping else epochs, "epochs": epochs}

    if job.devices > 1:
        network = distribution.gathered(network)
    finished = finishing.flip_averaged(network) if recipe.flip_averaging else network
    if recipe.temperature_scaling:
        temperature = fit_temperature(finished, measured["val"])
        finishing.scale_logits(finished, 1 / temperature)
        metrics["temperature"] = round(temperature, 6)
    for name, chosen in measured.items():
        accuracy, loss = measure(finished, chosen, job)
        metrics |= {f"{name}_accuracy": round(accuracy, 6), f"{name}_loss": round(loss, 6)}
    return finished, metrics
