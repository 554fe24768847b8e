"""The split: disjoint, complete, stratified, and fixed by its seed."""

import numpy as np
import pytest

from classifier import splitting
from classifier.errors import InputError
from classifier.files.arrays import write_array
from classifier.splitting import stratified_split
from stages import split
from stages.split import Split

LABELS = np.random.default_rng(0).permutation(np.repeat(np.arange(10, dtype=np.uint8), 40))


@pytest.fixture
def labels(workplace):
    """The labels of 400 images, where the stage finds them."""
    write_array(split.LABELS, LABELS)


@pytest.mark.parametrize("block_rows", [400, 7])
def test_written_train_and_val_hold_every_row_once_and_are_sorted(block_rows, labels, monkeypatch):
    monkeypatch.setattr(splitting, "BLOCK_ROWS", block_rows)
    split.main(split=Split(val_fraction=0.1, share=1.0, seed=1))
    train = np.load(split.TRAIN_ROWS)
    val = np.load(split.VAL_ROWS)
    assert len(train) == 360
    assert len(val) == 40
    assert sorted([*train, *val]) == list(range(400))
    assert (np.diff(train) > 0).all()
    assert (np.diff(val) > 0).all()
    assert train.dtype == val.dtype == np.int64


def test_stage_writes_the_rows_of_its_fraction_and_seed(labels, capsys):
    split.main(split=Split(val_fraction=0.25, share=0.5, seed=7))
    is_train, is_val = stratified_split(LABELS, 0.25, 0.5, seed=7)
    np.testing.assert_array_equal(np.load(split.TRAIN_ROWS), np.flatnonzero(is_train))
    np.testing.assert_array_equal(np.load(split.VAL_ROWS), np.flatnonzero(is_val))
    assert capsys.readouterr().out == "split: train 150  val 100\n"


@pytest.mark.parametrize("block_rows", [400, 100, 3])
def test_split_keeps_class_balance_in_blocks_of_any_size(block_rows, monkeypatch):
    monkeypatch.setattr(splitting, "BLOCK_ROWS", block_rows)
    is_train, is_val = stratified_split(LABELS, 0.1, 1.0, seed=1)
    assert np.bincount(LABELS[is_val]).tolist() == [4] * 10
    assert np.bincount(LABELS[is_train]).tolist() == [36] * 10


@pytest.mark.parametrize(
    ("share", "count"), [(0.5, 18), (0.1, 4), (0.01, 1)], ids=["half", "a tenth", "at least one"]
)
def test_share_is_of_the_training_rows_of_each_class(share, count):
    is_train, is_val = stratified_split(LABELS, 0.1, share, seed=1)
    assert np.bincount(LABELS[is_train]).tolist() == [count] * 10
    assert not (is_train & is_val).any()


@pytest.mark.parametrize("block_rows", [400, 100, 3])
def test_rows_of_a_smaller_share_are_among_those_of_a_larger_one(block_rows, monkeypatch):
    monkeypatch.setattr(splitting, "BLOCK_ROWS", block_rows)
    whole, val = stratified_split(LABELS, 0.1, 1.0, seed=1)
    larger = whole
    for share in np.linspace(0.99, 0.01, 50):
        is_train, is_val = stratified_split(LABELS, 0.1, share, seed=1)
        assert not (is_train & ~larger).any()
        np.testing.assert_array_equal(is_val, val)
        larger = is_train
    assert 10 <= larger.sum() < whole.sum()


def test_seed_alone_decides_the_rows():
    first = stratified_split(LABELS, 0.1, 0.5, seed=1)
    np.testing.assert_array_equal(first, stratified_split(LABELS, 0.1, 0.5, seed=1))
    other = stratified_split(LABELS, 0.1, 0.5, seed=2)
    for rows, other_rows in zip(first, other, strict=True):
        assert (rows != other_rows).any()


def test_split_that_leaves_no_row_to_train_on_is_an_error(labels):
    with pytest.raises(InputError, match="class 0 in training and validation, received 0 and 40"):
        split.main(split=Split(val_fraction=0.999, share=1.0, seed=1))
    assert not split.TRAIN_ROWS.parent.exists()


def test_class_of_one_row_is_an_error():
    with pytest.raises(InputError, match="class 1 in training and validation, received 1 and 0"):
        stratified_split(np.array([0, 0, 0, 1], np.uint8), 0.4, 1.0, seed=1)


def test_class_of_two_rows_stands_in_both():
    labels = np.array([0] * 50 + [1] * 2, np.uint8)
    is_train, is_val = stratified_split(labels, 0.1, 1.0, seed=1)
    assert labels[is_val].tolist() == [0] * 5 + [1]
    assert labels[is_train].tolist() == [0] * 45 + [1]
