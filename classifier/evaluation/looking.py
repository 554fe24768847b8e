"""What a Keras model sees in images of any number, as they are and changed a little."""

import itertools

import numpy as np

from classifier.files.arrays import blocks
from classifier.images.changes import CHANGES

BATCH_BYTES = 784_000  # of images: 1000 of 28 × 28; no effect on the figures


def predict(model, images: np.ndarray, change=None):
    """Yield a model's probabilities for consecutive images, float32 (some, classes)."""
    numbers = itertools.count()
    for block in blocks(images, BATCH_BYTES):
        if change:
            block = np.stack([change.function(image, next(numbers)) for image in block])
        yield np.asarray(model.predict_on_batch(block))


def changed_labels(model, images: np.ndarray) -> np.ndarray:
    """Return the labels of images that are changed a little, uint8 (changes, n)."""
    labels = []
    for change in CHANGES:
        probabilities = np.concatenate(list(predict(model, images, change)))
        labels.append(probabilities.argmax(axis=1).astype(np.uint8))
    return np.stack(labels)
