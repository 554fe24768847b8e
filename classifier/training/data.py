"""The data of a training."""

from typing import NamedTuple

import numpy as np

from classifier.errors import InputError
from classifier.files.arrays import release

MEASURED_BYTES = 784_000  # of images at a time: 1000 of 28 × 28; no effect on the figures


class Data(NamedTuple):
    """Images and labels, and which of them are for training and for validation.

    Attributes:
        images: uint8 (n, rows, columns, channels), 0 to 255; may be a mapped file, as all of these.
        labels: uint8 (n,).
        train_rows, val_rows: int64, rows of both.
    """

    images: np.ndarray
    labels: np.ndarray
    train_rows: np.ndarray
    val_rows: np.ndarray

    @property
    def class_count(self) -> int:
        """How many classes there are: each has training images."""
        return int(self.labels.max()) + 1

    def measured(self, rows: np.ndarray):
        """Return `batches.Batches` of some rows, to predict: of large images, few at a time."""
        return self.batches(rows, max(1, MEASURED_BYTES // self.images[:1].nbytes))

    def batches(self, rows: np.ndarray, batch_size: int):
        """Return `batches.Batches` of some rows."""
        from classifier.training.batches import Batches  # which needs Keras

        return Batches(self.images, self.labels, rows, batch_size)

    def check(self, name) -> None:
        """Raise InputError, which names where the rows are from, unless they are of images."""
        low = min(self.train_rows.min(), self.val_rows.min())
        high = max(self.train_rows.max(), self.val_rows.max())
        release(self.train_rows, self.val_rows)
        if low < 0 or not high < len(self.images) == len(self.labels):
            counts = f"{len(self.images):,} images and {len(self.labels):,} labels"
            received = f"received rows {low:,} to {high:,}"
            raise InputError(f"{name}: expected rows of {counts}, {received}; run `dvc repro`")
