"""What makes TensorFlow fast: many training steps in one call that XLA compiles, or fused kernels for convolutions.

Used by `fitting` under the TensorFlow backend, and the one place that imports TensorFlow. Three findings shape it, each
measured: XLA is fast on a CPU only if the loop carries the weights as values, not as variables; if random numbers are
Threefry's, not TensorFlow's default Philox's; and if all calls have one shape, but for a short last batch.
"""

import keras
import numpy as np
import tensorflow as tf
from keras.src.backend.tensorflow.optimizer import TFOptimizer
from keras.src.optimizers.base_optimizer import BaseOptimizer

from stages.train.batches import Batches

CALL_BYTES = 24 * 2**20  # of images in one call; each call costs some 5 ms


class Dropout(keras.layers.Dropout):
    """Keras' dropout on Threefry random numbers, for XLA."""

    def call(self, inputs, training=False):
        if not training:
            return inputs
        seed = tf.cast(self.seed_generator.next(), tf.int32)
        numbers = tf.random.stateless_uniform(inputs.shape, seed, dtype=inputs.dtype, alg="threefry")
        return tf.where(numbers >= self.rate, inputs / (1 - self.rate), 0)


def over_values(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """Return the same optimizer, able to work on values in place of variables, as under other backends.

    What Keras' TensorFlow half of all optimizers overrides, for `tf.distribute`, is again what all backends share.
    """
    shared = {name: method for name, method in vars(BaseOptimizer).items() if callable(method) and name[:2] != "__"}
    half = type("OverValues", (TFOptimizer,), {name: shared[name] for name in vars(TFOptimizer) if name in shared})
    kind = type(optimizer)
    return type(kind.__name__, (kind, half), {}).from_config(optimizer.get_config())


def numbers(stop: int, step: int = 1) -> tf.data.Dataset:
    """Return 0, step, 2 step, ... below `stop`, without the tuning that can take half a second at its end."""
    options = tf.data.Options()
    options.autotune.enabled = False
    return tf.data.Dataset.range(0, stop, step).with_options(options)


class BatchNormalization(keras.layers.Layer):
    """Another batch normalisation, on its weights, by TensorFlow's fused kernel when training."""

    def __init__(self, layer: keras.layers.BatchNormalization):
        super().__init__(name=layer.name, dtype=layer.dtype_policy)
        self.layer = layer

    def call(self, inputs, training=False, mask=None):
        layer = self.layer
        if not training:
            return layer(inputs, training=False)
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            inputs, layer.gamma.value, layer.beta.value, epsilon=layer.epsilon, is_training=True
        )
        for moving, new in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
            moving.assign(moving * layer.momentum + new * (1 - layer.momentum))
        return outputs


class LoopModel(keras.Model):
    """A model whose `fit` takes `Batches` and trains on many in one call.

    Everything else is Keras' own: callbacks, progress, validation, optimizers, losses, metrics.
    """

    def compile(self, optimizer, loss, **options):
        super().compile(over_values(optimizer), loss, **options)

    def fit(self, batches: Batches, validation_data: Batches | None = None, **options):
        self.batches, self.test_batches = batches, validation_data
        self.steps_per_call = max(1, min(len(batches), CALL_BYTES // (batches.image_bytes * batches.batch_size)))
        validation_numbers = validation_data and numbers(len(validation_data))
        return super().fit(numbers(len(batches), self.steps_per_call), validation_data=validation_numbers, **options)

    def evaluate(self, x, **options):
        if isinstance(x, Batches):
            self.test_batches, x = x, numbers(len(x))
        return super().evaluate(x, **options)

    def make_train_function(self, force=False):
        if self.train_function is not None and not force:
            return
        self._make_variables(*map(tf.convert_to_tensor, self.batches[0]))
        variables = [*self.variables, *self.metrics_variables, *self.optimizer.variables]
        variables = list({id(variable): variable for variable in variables}.values())

        @tf.function(jit_compile=True)
        def run(images, labels, count):
            def step(number, values):
                with keras.StatelessScope(zip(variables, values, strict=True)) as scope:
                    self._step(images[number], labels[number])
                updated = [scope.get_current_value(variable) for variable in variables]
                return number + 1, [old if new is None else new for old, new in zip(values, updated, strict=True)]

            start = [tf.convert_to_tensor(variable.value) for variable in variables]
            _, values = tf.while_loop(lambda number, _: number < count, step, (0, start))
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)

        def train_function(iterator):
            for chunk in self._chunks(int(next(iterator))):
                run(*map(tf.convert_to_tensor, chunk))
            return self.get_metrics_result()

        self.train_function = train_function

    def make_test_function(self, force=False):
        if self.test_function is None or force:
            step = tf.function(self.test_step, reduce_retracing=True)
            self.test_function = lambda iterator: step(
                tuple(map(tf.convert_to_tensor, self.test_batches[int(next(iterator))]))
            )

    def _make_variables(self, images, labels):
        """Make all variables that a step writes: the loop must know them before it is traced."""
        self.compute_metrics(images, labels, self(images))
        self.reset_metrics()
        self.optimizer.build(self.trainable_variables)

    def _chunks(self, first: int):
        """Yield images and labels, (steps, batch size, ...), and how many steps to take; a short batch comes alone."""
        batches, size = self.batches, self.batches.batch_size
        rows = batches.rows[first * size : (first + self.steps_per_call) * size]
        count, short = divmod(len(rows), size)
        if count:  # always the same shape: only `count` steps are taken
            chosen = np.resize(rows[: count * size], (self.steps_per_call, size))
            yield *batches.gather(chosen), count
        if short:
            chosen = rows[None, -short:]
            yield *batches.gather(chosen), 1

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


def accelerated(network: keras.Model) -> tuple[type[keras.Model], keras.Model]:
    """Return what kind of model to train with, and a network over the same weights with faster equals of its layers.

    XLA's convolutions are slower on a CPU than TensorFlow's, which also compute in bfloat16.
    """
    convolutional = any(isinstance(layer, keras.layers.Conv2D) for layer in network.layers)

    def faster(layer):
        if convolutional and type(layer) is keras.layers.BatchNormalization:
            return BatchNormalization(layer)
        if not convolutional and type(layer) is keras.layers.Dropout:
            return Dropout.from_config(layer.get_config())
        return layer

    layers = keras.models.clone_model(network, clone_function=faster)
    return (keras.Model if convolutional else LoopModel), layers
