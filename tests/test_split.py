"""The split: disjoint, complete, stratified, and fixed by its seed."""

import numpy as np
import pytest

from stages import split
from stages.errors import InputError
from stages.split import stratified_split

LABELS = np.random.default_rng(0).permutation(np.repeat(np.arange(10, dtype=np.uint8), 40))


@pytest.mark.parametrize("block", [400, 7])
def test_written_train_and_val_hold_every_row_once_and_are_sorted(block, tmp_path, monkeypatch):
    monkeypatch.setattr(split, "BLOCK", block)
    is_val = stratified_split(LABELS, 0.1, seed=1)
    counts = [split.write_rows(tmp_path / name, chosen) for name, chosen in (("train", ~is_val), ("val", is_val))]
    train, val = (np.load(tmp_path / name) for name in ("train", "val"))
    assert counts == [len(train), len(val)] == [360, 40]
    assert sorted([*train, *val]) == list(range(400))
    assert (np.diff(train) > 0).all()
    assert (np.diff(val) > 0).all()
    assert train.dtype == val.dtype == np.int64


@pytest.mark.parametrize("block", [400, 100, 3])
def test_split_keeps_class_balance_in_blocks_of_any_size(block, monkeypatch):
    monkeypatch.setattr(split, "BLOCK", block)
    is_val = stratified_split(LABELS, 0.1, seed=1)
    assert np.bincount(LABELS[is_val]).tolist() == [4] * 10
    assert np.bincount(LABELS[~is_val]).tolist() == [36] * 10


def test_seed_alone_decides_the_rows():
    first = stratified_split(LABELS, 0.1, seed=1)
    np.testing.assert_array_equal(first, stratified_split(LABELS, 0.1, seed=1))
    assert (first != stratified_split(LABELS, 0.1, seed=2)).any()


@pytest.mark.parametrize(("val_fraction", "counts"), [(0.001, "40 and 0"), (0.999, "0 and 40")])
def test_split_that_leaves_a_class_out_is_an_error(val_fraction, counts):
    with pytest.raises(InputError, match=f"class 0 in training and validation, received {counts}"):
        stratified_split(LABELS, val_fraction, seed=1)
