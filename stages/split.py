"""Choose the validation rows, the same share of every class.

Reads   data/processed/train_labels.npy
Writes  data/split/{train,val}_indices.npy   int64, sorted, rows of train_images.npy
"""

from pathlib import Path

import numpy as np

from stages import params
from stages.errors import InputError
from stages.files import read_array, write_blocks
from stages.process import run

LABELS, SPLIT = Path("data/processed/train_labels.npy"), Path("data/split")
BLOCK = 1_000_000  # rows in memory at a time


def stratified_split(labels: np.ndarray, val_fraction: float, seed: int) -> np.ndarray:
    """Return which rows of `labels`, uint8 (n,), are for validation: bool (n,).

    Rows are drawn from a block at a time, so that each class has its share in every part of the data.

    Raises InputError where a class has too few images to stand in both.
    """
    generator = np.random.default_rng(seed)
    is_val = np.zeros(len(labels), bool)
    seen, chosen = np.zeros(256, int), np.zeros(256, int)  # rows of each class
    for start in range(0, len(labels), BLOCK):
        block = labels[start : start + BLOCK]
        for label in np.unique(block):
            rows = generator.permutation(np.flatnonzero(block == label))
            seen[label] += len(rows)
            count = round(seen[label] * val_fraction) - chosen[label]
            chosen[label] += count
            is_val[start + rows[:count]] = True
    for label in np.flatnonzero(seen):
        if not 0 < chosen[label] < seen[label]:
            found = f"{seen[label] - chosen[label]} and {chosen[label]} with split.val_fraction {val_fraction}"
            raise InputError(f"{LABELS}: expected class {label} in training and validation, received {found}")
    return is_val


def write_rows(path: Path, chosen: np.ndarray) -> int:
    """Write the numbers of the rows that are True in `chosen`, bool (n,); return how many they are."""
    starts, count = range(0, len(chosen), BLOCK), int(chosen.sum())
    parts = (start + np.flatnonzero(chosen[start : start + BLOCK]) for start in starts)
    write_blocks(path, np.int64, (count,), parts)
    return count


def main():
    settings = params.read().split
    is_val = stratified_split(read_array(LABELS, "uint8", ndim=1), settings.val_fraction, settings.seed)
    train = write_rows(SPLIT / "train_indices.npy", ~is_val)
    val = write_rows(SPLIT / "val_indices.npy", is_val)
    print(f"split: train {train:,}  val {val:,}")


if __name__ == "__main__":
    run(main, stage="split")
