"""The batches of an epoch: which rows, in which order. NumPy only, for any backend; the images may exceed memory."""

import keras
import numpy as np

from stages.files import Gather, release

BLOCK_BYTES = 2**20  # of neighbouring images, which a disk reads at once
POOL_BLOCKS = 128  # that are shuffled together: from all over the file


class Shuffled:
    """Rows in a random order, of which slices can be had.

    Where the images fit into one pool of blocks, it is a permutation. Else blocks of neighbours are dealt into pools,
    and rows are shuffled within each: so a disk is read in large pieces, and the whole order is never in memory.
    """

    def __init__(self, rows: np.ndarray, image_bytes: int, seed: list[int]):
        """`rows`, int64 (n,), may be mapped; `seed` decides the order."""
        self.rows, self.seed, self.block = rows, seed, max(1, BLOCK_BYTES // image_bytes)
        count = -(-len(rows) // self.block)
        self.blocks = np.random.default_rng([*seed, count]).permutation(count) if count > POOL_BLOCKS else range(count)
        sizes = [min(self.block, len(rows) - self.block * number) for number in self.blocks]
        self.starts = np.cumsum([0, *sizes])[::POOL_BLOCKS]  # of pools
        self.pool = None, None  # the latest: its number and rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, part: slice) -> np.ndarray:
        start, stop, _ = part.indices(len(self))
        found = [np.empty(0, np.int64)]
        while start < stop:
            number = int(np.searchsorted(self.starts, start, side="right")) - 1
            found.append(self._pool(number)[start - self.starts[number] :][: stop - start])
            start += len(found[-1])
        return np.concatenate(found)

    def _pool(self, number: int) -> np.ndarray:
        if number != self.pool[0]:
            blocks = self.blocks[number * POOL_BLOCKS :][:POOL_BLOCKS]
            rows = np.concatenate([self.rows[block * self.block :][: self.block] for block in blocks])
            release(self.rows)
            self.pool = number, np.random.default_rng([*self.seed, number]).permutation(rows)
        return self.pool[1]


class Batches(keras.utils.PyDataset):
    """(images, labels) batches of some rows, in their order; the last batch may be short."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, rows: np.ndarray, batch_size: int):
        """`images`, uint8 (n, rows, columns), and `labels`, uint8 (n,), may be mapped files; `rows` is int64."""
        super().__init__()
        self.images, self.labels, self.rows, self.batch_size = images, labels, rows, batch_size
        self.image_bytes, self.gather = images[:1].nbytes, Gather(images, labels)

    def __len__(self):
        return -(-len(self.rows) // self.batch_size)

    def __getitem__(self, number):
        return self.gather(self.rows[number * self.batch_size : (number + 1) * self.batch_size])


class Shares(Batches):
    """One process's share of each of some batches: (images, labels), or (images, labels, weights).

    Where there is a batch that the devices cannot share evenly, such a one is filled up with rows of weight 0; the mean
    over it stays the same.
    """

    def __init__(self, job, batches: Batches):
        """`job` is a `distribution.Job`."""
        super().__init__(batches.images, batches.labels, batches.rows, batches.batch_size)
        sizes = self.batch_size, len(self.rows) % self.batch_size
        self.job, self.is_even = job, not any(size % job.devices for size in sizes)

    def __getitem__(self, number):
        rows = self.rows[number * self.batch_size : (number + 1) * self.batch_size]
        size = -(-len(rows) // self.job.devices) * self.job.devices
        mine = self.job.share(size)
        shares = self.gather(np.resize(rows, size)[mine])
        if self.is_even:
            return shares
        return *shares, np.where(np.arange(size) < len(rows), size / len(rows), 0).astype(np.float32)[mine]


class Shuffle(keras.callbacks.Callback):
    """Shuffles batches before each epoch, by seed and epoch alone, so that training can go on from any epoch."""

    def __init__(self, batches: Batches, seed: int):
        super().__init__()
        self.batches, self.seed, self.rows = batches, seed, batches.rows

    def on_epoch_begin(self, epoch, logs=None):
        self.batches.rows = Shuffled(self.rows, self.batches.image_bytes, [self.seed, epoch])
