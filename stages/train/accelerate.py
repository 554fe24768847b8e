"""What makes `Model.fit` fast: batches gathered from resident uint8 data, and a fused Adam.

The one place that knows the TensorFlow backend; under another backend it gives plain Keras.
"""

import itertools

import keras
import numpy as np

STEPS_PER_CALL = 32  # training steps for each call into the backend; more gains nothing


def epoch_order(count: int, seed: int, epoch: int) -> np.ndarray:
    """Return the int64 permutation of `count` rows in which epoch number `epoch` sees them."""
    return np.random.default_rng([seed, epoch]).permutation(count)


def shuffled_batches(images, labels, batch_size: int, seed: int):
    """Return an endless `tf.data.Dataset` of (images, labels) batches, and steps an epoch.

    Args:
        images: uint8 (n, rows, columns), copied once into the backend's memory.
        labels: uint8 (n,).
    """
    import tensorflow as tf

    steps = -(-len(images) // batch_size)
    orders = tf.data.Dataset.from_generator(
        lambda: (epoch_order(len(labels), seed, epoch) for epoch in itertools.count()),
        output_signature=tf.TensorSpec([len(labels)], tf.int64),
    )
    with tf.device("CPU"):
        images, labels = tf.constant(images), tf.constant(labels)

    def batches_of(order):
        def batch(step):
            rows = order[step * batch_size : (step + 1) * batch_size]
            return tf.gather(images, rows), tf.gather(labels, rows)

        return tf.data.Dataset.range(steps).map(batch)

    return orders.flat_map(batches_of).prefetch(2 * STEPS_PER_CALL), steps


class FusedAdam(keras.optimizers.Adam):
    """Adam with TensorFlow's one kernel for each variable in place of some fifteen.

    The same formula as `keras.optimizers.Adam` (Kingma and Ba, 2015, end of section 2).
    """

    def update_step(self, gradient, variable, learning_rate):
        import tensorflow as tf

        index = self._get_variable_index(variable)
        step = tf.cast(self.iterations + 1, variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(tf.cast(self.beta_1, variable.dtype), step),
            beta2_power=tf.pow(tf.cast(self.beta_2, variable.dtype), step),
            lr=tf.cast(learning_rate, variable.dtype),
            beta1=tf.cast(self.beta_1, variable.dtype),
            beta2=tf.cast(self.beta_2, variable.dtype),
            epsilon=tf.cast(self.epsilon, variable.dtype),
            grad=tf.cast(gradient, variable.dtype),
        )


def make_optimizer(name: str, learning_rate: float) -> keras.optimizers.Optimizer:
    """Return the Keras optimizer `name`, in its fused form where there is one."""
    if name == "adam" and keras.backend.backend() == "tensorflow":
        return FusedAdam(learning_rate)
    return keras.optimizers.get({"class_name": name, "config": {"learning_rate": learning_rate}})
