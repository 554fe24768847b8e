"""The order of training images: of all rows, decided by seed and epoch alone, read in blocks."""

import numpy as np
import pytest
from training import DATA, IMAGES, LABELS

from classifier.training import shuffle
from classifier.training.batches import Batches
from classifier.training.shuffle import Shuffle, ShuffledRows

ROWS = DATA.train_rows


def epoch_rows(seed: int, epoch: int) -> np.ndarray:
    """Return the rows in the order of an epoch, the first one to be shuffled."""
    batches = Batches(IMAGES, LABELS, ROWS, 64)
    Shuffle(batches, seed).on_epoch_begin(epoch)
    return batches.rows[:]


def test_shuffle_keeps_every_row_and_changes_with_seed_and_epoch():
    first = epoch_rows(seed=1, epoch=0)
    assert sorted(first) == sorted(ROWS)
    assert (first == epoch_rows(seed=1, epoch=0)).all()
    assert (first != epoch_rows(seed=1, epoch=1)).any()
    assert (first != epoch_rows(seed=2, epoch=0)).any()


def test_shuffle_does_not_depend_on_the_epochs_before():
    batches = Batches(IMAGES, LABELS, ROWS, 64)
    callback = Shuffle(batches, seed=5)
    for epoch in (0, 1, 7):
        callback.on_epoch_begin(epoch)
    assert (batches.rows[:] == epoch_rows(seed=5, epoch=7)).all()


def test_shuffle_of_what_fits_into_a_pool_is_a_permutation():
    """Which the published figures were had with."""
    expected = np.random.default_rng([3, 4]).permutation(ROWS)
    np.testing.assert_array_equal(epoch_rows(seed=3, epoch=4), expected)


@pytest.fixture
def pooled(monkeypatch) -> ShuffledRows:
    """Rows 1000 to 8000, but for each tenth, shuffled in blocks of 10 and pools of 20 blocks."""
    monkeypatch.setattr(shuffle, "BLOCK_BYTES", 10 * 784)
    monkeypatch.setattr(shuffle, "POOL_BLOCKS", 20)
    rows = np.arange(1000, 8000)
    return ShuffledRows(rows[rows % 10 != 0], 784, [1, 2])


def test_shuffle_in_pools_keeps_every_row(pooled):
    whole = pooled[:]
    assert len(pooled) == len(whole) == 6300
    assert sorted(whole) == pooled.rows.tolist()


@pytest.mark.parametrize("size", [1, 64, 199, 3000])
def test_slices_of_a_shuffle_in_pools_agree_with_the_whole(pooled, size):
    slices = [pooled[start : start + size] for start in range(0, len(pooled), size)]
    np.testing.assert_array_equal(np.concatenate(slices), pooled[:])


def test_slice_beyond_a_shuffle_in_pools_is_empty(pooled):
    assert len(pooled[6300:6400]) == 0


def test_shuffle_in_pools_mixes_all_of_the_file_and_reads_it_in_blocks(pooled):
    pool = np.sort(pooled[:200])
    assert (np.diff(pool) <= 2).mean() >= 0.85  # neighbours, in 20 blocks
    # Of blocks from everywhere: 3 standard errors.
    assert abs(pool.mean() - pooled.rows.mean()) < 1500
    places = np.arange(len(pooled))
    assert abs(np.corrcoef(pooled[:], places)[0, 1]) < 0.1
