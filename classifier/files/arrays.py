"""Arrays in .npy files that may be larger than memory: mapped when read, streamed when written."""

import mmap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from classifier.errors import InputError
from classifier.files.atomic import replacing

BLOCK_BYTES = 1 << 22  # of an array that are read at a time
MAX_MAPPED_BYTES = 1 << 23  # of rows that are gathered before their pages are given back
MAX_KEPT_BYTES = 1 << 26  # of arrays that may stay in memory, for rows four times as fast


def blocks(array: np.ndarray, size: int | None = None):
    """Yield `array`, which may be a mapped file, in consecutive parts of at most `size` bytes."""
    rows = max(1, (size or BLOCK_BYTES) // array[:1].nbytes)
    for start in range(0, len(array), rows):
        yield array[start : start + rows].view(np.ndarray)
        release(array)


def release(*arrays: np.ndarray) -> None:
    """Give back the memory of what has been read of mapped files."""
    for array in arrays:
        base = array.base
        while isinstance(base, np.ndarray):  # of a view
            base = base.base
        if isinstance(base, mmap.mmap):
            base.madvise(mmap.MADV_DONTNEED)


class Gather:
    """Copies rows of arrays of one length, which may be mapped files."""

    def __init__(self, *arrays: np.ndarray):
        self.arrays = arrays
        self.row_bytes = sum(array[:1].nbytes for array in arrays)
        self.are_small = sum(array.nbytes for array in arrays) <= MAX_KEPT_BYTES
        self.mapped_bytes = 0

    def __call__(self, rows: np.ndarray) -> list[np.ndarray]:
        """Return each array's rows, by their numbers, int of any shape.

        Of large files, rows are read in their order, which a disk is fastest at. The system maps up
        to 64 KiB around each row, so pages are given back every few rows: else random rows would
        bring all of the file into memory.
        """
        if self.are_small:
            return [np.take(array.view(np.ndarray), rows, axis=0) for array in self.arrays]
        flat = rows.ravel()
        copies = [np.empty((flat.size, *each.shape[1:]), each.dtype) for each in self.arrays]
        file_order = np.argsort(flat)
        step = max(1, MAX_MAPPED_BYTES // self.row_bytes)
        for start in range(0, flat.size, step):
            part = file_order[start : start + step]
            self._note_mapped(part.size * self.row_bytes)
            for copy, array in zip(copies, self.arrays, strict=True):
                copy[part] = array[flat[part]]
        return [copy.reshape(*rows.shape, *copy.shape[1:]) for copy in copies]

    def _note_mapped(self, count: int) -> None:
        """Give everything back first where `count` more bytes are too many."""
        self.mapped_bytes += count
        if self.mapped_bytes > MAX_MAPPED_BYTES:
            release(*self.arrays)
            self.mapped_bytes = count


def take(array: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return a copy of some rows, int (n,), of an array; a mapped one leaves nothing in memory."""
    (copy,) = Gather(array)(rows)
    release(array)
    return copy


def some_of(array: np.ndarray, most: int) -> np.ndarray:
    """Return so many rows of an array, or all where it has fewer, evenly spaced, in memory."""
    count = min(len(array), most)
    rows = np.arange(count) * len(array) // count
    return take(array, rows)


def write_array(path: Path, array: np.ndarray) -> None:
    """Write a C-contiguous `array`, perhaps a mapped one, as .npy."""
    write_blocks(path, array.dtype, array.shape, blocks(array))


def write_blocks(path: Path, dtype, shape: tuple, parts) -> None:
    """Write consecutive C-contiguous parts of one array as .npy.

    Each part is written while the next one is made. These are plain writes, which raise OSError
    where the disk is full: on a mapped file, that would kill the process.
    """
    description = np.lib.format.dtype_to_descr(np.dtype(dtype))
    header = {"descr": description, "fortran_order": False, "shape": shape}
    with replacing(path) as partial, partial.open("wb") as file, ThreadPoolExecutor(1) as writer:
        writing = writer.submit(np.lib.format.write_array_header_1_0, file, header)
        for part in parts:
            writing.result()
            writing = writer.submit(file.write, part.data)
        writing.result()


def read_array(path: Path, dtype: str, ndim: int) -> np.ndarray:
    """Memory-map a .npy file; raises InputError where it is missing, damaged or of another kind."""
    expected = f"{path}: expected a .npy file of {dtype} with {ndim} dimension(s)"
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise InputError(f"{expected}, found no file; run `dvc repro`") from None
    except (ValueError, EOFError) as error:
        raise InputError(f"{expected}, received: {error}; run `dvc repro`") from None
    if array.dtype != dtype or array.ndim != ndim or len(array) == 0:
        received = f"received {array.dtype} of shape {array.shape}"
        raise InputError(f"{expected}, {received}; run `dvc repro`")
    return array
