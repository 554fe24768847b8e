"""The IDX file format: a big-endian header (magic, one uint32 a dimension), then the values.

Source: the format's description at http://yann.lecun.com/exdb/mnist/, archived widely.
"""

import struct
from pathlib import Path

import numpy as np

from stages.errors import InputError

UINT8 = 0x08  # the only type code of MNIST-like files
KINDS = {3: "images", 1: "labels"}  # dimensions -> what such a file holds


def read_idx(path: Path, ndim: int) -> np.ndarray:
    """Memory-map the uint8 values of an IDX file, of shape (n, rows, columns) or (n,).

    Args:
        path: the decompressed file.
        ndim: 3 for images, 1 for labels.

    Raises:
        InputError: the file is missing, or its magic, type, dimensions or size are not those
            of such a file.
    """
    expected = f"expected an IDX file of uint8 {KINDS[ndim]} (magic {UINT8 << 8 | ndim})"
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            header = file.read(4 + 4 * ndim)
    except FileNotFoundError:
        raise InputError(f"{path}: {expected}, found no file; run `dvc repro`") from None
    if len(header) < 4 or header[:2] != b"\0\0":
        raise InputError(f"{path}: {expected}, received a file that starts with {header[:4]!r}")
    if header[2] != UINT8:
        raise InputError(f"{path}: {expected}, received type code {header[2]:#04x}, not uint8")
    if header[3] != ndim:
        kind = KINDS.get(header[3], f"{header[3]} dimensions")
        raise InputError(
            f"{path}: {expected}, received {kind} (magic {UINT8 << 8 | header[3]});"
            " are image and label files swapped?"
        )
    if len(header) < 4 + 4 * ndim:
        raise InputError(f"{path}: {expected}, received a header cut short at {size} bytes")
    shape = struct.unpack(f">{ndim}I", header[4:])
    if 0 in shape:
        raise InputError(f"{path}: {expected}, received dimensions {shape}: nothing in it")
    needed = len(header) + int(np.prod(shape, dtype=object))
    if size != needed:
        fault = "cut short" if size < needed else "bytes after the last value"
        raise InputError(
            f"{path}: expected {needed:,} bytes for dimensions {shape}, received {size:,}: {fault}"
        )
    return np.memmap(path, np.uint8, mode="r", offset=len(header), shape=shape)
