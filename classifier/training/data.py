"""The data of a training."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from classifier.errors import InputError
from classifier.files.arrays import read_array, release

MEASURED_BYTES = 784_000  # of images at a time: 1000 of 28 × 28; no effect on the figures


class Data(NamedTuple):
    """Images and labels, and which of them are for training and for validation.

    Attributes:
        images: uint8 (n, rows, columns, channels), 0 to 255; may be a mapped file, as all of these.
        labels: uint8 (n,).
        train_rows, val_rows: int64, rows of both.
        taught: what a teacher sees in each view of the images: probabilities and then features,
            float16 (n, views, classes + features).
    """

    images: np.ndarray
    labels: np.ndarray
    train_rows: np.ndarray
    val_rows: np.ndarray
    taught: np.ndarray | None = None

    @property
    def arrays(self) -> list[np.ndarray]:
        """All that there are."""
        return [array for array in self if array is not None]

    @property
    def class_count(self) -> int:
        """How many classes there are: each has training images."""
        return int(self.labels.max()) + 1

    def taught_shape(self, teacher) -> tuple[int, int, int]:
        """Return the shape of `taught` by a teacher's recipe."""
        seen = self.class_count + teacher.feature_count
        return len(self.images), len(teacher.views), seen

    def lessons(self, recipe):
        """Return `batches.Batches` of the training images, with the labels to train with."""
        if self.taught is None:
            return self.batches(self.train_rows, recipe.batch_size)
        from classifier.training.lessons import Lessons

        return Lessons(self, recipe)

    def measured(self, rows: np.ndarray):
        """Return `batches.Batches` of some rows, to predict: of large images, few at a time."""
        return self.batches(rows, max(1, MEASURED_BYTES // self.images[:1].nbytes))

    def batches(self, rows: np.ndarray, batch_size: int):
        """Return `batches.Batches` of some rows."""
        from classifier.training.batches import Batches  # which needs Keras

        return Batches(self.images, self.labels, rows, batch_size)


def read_data(images: Path, labels: Path, train_rows: Path, val_rows: Path) -> Data:
    """Return the data in four files, mapped; raises InputError where they do not fit together."""
    data = Data(
        images=read_array(images, "uint8", ndim=4),
        labels=read_array(labels, "uint8", ndim=1),
        train_rows=read_array(train_rows, "int64", ndim=1),
        val_rows=read_array(val_rows, "int64", ndim=1),
    )
    low = min(data.train_rows.min(), data.val_rows.min())
    high = max(data.train_rows.max(), data.val_rows.max())
    release(data.train_rows, data.val_rows)
    if low < 0 or not high < len(data.images) == len(data.labels):
        counts = f"{len(data.images):,} images and {len(data.labels):,} labels"
        received = f"received rows {low:,} to {high:,}"
        place = train_rows.parent
        raise InputError(f"{place}: expected rows of {counts}, {received}; run `dvc repro`")
    return data


def with_teacher(data: Data, path: Path, recipe) -> Data:
    """Return the data with what a teacher sees, from a file; raises InputError likewise."""
    taught = read_array(path, "float16", ndim=3)
    expected = data.taught_shape(recipe.teacher)
    if taught.shape != expected:
        received = f"received {taught.shape}"
        raise InputError(f"{path}: expected an array of {expected}, {received}; run `dvc repro`")
    return data._replace(taught=taught)
