"""What makes `Model.fit` fast: batches gathered from resident uint8 data, and a fused Adam.

The one place that imports TensorFlow.
"""

import keras
import numpy as np
import tensorflow as tf

STEPS_PER_CALL = 32  # training steps for each call into the backend; more gains nothing


def epoch_order(count: int, seed: int, epoch: int) -> np.ndarray:
    """Return the order, an int64 permutation of `count` rows, in which epoch 0, 1, … sees them."""
    return np.random.default_rng([seed, epoch]).permutation(count)


class CurrentEpoch(keras.callbacks.Callback):
    """Knows which epoch `fit` is in."""

    number = 0

    def on_epoch_begin(self, epoch, logs=None):
        self.number = epoch


def shuffled_batches(images, labels, batch_size: int, seed: int) -> tuple[tf.data.Dataset, CurrentEpoch]:
    """Return one epoch of (images, labels) batches, in the order of the epoch that the callback with it is told of.

    `images`, uint8 (n, rows, columns), and `labels`, uint8 (n,), are copied once into TensorFlow's memory.
    """
    count, steps, epoch = len(labels), -(-len(labels) // batch_size), CurrentEpoch()
    images, labels = tf.constant(images), tf.constant(labels)

    def batches(order):
        def batch(step):
            rows = order[step * batch_size : (step + 1) * batch_size]
            return tf.gather(images, rows), tf.gather(labels, rows)

        return tf.data.Dataset.range(steps).map(batch)

    order = tf.data.Dataset.from_generator(
        lambda: iter([epoch_order(count, seed, epoch.number)]), output_signature=tf.TensorSpec([count], tf.int64)
    )
    return order.flat_map(batches).apply(tf.data.experimental.assert_cardinality(steps)).prefetch(2), epoch


class FusedAdam(keras.optimizers.Adam):
    """`keras.optimizers.Adam` with one TensorFlow kernel for each variable in place of some fifteen.

    The same formula: Kingma and Ba, Adam, 2015, end of section 2.
    """

    def update_step(self, gradient, variable, learning_rate):
        index = self._get_variable_index(variable)
        beta_1, beta_2, epsilon, learning_rate, step = (
            tf.cast(value, variable.dtype)
            for value in (self.beta_1, self.beta_2, self.epsilon, learning_rate, self.iterations + 1)
        )
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(beta_1, step),
            beta2_power=tf.pow(beta_2, step),
            lr=learning_rate,
            beta1=beta_1,
            beta2=beta_2,
            epsilon=epsilon,
            grad=tf.cast(gradient, variable.dtype),
        )


def make_optimizer(name: str, learning_rate: float) -> keras.optimizers.Optimizer:
    """Return the Keras optimizer `name`, fused where there is such a kernel."""
    if name == "adam" and keras.backend.backend() == "tensorflow":
        return FusedAdam(learning_rate)
    return keras.optimizers.get({"class_name": name, "config": {"learning_rate": learning_rate}})
