"""The order of the training images in an epoch; by NumPy, for any number of them."""

import keras
import numpy as np

from classifier.files.arrays import release

BLOCK_BYTES = 2**20  # of neighbouring images, which a disk reads at once
POOL_BLOCKS = 128  # that are shuffled together: from all over the file


class ShuffledRows:
    """Rows in a random order, which can be sliced.

    Where the images fit into one pool of blocks, the order is a permutation. Else blocks of
    neighbours are dealt into pools, and rows are shuffled within each. So a disk is read in large
    pieces, and the whole order is never in memory.
    """

    def __init__(self, rows: np.ndarray, image_bytes: int, seed: list[int]):
        """`rows`, int64 (n,), may be mapped; `seed` decides the order."""
        self.rows = rows
        self.seed = seed
        self.block_rows = max(1, BLOCK_BYTES // image_bytes)
        count = -(-len(rows) // self.block_rows)
        self.blocks = range(count)
        if count > POOL_BLOCKS:
            self.blocks = np.random.default_rng([*seed, count]).permutation(count)
        sizes = [min(self.block_rows, len(rows) - self.block_rows * n) for n in self.blocks]
        self.pool_starts = np.cumsum([0, *sizes])[::POOL_BLOCKS]
        self.latest_pool = (None, None)  # its number and rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, part: slice) -> np.ndarray:
        start, stop, _ = part.indices(len(self))
        found = [np.empty(0, np.int64)]
        while start < stop:
            number = int(np.searchsorted(self.pool_starts, start, side="right")) - 1
            pool = self._pool(number)[start - self.pool_starts[number] :]
            found.append(pool[: stop - start])
            start += len(found[-1])
        return np.concatenate(found)

    def _pool(self, number: int) -> np.ndarray:
        if number != self.latest_pool[0]:
            chosen = self.blocks[number * POOL_BLOCKS :][:POOL_BLOCKS]
            rows = [self.rows[n * self.block_rows :][: self.block_rows] for n in chosen]
            rows = np.concatenate(rows)
            release(self.rows)
            generator = np.random.default_rng([*self.seed, number])
            self.latest_pool = (number, generator.permutation(rows))
        return self.latest_pool[1]


class Shuffle(keras.callbacks.Callback):
    """Shuffles batches before each epoch.

    Seed and epoch alone decide the order, so that training can go on from any epoch.
    """

    def __init__(self, batches, seed: int):
        """`batches` are `batches.Batches`, or a process's share of them."""
        super().__init__()
        self.batches = batches
        self.seed = seed

    def on_epoch_begin(self, epoch, logs=None):
        self.batches.begin_epoch([self.seed, epoch])
