"""Class weights: how much an image of each class counts in the loss of training.

They count in no other figure: validation and test images stay as frequent as they are.
"""

import keras
import numpy as np

from classifier.files.arrays import blocks, take
from classifier.training.losses import as_probabilities


def balanced(labels: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return weights with which all classes count the same, as scikit-learn's "balanced" does.

    That is n / (classes * images of the class), and 0 for a class that has no image.

    Args:
        labels: uint8 (n,), perhaps mapped.
        rows: of `labels`, int64, perhaps mapped: those of the training images.

    Returns:
        float64 (classes,): by the classes' numbers.
    """
    counts = np.zeros(256, int)
    for part in blocks(rows):
        counts += np.bincount(take(labels, part), minlength=256)
    counts = np.trim_zeros(counts, "b")
    is_there = counts > 0
    share = len(rows) / is_there.sum()  # of the images, that each class counts for
    return np.divide(share, counts, out=np.zeros(len(counts)), where=is_there)


def weighing_classes(kind: type[keras.Model], class_weights: np.ndarray) -> type[keras.Model]:
    """Return a kind of model whose loss is weighted while it trains, and not while it is evaluated.

    `fit(class_weight=...)` of Keras does the same. But it refuses batches that have weights, as
    several processes have, and the compiled loop gathers its batches by itself.
    """

    class WeighingClasses(kind):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            if training:
                targets = as_probabilities(y, len(class_weights))
                weights = keras.ops.matmul(targets, class_weights.astype(np.float32))
                sample_weight = weights if sample_weight is None else weights * sample_weight
            return super().compute_loss(x, y, y_pred, sample_weight, training)

    return WeighingClasses
