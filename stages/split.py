"""Choose the validation rows, the same share of every class.

Reads   data/processed/train_labels.npy
Writes  data/split/{train,val}_indices.npy   int64, sorted, rows of train_images.npy
"""

from pathlib import Path

import numpy as np

from stages import params
from stages.errors import InputError
from stages.files import read_array, write_array
from stages.process import run

LABELS, SPLIT = Path("data/processed/train_labels.npy"), Path("data/split")


def stratified_split(labels: np.ndarray, val_fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return sorted int64 row numbers, (train, val): together every row of `labels` once.

    Raises InputError where a class has too few images to stand in both.
    """
    generator = np.random.default_rng(seed)
    val = []
    for label in np.unique(labels):
        rows = generator.permutation(np.flatnonzero(labels == label))
        count = round(len(rows) * val_fraction)
        if not 0 < count < len(rows):
            found = f"{len(rows) - count} and {count} with split.val_fraction {val_fraction}"
            raise InputError(f"{LABELS}: expected class {label} in training and validation, received {found}")
        val.append(rows[:count])
    val = np.sort(np.concatenate(val)).astype(np.int64)
    return np.delete(np.arange(len(labels), dtype=np.int64), val), val


def main():
    settings = params.read().split
    train, val = stratified_split(read_array(LABELS, "uint8", ndim=1), settings.val_fraction, settings.seed)
    write_array(SPLIT / "train_indices.npy", train)
    write_array(SPLIT / "val_indices.npy", val)
    print(f"split: train {len(train):,}  val {len(val):,}")


if __name__ == "__main__":
    run(main, stage="split")
