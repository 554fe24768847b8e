"""What makes `Model.fit` fast: batches gathered in TensorFlow from resident uint8 data, and a fused Adam.

The one place that imports TensorFlow.
"""

import keras
import numpy as np
import tensorflow as tf

STEPS_PER_CALL = 32  # steps for each call into the backend; more gains nothing


def compile_model(model: keras.Model, optimizer: str, learning_rate: float) -> None:
    """Compile `model` for integer labels, with the accuracy as its metric."""
    model.compile(
        make_optimizer(optimizer, learning_rate),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=STEPS_PER_CALL,
    )


def make_optimizer(name: str, learning_rate: float) -> keras.optimizers.Optimizer:
    """Return the Keras optimizer `name`, fused where there is such a kernel."""
    if name == "adam" and keras.backend.backend() == "tensorflow":
        return FusedAdam(learning_rate)
    return keras.optimizers.get({"class_name": name, "config": {"learning_rate": learning_rate}})


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


class EpochOrder(keras.callbacks.Callback):
    """The order of the rows in the epoch that `fit` is in: as a callback, it is told which."""

    def __init__(self, rows: np.ndarray, seed: int):
        super().__init__()
        self.all_rows, self.seed, self.epoch = rows, seed, 0

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def rows(self) -> np.ndarray:
        """Return the rows permuted by seed and epoch alone."""
        return np.random.default_rng([self.seed, self.epoch]).permutation(self.all_rows)


def batches(images: tf.Tensor, labels: tf.Tensor, rows, count: int, batch_size: int) -> tf.data.Dataset:
    """Return (images, labels) batches of the `count` row numbers, int64, that `rows()` gives at each iteration."""
    steps = -(-count // batch_size)

    def batches_of(order):
        def batch(step):
            chosen = order[step * batch_size : (step + 1) * batch_size]
            return tf.gather(images, chosen), tf.gather(labels, chosen)

        return tf.data.Dataset.range(steps).map(batch)

    order = tf.data.Dataset.from_generator(lambda: iter([rows()]), output_signature=tf.TensorSpec([count], tf.int64))
    return order.flat_map(batches_of).apply(tf.data.experimental.assert_cardinality(steps)).prefetch(2)
