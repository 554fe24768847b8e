"""The compiled loop takes the steps of plain Keras, for each optimizer that a recipe may name."""

import threading
import typing

import numpy as np
import pytest
from training import RECIPE, keras

from classifier.training import networks
from classifier.training.batches import Batches
from classifier.training.class_weights import balanced
from classifier.training.fit import crossentropy, training_model
from classifier.training.recipes import Regimen
from classifier.training.shuffle import Shuffle

if keras.backend.backend() != "tensorflow":
    pytest.skip("the path of that backend alone", allow_module_level=True)

from classifier.training import tensorflow_loop
from classifier.training.tensorflow_loop import Prefetch

LEARNING_RATES = {
    "adam": 0.0005,
    "adamw": 0.0005,
    "lion": 0.0001,
    "nadam": 0.0005,
    "rmsprop": 0.0005,
    "sgd": 0.05,
}
RARE = ("lion", "nadam", "rmsprop")  # in no committed recipe
# The images are noise. Where a pixel is always 0, as in real images' corners, Adam divides a
# rounding error by another, and two correct programs drift apart.
GENERATOR = np.random.default_rng(0)
IMAGES = GENERATOR.integers(0, 256, (200, 28, 28, 1), np.uint8)
LABELS = GENERATOR.integers(0, 10, 200, np.uint8)
EPOCHS = 5


class Case(typing.NamedTuple):
    """What is trained: the same first weights each time, without dropout."""

    optimizer: str
    units: list[int]
    batch_size: int
    class_weights: np.ndarray | None = None

    def network(self):
        keras.utils.set_random_seed(3)
        return networks.dense_network((28, 28, 1), 10, self.units, "relu", 0.0)

    def compiled(self, model, loss):
        config = {"learning_rate": LEARNING_RATES[self.optimizer]}
        optimizer = keras.optimizers.get({"class_name": self.optimizer, "config": config})
        model.compile(optimizer, loss, metrics=["accuracy"])
        return model

    def trained_plainly(self):
        """Return the model and the figures of each epoch, by plain Keras."""
        model = self.compiled(self.network(), "sparse_categorical_crossentropy")
        weights = None if self.class_weights is None else dict(enumerate(self.class_weights))
        epochs = []
        for epoch in range(EPOCHS):
            rows = np.random.default_rng([5, epoch]).permutation(200)
            means = {"accuracy": 0.0, "loss": 0.0}
            for start in range(0, 200, self.batch_size):
                chosen = rows[start : start + self.batch_size]
                figures = model.train_on_batch(
                    IMAGES[chosen], LABELS[chosen], class_weight=weights, return_dict=True
                )
                for name, figure in figures.items():
                    means[name] += figure * len(chosen) / 200
            val = model.evaluate(IMAGES[:70], LABELS[:70], verbose=0, return_dict=True)
            epochs.append(means | {f"val_{name}": figure for name, figure in val.items()})
        return model, epochs

    def trained_in_loop(self):
        """Return the model and the figures of each epoch, by the loop."""
        model = training_model(self.network(), RECIPE, self.class_weights)
        self.compiled(model, crossentropy)
        assert isinstance(model, tensorflow_loop.LoopModel)
        train = Batches(IMAGES, LABELS, np.arange(200), self.batch_size)
        val = Batches(IMAGES, LABELS, np.arange(70), 50)
        options = {"epochs": EPOCHS, "shuffle": False, "callbacks": [Shuffle(train, seed=5)]}
        fitted = model.fit(train, val, verbose=0, **options)
        epochs = []
        for number in range(EPOCHS):
            epochs.append({name: values[number] for name, values in fitted.history.items()})
        return model, epochs


def check_agreement(one, other):
    """Assert that two trained models, with their epochs, are the same to float32's precision."""
    (model, epochs), (other_model, other_epochs) = one, other
    for figures, expected in zip(epochs, other_epochs, strict=True):
        assert figures == pytest.approx(expected, rel=1e-4)
    assert model.optimizer.iterations == other_model.optimizer.iterations
    weights = np.concatenate([array.ravel() for array in model.get_weights()])
    expected = np.concatenate([array.ravel() for array in other_model.get_weights()])
    assert np.linalg.norm(weights - expected) < 1e-4 * np.linalg.norm(expected)


ADAM = Case("adam", [16], batch_size=60)  # the last batch of an epoch is short


@pytest.fixture(scope="module")
def plain_adam():
    model, epochs = ADAM.trained_plainly()
    assert model.optimizer.iterations == 20
    return model, epochs


@pytest.mark.parametrize(
    "call_bytes",
    [1, 100_000, 10_000_000],
    ids=["a batch a call", "two batches a call", "an epoch a call"],
)
def test_loop_and_plain_keras_agree_after_20_steps(call_bytes, plain_adam, monkeypatch):
    monkeypatch.setattr(tensorflow_loop, "CALL_BYTES", call_bytes)
    check_agreement(ADAM.trained_in_loop(), plain_adam)


def test_loop_and_plain_keras_agree_on_class_weights():
    skewed = np.flatnonzero((LABELS < 5) | (np.arange(200) % 4 == 0))
    case = ADAM._replace(class_weights=balanced(LABELS, skewed))
    assert case.class_weights.max() > 3 * case.class_weights.min()
    check_agreement(case.trained_in_loop(), case.trained_plainly())


@pytest.mark.long
@pytest.mark.parametrize(
    "optimizer",
    ["adamw", "sgd", *(pytest.param(name, marks=pytest.mark.slow) for name in RARE)],
)
def test_loop_and_plain_keras_agree_on_other_optimizers(optimizer):
    case = Case(optimizer, [16], batch_size=50)
    check_agreement(case.trained_in_loop(), case.trained_plainly())


def test_each_optimizer_of_a_recipe_is_compared():
    known = typing.get_args(Regimen.model_fields["optimizer"].annotation)
    assert LEARNING_RATES.keys() == set(known)


def test_the_next_chunk_is_gathered_while_one_is_used():
    is_begun = threading.Event()

    def gather(number):
        if number:
            is_begun.set()
        return number

    chunks = Prefetch(gather, step=2)
    assert chunks(0, stop=5) == 0
    assert is_begun.wait(timeout=10)
    assert [chunks(2, stop=5), chunks(4, stop=5), chunks(0, stop=5)] == [2, 4, 0]


def test_an_epoch_that_was_interrupted_leaves_nothing_to_the_next():
    chunks = Prefetch(lambda number: number, step=2)
    assert [chunks(0, stop=9), chunks(2, stop=9)] == [0, 2]
    assert [chunks(0, stop=9), chunks(2, stop=9)] == [0, 2]
