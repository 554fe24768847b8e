"""Predictions for images of any number, which may be a mapped file."""

import numpy as np

from classifier.evaluation.tables import tabulate
from classifier.files.arrays import release

BATCH_BYTES = 784_000  # of images: 1000 of 28 × 28; no effect on the figures


def predict(model, images: np.ndarray, labels: np.ndarray):
    """Return the table of a Keras model's predictions, as `tabulate` does."""
    import pandas as pd

    parts = []
    size = max(1, BATCH_BYTES // images[:1].nbytes)
    for start in range(0, len(images), size):
        stop = start + size
        probabilities = np.asarray(model.predict_on_batch(images[start:stop]), np.float64)
        probabilities /= probabilities.sum(axis=1, keepdims=True)  # 1 to float32's precision only
        parts.append(tabulate(labels[start:stop].astype(int), probabilities))
        release(images)
    return pd.concat(parts, ignore_index=True).rename_axis("index")
