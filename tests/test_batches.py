"""Batches: their rows in order, and the shares that several processes take of one."""

import numpy as np
import pytest
from training import DATA, IMAGES, LABELS

from classifier.training.batches import Batches, Shares
from classifier.training.processes import Job


def counting(count: int, order=1) -> Batches:
    """Return batches of seven or eight images of one pixel, whose values are their rows."""
    numbers = np.arange(count, dtype=np.uint8)
    size = 7 if count == 10 else 8
    return Batches(numbers.reshape(count, 1, 1), numbers, np.arange(count)[::order], size)


def shares_of(batches: Batches, number: int) -> list[np.ndarray]:
    """Return what two processes of two devices each get of a batch, put together again."""
    parts = [Shares(Job(index, 2, 4), batches)[number] for index in range(2)]
    return [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]


def test_batches_follow_the_rows_with_a_short_last_one():
    rows = DATA.train_rows
    batches = Batches(IMAGES, LABELS, rows, 64)
    parts = [batches[number] for number in range(len(batches))]
    assert [len(labels) for _, labels in parts] == [64, 64, 64, 8]
    images = np.concatenate([images for images, _ in parts])
    labels = np.concatenate([labels for _, labels in parts])
    np.testing.assert_array_equal(images, IMAGES[rows])
    np.testing.assert_array_equal(labels, LABELS[rows])


@pytest.mark.parametrize(("number", "count"), [(0, 7), (1, 3)])
def test_uneven_batch_is_filled_up_with_weight_0_and_keeps_its_mean(number, count):
    batches = counting(10)
    expected = batches[number][1]
    images, labels, weights = shares_of(batches, number)
    assert len(weights) % 4 == 0
    np.testing.assert_array_equal(images.ravel(), labels)
    np.testing.assert_array_equal(labels[weights > 0], expected)
    assert (weights > 0).sum() == count
    # As a loss is averaged.
    assert (labels * weights).mean() == pytest.approx(expected.mean())


@pytest.mark.parametrize("number", [0, 1])
def test_even_batches_are_shared_without_weights(number):
    batches = counting(12, order=-1)
    images, labels = shares_of(batches, number)
    np.testing.assert_array_equal(labels, batches[number][1])
    np.testing.assert_array_equal(images.ravel(), labels)
