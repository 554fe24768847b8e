"""Batches of images, gathered by NumPy, for any backend; the images may exceed memory."""

import keras
import numpy as np

from classifier.files.arrays import Gather
from classifier.training.shuffle import ShuffledRows


class Batches(keras.utils.PyDataset):
    """(images, labels) batches of some rows, in their order; the last batch may be short.

    Attributes:
        rows: of the images, in the order of this epoch.
        reader: of what is gathered.
    """

    def __init__(self, images: np.ndarray, labels: np.ndarray, rows: np.ndarray, batch_size: int):
        super().__init__()
        self.images = images
        self.labels = labels
        self.rows = self.all_rows = rows
        self.batch_size = batch_size
        self.image_bytes = images[:1].nbytes
        self.reader = Gather(images, labels)

    def __len__(self):
        return -(-len(self.rows) // self.batch_size)

    def __getitem__(self, number):
        return self.gather(self.rows_of(number))

    def gather(self, rows: np.ndarray) -> list[np.ndarray]:
        """Return images and labels of rows, int64 of any shape."""
        return self.reader(rows)

    def begin_epoch(self, seed: list[int]) -> None:
        """Shuffle the rows; `seed` alone, of this epoch, decides the order."""
        self.rows = ShuffledRows(self.all_rows, self.image_bytes, seed)

    def rows_of(self, number: int) -> np.ndarray:
        """Return the rows of a batch, int64 (batch_size,), or fewer for the last one."""
        return self.rows[number * self.batch_size : (number + 1) * self.batch_size]


class Shares(keras.utils.PyDataset):
    """One process's share of each of some batches: (images, labels), or with weights.

    The devices of all processes take equal shares. Where a batch cannot be shared so, it is filled
    up with rows of weight 0, and the mean over it stays the same.
    """

    def __init__(self, job, batches: Batches):
        """`job` is a `processes.Job`."""
        super().__init__()
        self.job = job
        self.batches = batches
        short = len(batches.rows) % batches.batch_size
        self.is_even = batches.batch_size % job.devices == 0 and short % job.devices == 0

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, number):
        rows = self.batches.rows_of(number)
        size = -(-len(rows) // self.job.devices) * self.job.devices
        mine = self.job.share(size)
        shares = self.batches.gather(np.resize(rows, size)[mine])
        if self.is_even:
            return shares
        weights = np.where(np.arange(size) < len(rows), size / len(rows), 0)
        return *shares, weights.astype(np.float32)[mine]

    def begin_epoch(self, seed: list[int]) -> None:
        self.batches.begin_epoch(seed)
