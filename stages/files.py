"""Files that stages hand to each other: written whole or not at all, checked when read."""

import json
import os
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from stages.errors import InputError


@contextmanager
def replacing(path: Path):
    """Yield a path beside `path` to write to; then flush it and put it in place of `path`.

    When the block fails, `path` stays as it was and the partial file is removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".partial-{path.name}")
    try:
        yield partial
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_json(path: Path, content) -> None:
    """Write strict JSON: NaN and infinity raise ValueError."""
    with replacing(path) as partial:
        partial.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def write_array(path: Path, array: np.ndarray) -> None:
    """Write `array` as .npy."""
    with replacing(path) as partial, partial.open("wb") as file:
        np.save(file, array, allow_pickle=False)


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
