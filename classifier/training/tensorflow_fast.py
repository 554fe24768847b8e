"""What makes TensorFlow fast: a compiled loop for dense networks, fused kernels for others.

`fit` uses it under that backend. With `tensorflow_loop`, it is all of training that imports
TensorFlow.
"""

import keras
import tensorflow as tf

from classifier.training.tensorflow_loop import LoopModel


class ThreefryDropout(keras.layers.Dropout):
    """Keras' dropout on Threefry random numbers, for XLA."""

    def call(self, inputs, training=False):
        if not training:
            return inputs
        seed = tf.cast(self.seed_generator.next(), tf.int32)
        numbers = tf.random.stateless_uniform(
            inputs.shape, seed, dtype=inputs.dtype, alg="threefry"
        )
        return tf.where(numbers >= self.rate, inputs / (1 - self.rate), 0)


class FusedBatchNormalization(keras.layers.Layer):
    """Another batch normalisation, on its weights, by TensorFlow's fused kernel in training."""

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


def accelerated(network: keras.Model) -> tuple[type[keras.Model], keras.Model]:
    """Return what kind of model to train with, and a faster network over the same weights.

    XLA's convolutions are slower on a CPU than TensorFlow's, which also compute in bfloat16: so a
    convolutional network trains by Keras' own `fit`.
    """
    is_convolutional = any(isinstance(layer, keras.layers.Conv2D) for layer in network.layers)

    def faster(layer):
        if is_convolutional and type(layer) is keras.layers.BatchNormalization:
            return FusedBatchNormalization(layer)
        if not is_convolutional and type(layer) is keras.layers.Dropout:
            return ThreefryDropout.from_config(layer.get_config())
        return layer

    layers = keras.models.clone_model(network, clone_function=faster)
    return (keras.Model if is_convolutional else LoopModel), layers
