"""Deals images into parts, and holds each part out in turn."""

import numpy as np

from classifier.training.data import Data

VAL_PARTS = 10  # of the rows that are trained with; one of them says when to stop


def deal(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Return the part of each row, int64 (n,), 0 to count - 1.

    Each part has the same share of every class, but for a row. Unlike scikit-learn's
    `StratifiedKFold`, this takes classes of fewer rows than there are parts.

    Args:
        labels: uint8 (n,).
    """
    generator = np.random.default_rng(seed)
    by_class = [generator.permutation(np.flatnonzero(labels == each)) for each in np.unique(labels)]
    parts = np.empty(len(labels), np.int64)
    parts[np.concatenate(by_class)] = np.arange(len(labels)) % count
    return parts


def without(
    part: int, parts: np.ndarray, images: np.ndarray, labels: np.ndarray, seed: int
) -> Data:
    """Return the data to train with where a part is held out: its rows are in no use.

    Args:
        parts: of each row, as `deal` returns.
        images: uint8 (n, rows, columns, channels).
        labels: uint8 (n,).
    """
    others = np.flatnonzero(parts != part)
    is_val = deal(labels[others], VAL_PARTS, seed) == 0
    return Data(images, labels, train_rows=others[~is_val], val_rows=others[is_val])
