"""What is done to a trained network without training it: averaging over mirrored images, temperature, measuring."""

import keras
import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import softmax

TEMPERATURES = (0.1, 10.0)  # beyond these, something else is wrong


def flip_averaged(network: keras.Model) -> keras.Model:
    """Return a model on the same weights that takes the mean of its features over image and mirror image.

    Features are what its last layer takes. That is linear up to its softmax, so the logits are averaged.
    """
    *_, last = network.layers
    features = keras.Model(network.input, last.input, name="features")
    pixels = keras.Input(network.input_shape[1:], name="pixels")
    both = [features(pixels), features(keras.ops.flip(pixels, axis=2))]
    return keras.Model(pixels, last(keras.layers.Average(name="flip_average")(both)), name=network.name)


def softmax_at(temperature: float, probabilities: np.ndarray) -> np.ndarray:
    """Return what probabilities, (n, classes), are once the logits behind them are divided by a temperature."""
    return softmax(np.log(np.maximum(probabilities, np.finfo(np.float32).tiny)) / temperature, axis=1)


def temperature(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the temperature at which the cross-entropy of probabilities, (n, classes), with labels is lowest.

    Guo et al., On Calibration of Modern Neural Networks, ICML 2017.
    """

    def loss(log_temperature):
        return right_and_loss(softmax_at(np.exp(log_temperature), probabilities), labels)[1]

    return float(np.exp(minimize_scalar(loss, bounds=np.log(TEMPERATURES), method="bounded").x))


def scale_logits(model: keras.Model, factor: float) -> None:
    """Multiply the weights of the last layer, and so the logits: the order of the classes stays."""
    last = model.layers[-1]
    last.set_weights([factor * weights for weights in last.get_weights()])


def right_and_loss(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the number of right predictions and the summed cross-entropy, float64 (2,)."""
    right = probabilities.argmax(axis=1) == labels
    likelihood = np.maximum(probabilities[np.arange(len(labels)), labels], keras.config.epsilon())
    return np.array([right.sum(), -np.log(likelihood).sum()])
