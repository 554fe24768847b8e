"""Choose the rows for validation and for training, the same share of every class.

Reads   data/processed/train_labels.npy
Writes  data/split/{train,val}_indices.npy   int64, sorted, rows of train_images.npy
"""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from classifier.files.arrays import read_array
from classifier.knobs import Fraction, Section, Seed
from classifier.splitting import stratified_split, write_rows

LABELS = Path("data/processed/train_labels.npy")
TRAIN_ROWS = Path("data/split/train_indices.npy")
VAL_ROWS = Path("data/split/val_indices.npy")


class Split(Section):
    val_fraction: Fraction  # of each class's training images
    share: Annotated[float, Field(gt=0, le=1)]  # of the others, to train on
    seed: Seed


def main(split: Split):
    labels = read_array(LABELS, "uint8", ndim=1)
    is_train, is_val = stratified_split(labels, split.val_fraction, split.share, split.seed)
    train = write_rows(TRAIN_ROWS, is_train)
    val = write_rows(VAL_ROWS, is_val)
    print(f"split: train {train:,}  val {val:,}")
