"""Files that stages hand to each other: written whole or not at all, checked when read."""

import hashlib
import json
import mmap
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from ruamel.yaml import YAML, YAMLError

from stages.errors import InputError

LOCK = Path("dvc.lock")
BLOCK = 1 << 22  # bytes of an array in memory at a time
GATHERED = 1 << 23  # bytes of rows before what is mapped is given back; the system maps up to 64 KiB around each


@contextmanager
def replacing(path: Path):
    """Yield a path beside `path` to write to; then flush it and put it in place of `path`.

    When the block fails, `path` stays as it was and the partial file is removed; an OSError gets to name the file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".partial-{path.name}")
    try:
        yield partial
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        error.filename = error.filename or str(path)
        raise
    finally:
        partial.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, content) -> None:
    """Write strict JSON: NaN and infinity raise ValueError."""
    write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def read_json(path: Path):
    """Return a JSON file's content; raises InputError where it is missing or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: expected a JSON file, found no file; run `dvc repro`") from None
    except ValueError as error:
        raise InputError(f"{path}: expected a JSON file, received: {error}; run `dvc repro`") from None


def blocks(array: np.ndarray):
    """Yield `array` in consecutive parts, of some rows each; it may be mapped from a file larger than memory."""
    rows = max(1, BLOCK // array[:1].nbytes)
    for start in range(0, len(array), rows):
        yield array[start : start + rows].view(np.ndarray)
        release(array)


def release(*arrays: np.ndarray) -> None:
    """Give back the memory of what has been read of mapped files; the system may still keep it in its own cache."""
    for array in arrays:
        if isinstance(array.base, mmap.mmap):
            array.base.madvise(mmap.MADV_DONTNEED)


class Gather:
    """Copies rows of arrays of one length, which may be mapped from files larger than memory."""

    def __init__(self, *arrays: np.ndarray):
        self.arrays, self.row_bytes, self.mapped = arrays, sum(array[:1].nbytes for array in arrays), 0

    def __call__(self, rows: np.ndarray) -> list[np.ndarray]:
        """Return each array's rows, by their numbers, int of any shape; a file is read from front to back."""
        copies = [np.empty((rows.size, *array.shape[1:]), array.dtype) for array in self.arrays]
        flat, order, most = rows.ravel(), np.argsort(rows, axis=None), max(1, GATHERED // self.row_bytes)
        for start in range(0, rows.size, most):
            part = order[start : start + most]
            self.mapped += part.size * self.row_bytes
            if self.mapped > GATHERED:
                release(*self.arrays)
                self.mapped = part.size * self.row_bytes
            for copy, array in zip(copies, self.arrays, strict=True):
                copy[part] = array[flat[part]]
        return [copy.reshape(*rows.shape, *copy.shape[1:]) for copy in copies]


def take(array: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return a copy of some rows, int (n,), of an array that may be mapped, and keep nothing of it in memory."""
    (copy,) = Gather(array)(rows)
    release(array)
    return copy


def write_array(path: Path, array: np.ndarray) -> None:
    """Write a C-contiguous `array`, perhaps a mapped one, as .npy."""
    write_blocks(path, array.dtype, array.shape, blocks(array))


def write_blocks(path: Path, dtype, shape: tuple, parts) -> None:
    """Write consecutive C-contiguous parts of one array as .npy; each is written while the next one is made.

    Plain writes raise OSError where the disk is full; on a mapped file, that would kill the process.
    """
    header = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
    with replacing(path) as partial, partial.open("wb") as file, ThreadPoolExecutor(1) as writer:
        writing = writer.submit(np.lib.format.write_array_header_1_0, file, header)
        for part in parts:
            writing.result()
            writing = writer.submit(file.write, part.data)
        writing.result()


def read_array(path: Path, dtype: str, ndim: int) -> np.ndarray:
    """Memory-map a .npy file; raises InputError where it is missing, damaged or another kind of array."""
    expected = f"expected a .npy file of {dtype} with {ndim} dimension(s)"
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise InputError(f"{path}: {expected}, found no file; run `dvc repro`") from None
    except (ValueError, EOFError) as error:
        raise InputError(f"{path}: {expected}, received: {error}; run `dvc repro`") from None
    if array.dtype != dtype or array.ndim != ndim or len(array) == 0:
        raise InputError(f"{path}: {expected}, received {array.dtype} of shape {array.shape}; run `dvc repro`")
    return array


def md5(path: Path) -> str:
    """Return the MD5 of a file, "no file" or the system's reason why it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "md5").hexdigest()
    except FileNotFoundError:
        return "no file"
    except OSError as error:
        return error.strerror


def check_recorded(path: Path) -> None:
    """Raise InputError unless a file is the one that dvc.lock records: what no stage has written is not loaded."""
    try:
        stages = YAML(typ="safe").load(LOCK.read_text(encoding="utf-8"))["stages"].values()
        recorded = {out["path"]: out["md5"] for stage in stages for out in stage.get("outs", ())}
    except FileNotFoundError:
        raise InputError(f"{LOCK}: expected DVC's record of all outputs, found no file; run `dvc repro`") from None
    except (YAMLError, AttributeError, LookupError, TypeError, ValueError):
        cure = f"run `git checkout {LOCK}`, then `dvc repro`"
        raise InputError(f"{LOCK}: expected DVC's record of all outputs, received something else; {cure}") from None
    expected, received = recorded.get(path.as_posix(), "of a stage's output"), md5(path)
    if expected != received:
        raise InputError(f"{path}: expected MD5 {expected}, by {LOCK}, received {received}; run `dvc repro`")
