"""The table of predictions for images of any number."""

import numpy as np

from classifier.evaluation.tables import tabulate
from classifier.files.arrays import blocks


def table_of(probabilities: np.ndarray, labels: np.ndarray):
    """Return the table of predictions, as `tabulate` does.

    Args:
        probabilities: float32 (n, classes); may be a mapped file.
        labels: class numbers, (n,).
    """
    import pandas as pd

    parts = []
    start = 0
    for block in blocks(probabilities):
        exact = block.astype(np.float64)
        exact /= exact.sum(axis=1, keepdims=True)  # 1 to float32's precision only
        stop = start + len(block)
        parts.append(tabulate(labels[start:stop].astype(int), exact))
        start = stop
    return pd.concat(parts, ignore_index=True).rename_axis("index")
