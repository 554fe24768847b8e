"""Chooses rows for validation and for training, of any number of them."""

from pathlib import Path

import numpy as np

from classifier.errors import InputError
from classifier.files.arrays import write_blocks

BLOCK_ROWS = 1_000_000  # in memory at a time


def stratified_split(
    labels: np.ndarray, val_fraction: float, share: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows of `labels`, uint8 (n,), are for training and for validation: bool (n,).

    Rows are drawn from a block at a time, so that each class has its share in every part of the
    data; a small class gives one row for validation. `share` is of the rows that are not for
    validation, but at least one of a class in a block. A smaller one's rows are among a larger
    one's; those for validation are always the same.

    Raises:
        InputError: a class has too few images to stand in both.
    """
    generator = np.random.default_rng(seed)
    is_train = np.zeros(len(labels), bool)
    is_val = np.zeros(len(labels), bool)
    seen = np.zeros(256, int)  # rows of each class so far
    chosen = np.zeros(256, int)
    for start in range(0, len(labels), BLOCK_ROWS):
        block = labels[start : start + BLOCK_ROWS]
        for label in np.unique(block):
            rows = generator.permutation(np.flatnonzero(block == label))
            seen[label] += len(rows)
            count = round(seen[label] * val_fraction) - chosen[label]
            chosen[label] += count
            is_val[start + rows[:count]] = True
            others = rows[count:]
            is_train[start + others[: max(1, round(len(others) * share))]] = True
    for label in np.flatnonzero((seen > 1) & (chosen == 0)):
        rows = np.flatnonzero(labels == label)
        is_train[rows[0]], is_train[rows[-1]], is_val[rows[-1]] = True, False, True
        chosen[label] = 1
    for label in np.flatnonzero(seen):
        if not 0 < chosen[label] < seen[label]:
            counts = f"{seen[label] - chosen[label]} and {chosen[label]}"
            received = f"received {counts} with split.val_fraction {val_fraction}"
            expected = f"expected class {label} in training and validation"
            raise InputError(f"split: {expected}, {received}")
    return is_train, is_val


def write_rows(path: Path, chosen: np.ndarray) -> int:
    """Write the numbers of the rows that are True in `chosen`, bool (n,); return their count."""
    count = int(chosen.sum())
    starts = range(0, len(chosen), BLOCK_ROWS)
    parts = (start + np.flatnonzero(chosen[start : start + BLOCK_ROWS]) for start in starts)
    write_blocks(path, np.int64, (count,), parts)
    return count
