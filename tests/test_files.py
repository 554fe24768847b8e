"""Artifacts are written whole or not at all, and checked when read."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from stages import files
from stages.errors import InputError


def test_replacing_leaves_the_old_file_when_writing_fails(tmp_path):
    path = tmp_path / "metrics.json"
    path.write_text("old")
    with pytest.raises(FileNotFoundError), files.replacing(path) as partial:
        partial.write_text("half") and Path("missing").read_text()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["metrics.json"]


def test_replacing_makes_the_folder(tmp_path):
    with files.replacing(tmp_path / "new" / "file") as partial:
        partial.write_text("whole")
    assert (tmp_path / "new" / "file").read_text() == "whole"


def test_json_refuses_nan_and_keeps_the_old_file(tmp_path):
    path = tmp_path / "metrics.json"
    files.write_json(path, {"loss": 0.5})
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(path, {"loss": float("nan")})
    assert json.loads(path.read_text()) == {"loss": 0.5}


def test_array_comes_back_memory_mapped(tmp_path):
    array = np.arange(12, dtype=np.int64)
    files.write_array(tmp_path / "rows.npy", array)
    back = files.read_array(tmp_path / "rows.npy", "int64", ndim=1)
    assert isinstance(back, np.memmap)
    np.testing.assert_array_equal(back, array)


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
        files.read_array(path, "int64", ndim=1)
    assert str(path) in str(caught.value)


def test_array_cut_short_is_an_error(tmp_path):
    path = tmp_path / "rows.npy"
    np.save(path, np.arange(1000))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match="run `dvc repro`"):
        files.read_array(path, "int64", ndim=1)


def resident() -> int:
    """Return the bytes of mapped files in this process's memory."""
    return int(re.search(r"RssFile:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024


@pytest.fixture
def large(tmp_path):
    """A mapped array of 200,000 images, 157 MB; the file is a hole, which costs no space."""
    array = np.lib.format.open_memmap(tmp_path / "large.npy", "w+", np.uint8, (200_000, 28, 28))
    del array
    return files.read_array(tmp_path / "large.npy", "uint8", ndim=3)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux's count of memory")
@pytest.mark.parametrize(
    "read",
    [
        lambda array: (int(block.max()) for block in files.blocks(array)),
        lambda array: (len(files.take(array, rows)) for rows in np.array_split(np.arange(0, 200_000, 7), 20)),
    ],
    ids=["blocks", "take"],
)
def test_reading_a_large_file_keeps_little_of_it_in_memory(read, large):
    before = resident()
    assert max(resident() - before for _ in read(large)) < 30e6
    assert np.asarray(large).max() == 0  # a plain read keeps all of it
    assert resident() - before > 150e6


@pytest.mark.parametrize("gathered", [1, 50 * 785, 2**23])
def test_rows_are_gathered_in_their_order_whatever_their_shape(gathered, monkeypatch):
    monkeypatch.setattr(files, "GATHERED", gathered)
    generator = np.random.default_rng(0)
    images, labels = generator.integers(0, 256, (90, 28, 28), np.uint8), np.arange(90, dtype=np.uint8)
    gather, rows = files.Gather(images, labels), generator.integers(0, 90, (5, 16))
    for chosen in (rows, rows[0], rows[:, :0]):
        for copy, array in zip(gather(chosen), (images, labels), strict=True):
            assert copy.dtype == np.uint8
            np.testing.assert_array_equal(copy, array[chosen])


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux's count of memory")
def test_batch_of_random_rows_keeps_little_of_a_large_file_in_memory(large, monkeypatch):
    """Rows in their order would map all of it: its pages are 16 images each."""
    peaks, release = [], files.release
    monkeypatch.setattr(files, "release", lambda *arrays: (peaks.append(resident()), release(*arrays)))
    before, rows = resident(), np.random.default_rng(0).integers(0, len(large), 40_000)
    files.Gather(large)(rows)
    assert len(peaks) == 3
    assert max(peaks) - before < 60e6
