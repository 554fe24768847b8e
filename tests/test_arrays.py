"""Arrays in files: checked when read, and never in memory as a whole."""

import mmap
import os
import re
from pathlib import Path

import numpy as np
import pytest

from classifier.errors import InputError
from classifier.files import arrays

COUNTS_MEMORY = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="Linux's count of memory"
)


def test_array_comes_back_memory_mapped(tmp_path):
    array = np.arange(12, dtype=np.int64)
    arrays.write_array(tmp_path / "rows.npy", array)
    back = arrays.read_array(tmp_path / "rows.npy", "int64", ndim=1)
    assert isinstance(back, np.memmap)
    np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize("block_bytes", [1, 3 * 28 * 28, 1 << 22])
def test_array_in_blocks_of_any_size_is_what_numpy_writes(block_bytes, tmp_path, monkeypatch):
    monkeypatch.setattr(arrays, "BLOCK_BYTES", block_bytes)
    array = np.random.default_rng(0).integers(0, 256, (10, 28, 28), np.uint8)
    parts = list(arrays.blocks(array))
    np.testing.assert_array_equal(np.concatenate(parts), array)
    arrays.write_array(tmp_path / "ours.npy", array)
    np.save(tmp_path / "numpy.npy", array)
    assert (tmp_path / "ours.npy").read_bytes() == (tmp_path / "numpy.npy").read_bytes()


def test_failure_while_parts_are_made_leaves_the_old_file(tmp_path):
    path = tmp_path / "rows.npy"
    path.write_bytes(b"old")

    def parts():
        yield np.arange(3)
        raise InputError("the second part is bad")

    with pytest.raises(InputError, match="the second part is bad"):
        arrays.write_blocks(path, np.int64, (6,), parts())
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["rows.npy"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "found no file; run `dvc repro`"),
        (b"", "expected a .npy file of int64"),
        (b"not an array", "expected a .npy file of int64"),
        (np.zeros(3, np.uint8), r"received uint8 of shape \(3,\)"),
        (np.zeros((3, 1), np.int64), r"received int64 of shape \(3, 1\)"),
        (np.zeros(0, np.int64), r"received int64 of shape \(0,\)"),
        (np.array(["a"], dtype=object), "expected a .npy file of int64"),
    ],
)
def test_bad_array_is_named_with_the_fault(tmp_path, content, message):
    path = tmp_path / "rows.npy"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        np.save(path, content)
    with pytest.raises(InputError, match=message) as caught:
        arrays.read_array(path, "int64", ndim=1)
    assert str(path) in str(caught.value)


def test_array_cut_short_is_an_error(tmp_path):
    path = tmp_path / "rows.npy"
    np.save(path, np.arange(1000))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match="run `dvc repro`"):
        arrays.read_array(path, "int64", ndim=1)


def resident() -> int:
    """Return the bytes of mapped files in this process's memory."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"RssFile:\s+(\d+) kB", status)[1]) * 1024


@pytest.fixture
def large(tmp_path):
    """A mapped array of 200,000 images, 157 MB; the file is a hole, which costs no space."""
    array = np.lib.format.open_memmap(tmp_path / "large.npy", "w+", np.uint8, (200_000, 28, 28))
    del array
    return arrays.read_array(tmp_path / "large.npy", "uint8", ndim=3)


def read_blocks(array):
    for block in arrays.blocks(array):
        yield int(block.max())


def take_rows(array):
    for rows in np.array_split(np.arange(0, len(array), 7), 20):
        yield len(arrays.take(array, rows))


@COUNTS_MEMORY
@pytest.mark.parametrize("read", [read_blocks, take_rows])
def test_reading_a_large_file_keeps_little_of_it_in_memory(read, large):
    before = resident()
    assert max(resident() - before for _ in read(large)) < 30e6
    assert np.asarray(large).max() == 0  # a plain read keeps all of it
    assert resident() - before > 150e6


@pytest.mark.parametrize("max_kept_bytes", [0, 90 * 785])
@pytest.mark.parametrize("max_mapped_bytes", [1, 50 * 785, 2**23])
def test_rows_are_gathered_in_their_order_whatever_their_shape(
    max_mapped_bytes, max_kept_bytes, monkeypatch
):
    monkeypatch.setattr(arrays, "MAX_MAPPED_BYTES", max_mapped_bytes)
    monkeypatch.setattr(arrays, "MAX_KEPT_BYTES", max_kept_bytes)
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (90, 28, 28), np.uint8)
    labels = np.arange(90, dtype=np.uint8)
    gather = arrays.Gather(images, labels)
    rows = generator.integers(0, 90, (5, 16))
    for chosen in (rows, rows[0], rows[:, :0]):
        for copy, array in zip(gather(chosen), (images, labels), strict=True):
            assert copy.dtype == np.uint8
            np.testing.assert_array_equal(copy, array[chosen])


@COUNTS_MEMORY
def test_batch_of_random_rows_keeps_little_of_a_large_file_in_memory(large, monkeypatch):
    """Rows in their order would map all of it: its pages are 16 images each."""
    peaks = []
    release = arrays.release

    def measured_release(*mapped):
        peaks.append(resident())
        release(*mapped)

    monkeypatch.setattr(arrays, "release", measured_release)
    before = resident()
    rows = np.random.default_rng(0).integers(0, len(large), 40_000)
    arrays.Gather(large)(rows)
    assert len(peaks) == 3
    assert max(peaks) - before < 60e6


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE


@COUNTS_MEMORY
def test_pages_of_a_view_are_given_back_too(tmp_path):
    """As of images of one channel, whose file has three dimensions."""
    (tmp_path / "file").write_bytes(bytes(1 << 25))
    view = np.memmap(tmp_path / "file", np.uint8, mode="r").reshape(1 << 10, -1)[:, :, None]
    before = resident_bytes()
    view.sum()
    assert resident_bytes() > before + (1 << 24)
    arrays.release(view)
    assert resident_bytes() < before + (1 << 23)


def test_of_many_rows_some_are_taken_evenly_spaced():
    rows = np.arange(100)
    assert arrays.some_of(rows, 100).tolist() == list(range(100))
    assert arrays.some_of(rows, 50).tolist() == list(range(0, 100, 2))
    assert arrays.some_of(rows, 99).tolist() == list(range(99))
    assert np.unique(np.diff(arrays.some_of(rows, 30))).tolist() == [3, 4]
    assert len(arrays.some_of(rows, 30)) == 30
