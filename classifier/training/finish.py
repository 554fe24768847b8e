"""What is done to a trained network without training it; and its figures."""

import keras
import numpy as np

from classifier.training.batches import Batches
from classifier.training.data import Data
from classifier.training.processes import ALONE, Job, gathered
from classifier.training.views import View

TEMPERATURES = (0.1, 10.0)  # beyond these, something else is wrong
MAX_TEMPERATURE_BATCHES = 100  # are plenty for one number
MAX_MEASURED_VIEWS = 120_000  # of training images


def finish(network: keras.Model, data: Data, recipe, job: Job = ALONE) -> tuple[keras.Model, dict]:
    """Return the finished model of a trained network, and figures of the finishing by name.

    The model is `network` itself where the recipe averages nothing, else it holds that. The
    weights of the network's last layer change with `temperature_scaling`.
    """
    figures = {}
    if job.devices > 1:
        network = gathered(network)
    if recipe.temperature_scaling:
        best = fit_temperature(network, recipe.averaged_views, data.measured(data.val_rows))
        scale_logits(network, 1 / best)
        figures["temperature"] = round(best, 6)
    return averaged(network, recipe), figures


def steps_of(recipe) -> str:
    """Return in words what makes the finished model's figures others than those of its epoch."""
    steps = []
    if recipe.flip_averaging:
        steps.append("flip averaging")
    if recipe.shift_averaging:
        steps.append("shift averaging")
    if recipe.temperature_scaling:
        steps.append("temperature scaling")
    return f"  (with {', '.join(steps)})" if steps else ""


def measure(model: keras.Model, data: Data, recipe, job: Job = ALONE) -> dict:
    """Return accuracy and loss of a model on train and val, by name, without augmentation.

    Of training images, some are taken, evenly spaced, where all of their views are too many.
    """
    step = -(-len(data.train_rows) * len(recipe.averaged_views) // MAX_MEASURED_VIEWS)
    figures = {}
    for name, rows in {"train": data.train_rows[::step], "val": data.val_rows}.items():
        accuracy, loss = accuracy_and_loss(model, data.measured(rows), job)
        figures[f"{name}_accuracy"] = round(accuracy, 6)
        figures[f"{name}_loss"] = round(loss, 6)
    return figures


def accuracy_and_loss(model: keras.Model, batches: Batches, job: Job) -> tuple[float, float]:
    """Return the share of right predictions and the mean cross-entropy.

    Each process measures some of the batches.
    """
    sums = np.zeros(2)
    for number in range(job.index, len(batches), job.count):
        images, labels = batches[number]
        sums += right_and_loss(predict(model, images), labels)
    accuracy, loss = (job.total(sums) / len(batches.rows)).tolist()
    return accuracy, loss


def predict(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Return the probabilities of uint8 images, float64 (n, classes)."""
    return np.asarray(model.predict_on_batch(images), np.float64)


def right_and_loss(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the number of right predictions and the summed cross-entropy, float64 (2,)."""
    right = probabilities.argmax(axis=1) == labels
    likelihood = probabilities[np.arange(len(labels)), labels]
    loss = -np.log(np.maximum(likelihood, keras.config.epsilon()))
    return np.array([right.sum(), loss.sum()])


def averaged(network: keras.Model, recipe) -> keras.Model:
    """Return a model on the same weights that averages what it gives for views of an image.

    It is the network itself where the recipe has only the image as it is.
    """
    if len(recipe.averaged_views) == 1:
        return network
    pixels = keras.Input(network.input_shape[1:], name="pixels")
    each = [network(view) for view in views_of(pixels, recipe.averaged_views)]
    average = keras.layers.Average(name="average")(each)
    return keras.Model(pixels, average, name=network.name)


def views_of(pixels: keras.KerasTensor, views: list[View]) -> list[keras.KerasTensor]:
    """Return views of a model's input, each a tensor of its graph."""
    far = max(max(abs(view.down), abs(view.right)) for view in views)
    padded = keras.layers.ZeroPadding2D(far, name="border")(pixels) if far else pixels
    found = []
    for view in views:
        crop = ((far - view.down, far + view.down), (far - view.right, far + view.right))
        moved = keras.layers.Cropping2D(crop)(padded) if far else pixels
        found.append(keras.ops.flip(moved, axis=2) if view.is_mirrored else moved)
    return found


def fit_temperature(network: keras.Model, views: list[View], batches: Batches) -> float:
    """Return the temperature that is best for batches; of many, for some, evenly spaced."""
    step = -(-len(batches) // MAX_TEMPERATURE_BATCHES)
    probabilities, labels = [], []
    for number in range(0, len(batches), step):
        images, actual = batches[number]
        probabilities.append([predict(network, view.of(images)) for view in views])
        labels.append(actual)
    return temperature(np.concatenate(probabilities, axis=1), np.concatenate(labels))


def temperature(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the temperature at which the mean over views fits labels, (n,), best.

    Guo et al., On Calibration of Modern Neural Networks, ICML 2017.

    Args:
        probabilities: (views, n, classes).
    """
    from scipy.optimize import minimize_scalar

    def loss(log_temperature):
        each = softmax_at(np.exp(log_temperature), probabilities)
        return right_and_loss(each.mean(axis=0), labels)[1]

    found = minimize_scalar(loss, bounds=np.log(TEMPERATURES), method="bounded")
    return float(np.exp(found.x))


def softmax_at(temperature: float, probabilities: np.ndarray) -> np.ndarray:
    """Return probabilities, classes last, the logits behind them divided by a temperature."""
    from scipy.special import softmax

    smallest = np.finfo(np.float32).tiny
    return softmax(np.log(np.maximum(probabilities, smallest)) / temperature, axis=-1)


def scale_logits(network: keras.Model, factor: float) -> None:
    """Multiply the last layer's weights, and so the logits: the order of the classes stays."""
    last = network.layers[-1]
    last.set_weights([factor * weights for weights in last.get_weights()])
