"""Fits a network as a recipe says."""

import contextlib
import functools
from collections.abc import Callable

import keras
import numpy as np

from classifier.training.augment import Augment
from classifier.training.batches import Batches, Shares
from classifier.training.checkpoint import Checkpoint
from classifier.training.class_weights import balanced, weighing_classes
from classifier.training.data import Data
from classifier.training.history import History
from classifier.training.losses import accuracy, crossentropy
from classifier.training.matching import matching_features, with_features
from classifier.training.processes import ALONE, Job
from classifier.training.shuffle import Shuffle


def fit(
    network: keras.Model,
    data: Data,
    recipe,
    seed: int,
    on_epoch: Callable | None = None,
    checkpoint: Checkpoint | None = None,
    job: Job = ALONE,
    callbacks: tuple = (),
) -> History:
    """Train a network, which takes images and gives probabilities, in place.

    Args:
        recipe: a `recipes.Recipe`.
        seed: of the order of the batches.
        on_epoch: hears of each epoch: its number, from 1, and its figures by name.
        checkpoint: where to go on from, and to save to.
        job: which of the processes that train together this is.
        callbacks: of Keras'; they hear of an epoch before `on_epoch` does.

    Raises:
        Diverged: a loss is NaN or infinite.
    """
    train = shared(data.lessons(recipe), job)
    val = shared(data.measured(data.val_rows), job)
    history = History(recipe, on_epoch, checkpoint)
    class_weights = balanced(data.labels, data.train_rows) if recipe.class_weight else None
    inner_layers = network.layers[2:-1]  # all but the pixels and the probabilities
    with computing_in(recipe.dtype or keras.config.floatx(), inner_layers):
        model = training_model(network, recipe, class_weights)
        optimizer = make_optimizer(recipe, steps_per_epoch=len(train))
        model.compile(optimizer, make_loss(recipe), weighted_metrics=[accuracy])
        model.fit(
            train,
            validation_data=val,
            shuffle=False,  # `Shuffle` does it
            initial_epoch=history.initial_epoch,
            epochs=recipe.epochs,
            callbacks=[Shuffle(train, seed), *callbacks, history],
            verbose=0,
        )
    return history


def shared(batches: Batches, job: Job) -> Batches:
    """Return this process's share of batches, where several devices train together."""
    return Shares(job, batches) if job.devices > 1 else batches


def training_model(
    network: keras.Model, recipe, class_weights: np.ndarray | None = None
) -> keras.Model:
    """Return an uncompiled model over the same weights that trains as a recipe says.

    Training images go through `Augment` first, if there is anything to do: lessons of a teacher
    have their views already. `network` stays plain.
    `class_weights`, (classes,), if any, are for the loss of training.
    """
    class_count = network.output_shape[-1]
    if recipe.feature_matching:
        network = with_features(network)
    kind, layers = keras.Model, network
    if keras.backend.backend() == "tensorflow":
        from classifier.training.tensorflow_fast import accelerated

        kind, layers = accelerated(network)
    if class_weights is not None:
        kind = weighing_classes(kind, class_weights)
    if recipe.feature_matching:
        kind = matching_features(kind, class_count, recipe.feature_matching)
    inputs = pixels = keras.Input(network.input_shape[1:])
    if not recipe.teacher and (recipe.flip or recipe.shift or recipe.erasing):
        inputs = Augment(recipe.flip, recipe.shift or 0, recipe.erasing or 0.0)(pixels)
    return kind(pixels, layers(inputs))


@contextlib.contextmanager
def computing_in(dtype: str, layers: list):
    """Let layers compute by another dtype policy; their weights are float32 in all of them."""
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
    names = {"learning_rate", "momentum", "nesterov", "weight_decay"}
    config = recipe.model_dump(include=names, exclude_unset=True)
    if recipe.learning_rate_schedule:
        config["learning_rate"] = cosine_decay(recipe, steps_per_epoch)
    return keras.optimizers.get({"class_name": recipe.optimizer, "config": config})


def cosine_decay(recipe, steps_per_epoch: int) -> keras.optimizers.schedules.CosineDecay:
    """Return a rate that rises from 0 in the warm-up, if any, and falls to 0 at the last step."""
    warmup_steps = (recipe.warmup_epochs or 0) * steps_per_epoch
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup_steps else recipe.learning_rate,
        decay_steps=recipe.epochs * steps_per_epoch - warmup_steps,
        warmup_target=recipe.learning_rate if warmup_steps else None,
        warmup_steps=warmup_steps,
    )


def make_loss(recipe) -> Callable:
    return functools.partial(crossentropy, label_smoothing=recipe.label_smoothing or 0.0)
