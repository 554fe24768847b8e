"""The IDX file format: a header of a magic number and one uint32 a dimension, then the values.

All is big-endian. Source: the description at the end of yann.lecun.com/exdb/mnist.
"""

import math
import struct
from pathlib import Path

import numpy as np

from classifier.errors import InputError

UINT8 = 0x08  # the type code of MNIST-like files
KINDS = {3: "images", 1: "labels"}  # dimensions: what such a file holds


def read_idx(path: Path, ndim: int) -> np.ndarray:
    """Memory-map an IDX file of uint8: images (n, rows, columns) or labels (n,), by `ndim`.

    Raises:
        InputError: the file is missing, or its magic, type, dimensions or size are wrong.
    """

    def fault(received: str) -> InputError:
        expected = f"an IDX file of uint8 {KINDS[ndim]} (magic {UINT8 << 8 | ndim})"
        return InputError(f"{path}: expected {expected}, received {received}")

    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            header = file.read(4 + 4 * ndim)
    except FileNotFoundError:
        raise fault("no file; run `dvc repro`") from None
    if len(header) < 4 or header[:2] != b"\0\0":
        raise fault(f"a file that starts with {header[:4]!r}")
    if header[2] != UINT8:
        raise fault(f"type code {header[2]:#04x}")
    if header[3] != ndim:
        kind = KINDS.get(header[3], f"{header[3]} dimensions")
        magic = UINT8 << 8 | header[3]
        raise fault(f"{kind} (magic {magic}); are image and label files swapped?")
    if len(header) < 4 + 4 * ndim:
        raise fault(f"a header cut short at {size} bytes")
    shape = struct.unpack(f">{ndim}I", header[4:])
    if 0 in shape:
        raise fault(f"dimensions {shape}: nothing in it")
    needed = len(header) + math.prod(shape)
    if size != needed:
        problem = "cut short" if size < needed else "bytes after the last value"
        raise fault(f"dimensions {shape} with {size:,} bytes in place of {needed:,}: {problem}")
    return np.memmap(path, np.uint8, mode="r", offset=len(header), shape=shape)


def write_idx(path: Path, shape: tuple, parts) -> None:
    """Write consecutive parts of one uint8 array in the IDX format."""
    with path.open("wb") as file:
        file.write(bytes([0, 0, UINT8, len(shape)]) + struct.pack(f">{len(shape)}I", *shape))
        for part in parts:
            file.write(part.data)
