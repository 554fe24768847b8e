"""The batches of an epoch: which rows, in which order. NumPy only, for any backend."""

import keras
import numpy as np


class Batches(keras.utils.PyDataset):
    """(images, labels) batches of some rows, in their order; the last batch may be short."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, rows: np.ndarray, batch_size: int):
        """`images`, uint8 (n, rows, columns), and `labels`, uint8 (n,), may be mapped files; `rows` is int64."""
        super().__init__()
        self.images, self.labels, self.rows, self.batch_size = images, labels, rows, batch_size

    def __len__(self):
        return -(-len(self.rows) // self.batch_size)

    def __getitem__(self, number):
        rows = self.rows[number * self.batch_size : (number + 1) * self.batch_size]
        return self.images[rows], self.labels[rows]


class Shuffle(keras.callbacks.Callback):
    """Shuffles batches before each epoch, by seed and epoch alone, so that training can go on from any epoch."""

    def __init__(self, batches: Batches, seed: int):
        super().__init__()
        self.batches, self.seed, self.rows = batches, seed, batches.rows

    def on_epoch_begin(self, epoch, logs=None):
        self.batches.rows = np.random.default_rng([self.seed, epoch]).permutation(self.rows)
