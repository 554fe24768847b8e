"""Many training steps in one call that XLA compiles, inside Keras' own `fit`.

Three findings shape it, each measured. XLA is fast on a CPU only if the loop carries the weights
as values, not as variables. Random numbers must be Threefry's, not TensorFlow's default Philox's.
And all calls must have one shape, but for a short last batch.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import tensorflow as tf
from keras.src.backend.tensorflow.optimizer import TFOptimizer
from keras.src.optimizers.base_optimizer import BaseOptimizer

from classifier.training.batches import Batches

CALL_BYTES = 24 * 2**20  # of images in one call; each call costs some 5 ms


def over_values(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """Return the same optimizer, able to update plain tensors, as Keras does on JAX.

    XLA is slow on variables. But under TensorFlow, Keras overrides what all backends share with
    methods for `tf.distribute`, which need variables. This copy has the shared methods again.
    """
    shared = {}
    for name, method in vars(BaseOptimizer).items():
        if callable(method) and not name.startswith("__") and name in vars(TFOptimizer):
            shared[name] = method
    without_overrides = type("WithoutOverrides", (TFOptimizer,), shared)
    kind = type(optimizer)
    over_tensors = type(kind.__name__, (kind, without_overrides), {})
    return over_tensors.from_config(optimizer.get_config())


def numbers(stop: int, step: int = 1) -> tf.data.Dataset:
    """Return 0, step, 2 step, ... below `stop`.

    Without autotuning, which can take half a second at an iterator's end.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return tf.data.Dataset.range(0, stop, step).with_options(options)


class Prefetch:
    """Calls a function of 0, step, 2 step, …; while a result is used, with the next number."""

    def __init__(self, function: Callable, step: int):
        self.function = function
        self.step = step
        self.thread = ThreadPoolExecutor(1)
        self.upcoming = {}  # what is begun, by its number: one at most

    def __call__(self, number: int, stop: int):
        """Return what the function gives for a number; numbers end below `stop`."""
        begun = self.upcoming.pop(number, None)
        result = begun.result() if begun else self.function(number)
        following = number + self.step
        if following < stop:
            self.upcoming = {following: self.thread.submit(self.function, following)}
        return result


class LoopModel(keras.Model):
    """A model whose `fit` takes `Batches` and trains on many in one call.

    Everything else is Keras' own: callbacks, progress, validation, optimizers, losses, metrics.
    TensorFlow's dataset carries numbers of batches alone. NumPy gathers the images, since a
    generator's dataset made XLA's work buffers come and go with every step: 1.5 s in place of 0.6.
    """

    def compile(self, optimizer, loss, **options):
        super().compile(over_values(optimizer), loss, **options)

    def fit(self, batches: Batches, validation_data: Batches | None = None, **options):
        self.batches = batches
        self.test_batches = validation_data
        steps = CALL_BYTES // (batches.image_bytes * batches.batch_size)
        self.steps_per_call = max(1, min(len(batches), steps))
        if validation_data:
            options["validation_data"] = numbers(len(validation_data))
        return super().fit(numbers(len(batches), self.steps_per_call), **options)

    def evaluate(self, x, **options):
        if isinstance(x, Batches):
            self.test_batches = x
            x = numbers(len(x))
        return super().evaluate(x, **options)

    def make_train_function(self, force=False):
        if self.train_function is not None and not force:
            return
        self._make_variables(*map(tf.convert_to_tensor, self.batches[0]))
        run = self._compiled_loop()
        chunks = Prefetch(lambda first: list(self._chunks(first)), self.steps_per_call)

        def train_function(iterator):
            for chunk in chunks(int(next(iterator)), len(self.batches)):
                run(*map(tf.convert_to_tensor, chunk))
            return self.get_metrics_result()

        self.train_function = train_function

    def _make_variables(self, images, labels):
        """Make all variables that a step writes: the loop must know them before it is traced."""
        self.compute_metrics(images, labels, self(images))
        self.reset_metrics()
        self.optimizer.build(self.trainable_variables)

    def _compiled_loop(self):
        """Return a function that takes the first `count` of some steps, each on a batch."""
        variables = [*self.variables, *self.metrics_variables, *self.optimizer.variables]
        variables = list({id(variable): variable for variable in variables}.values())

        def step(images, labels, values):
            """Return the variables' new values: in the scope, writing to one assigns nothing."""
            with keras.StatelessScope(zip(variables, values, strict=True)) as scope:
                self._step(images, labels)
            updated = [scope.get_current_value(variable) for variable in variables]
            pairs = zip(values, updated, strict=True)
            return [old if new is None else new for old, new in pairs]

        @tf.function(jit_compile=True, autograph=False)
        def run(images, labels, count):
            def is_left(number, values):
                return number < count

            def next_step(number, values):
                return number + 1, step(images[number], labels[number], values)

            start = [tf.convert_to_tensor(variable.value) for variable in variables]
            _, values = tf.while_loop(is_left, next_step, (0, start))
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)

        return run

    def _step(self, x, y):
        """Keras' `train_step`, for variables that are values in a loop."""
        weights = [variable.value for variable in self.trainable_variables]
        with tf.GradientTape() as tape:
            tape.watch(weights)
            predictions = self(x, training=True)
            loss = self.compute_loss(x, y, predictions, training=True)
        self._loss_tracker.update_state(loss, sample_weight=y.shape[0])
        self.optimizer.apply(tape.gradient(loss, weights), self.trainable_variables)
        self.compute_metrics(x, y, predictions)

    def _chunks(self, first: int):
        """Yield images and labels, (steps, batch size, ...), and how many steps to take.

        The shape is always the same, whatever `count` is, so that XLA compiles once. Only a short
        last batch comes alone: filled up, batch statistics would see the padding.
        """
        size = self.batches.batch_size
        rows = self.batches.rows[first * size : (first + self.steps_per_call) * size]
        count, short = divmod(len(rows), size)
        if count:
            chosen = np.resize(rows[: count * size], (self.steps_per_call, size))
            yield *self.batches.gather(chosen), count
        if short:
            yield *self.batches.gather(rows[None, -short:]), 1

    def make_test_function(self, force=False):
        if self.test_function is not None and not force:
            return
        step = tf.function(self.test_step, reduce_retracing=True, autograph=False)

        def test_function(iterator):
            batch = self.test_batches[int(next(iterator))]
            return step(tuple(map(tf.convert_to_tensor, batch)))

        self.test_function = test_function
