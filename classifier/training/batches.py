"""Batches of images, gathered by NumPy, for any backend; the images may exceed memory."""

import keras
import numpy as np

from classifier.files.arrays import Gather


class Batches(keras.utils.PyDataset):
    """(images, labels) batches of some rows, in their order; the last batch may be short."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, rows: np.ndarray, batch_size: int):
        super().__init__()
        self.images = images
        self.labels = labels
        self.rows = rows
        self.batch_size = batch_size
        self.image_bytes = images[:1].nbytes
        self.gather = Gather(images, labels)

    def __len__(self):
        return -(-len(self.rows) // self.batch_size)

    def __getitem__(self, number):
        return self.gather(self.rows_of(number))

    def rows_of(self, number: int) -> np.ndarray:
        """Return the rows of a batch, int64 (batch_size,), or fewer for the last one."""
        return self.rows[number * self.batch_size : (number + 1) * self.batch_size]


class Shares(Batches):
    """One process's share of each of some batches: (images, labels), or with weights.

    The devices of all processes take equal shares. Where a batch cannot be shared so, it is filled
    up with rows of weight 0, and the mean over it stays the same.
    """

    def __init__(self, job, batches: Batches):
        """`job` is a `processes.Job`."""
        super().__init__(batches.images, batches.labels, batches.rows, batches.batch_size)
        self.job = job
        short = len(self.rows) % self.batch_size
        self.is_even = self.batch_size % job.devices == 0 and short % job.devices == 0

    def __getitem__(self, number):
        rows = self.rows_of(number)
        size = -(-len(rows) // self.job.devices) * self.job.devices
        mine = self.job.share(size)
        shares = self.gather(np.resize(rows, size)[mine])
        if self.is_even:
            return shares
        weights = np.where(np.arange(size) < len(rows), size / len(rows), 0)
        return *shares, weights.astype(np.float32)[mine]
