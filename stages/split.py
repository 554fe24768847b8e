"""Choose the validation rows, the same share of every class.

Reads   data/processed/train_labels.npy
Writes  data/split/{train,val}_indices.npy   int64, sorted, rows of train_images.npy
"""

from pathlib import Path

import numpy as np

from classifier.errors import InputError
from classifier.files.arrays import read_array, write_blocks
from classifier.knobs import Fraction, Section, Seed

LABELS = Path("data/processed/train_labels.npy")
TRAIN_ROWS = Path("data/split/train_indices.npy")
VAL_ROWS = Path("data/split/val_indices.npy")
BLOCK_ROWS = 1_000_000  # in memory at a time


class Split(Section):
    val_fraction: Fraction  # of each class's training images
    seed: Seed


def stratified_split(labels: np.ndarray, val_fraction: float, seed: int) -> np.ndarray:
    """Return which rows of `labels`, uint8 (n,), are for validation: bool (n,).

    Rows are drawn from a block at a time, so that each class has its share in every part of the
    data.

    Raises:
        InputError: a class has too few images to stand in both.
    """
    generator = np.random.default_rng(seed)
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
    for label in np.flatnonzero(seen):
        if not 0 < chosen[label] < seen[label]:
            counts = f"{seen[label] - chosen[label]} and {chosen[label]}"
            received = f"received {counts} with split.val_fraction {val_fraction}"
            expected = f"expected class {label} in training and validation"
            raise InputError(f"{LABELS}: {expected}, {received}")
    return is_val


def write_rows(path: Path, chosen: np.ndarray) -> int:
    """Write the numbers of the rows that are True in `chosen`, bool (n,); return their count."""
    count = int(chosen.sum())
    starts = range(0, len(chosen), BLOCK_ROWS)
    parts = (start + np.flatnonzero(chosen[start : start + BLOCK_ROWS]) for start in starts)
    write_blocks(path, np.int64, (count,), parts)
    return count


def main(split: Split):
    labels = read_array(LABELS, "uint8", ndim=1)
    is_val = stratified_split(labels, split.val_fraction, split.seed)
    train = write_rows(TRAIN_ROWS, ~is_val)
    val = write_rows(VAL_ROWS, is_val)
    print(f"split: train {train:,}  val {val:,}")
