"""The IDX file format: a header of a magic number and one uint32 a dimension, then the values.

All is big-endian. Source: the description at the end of yann.lecun.com/exdb/mnist.
"""

import math
import struct
from pathlib import Path

import numpy as np

from classifier.errors import InputError

DTYPES = {0x08: np.dtype(np.uint8), 0x0C: np.dtype(">i4")}  # by type code, of what is read here
UINT8 = 0x08
HEADER_BYTES = 4  # and 4 a dimension


def read_images(path: Path) -> np.ndarray:
    """Memory-map images, uint8 (n, rows, columns, channels); an IDX file of 3 dimensions has one.

    Raises:
        InputError: the file is missing, or its magic, type, dimensions or size are wrong.
    """
    images = _read(path, "images", {(UINT8, 3), (UINT8, 4)})
    return images.reshape(*images.shape[:3], -1)


def read_labels(path: Path) -> np.ndarray:
    """Memory-map labels, uint8 (n,); or the first column of QMNIST's, int32 (n,).

    Raises:
        InputError: as `read_images` does.
    """
    labels = _read(path, "labels", {(UINT8, 1), (0x0C, 2)})
    return labels[:, 0] if labels.ndim == 2 else labels


def _read(path: Path, kind: str, known: set[tuple]) -> np.ndarray:
    """Memory-map an IDX file of one of the known type codes and numbers of dimensions."""

    def fault(received: str) -> InputError:
        magics = " or ".join(str(code << 8 | ndim) for code, ndim in sorted(known))
        expected = f"an IDX file of {kind} (magic {magics})"
        return InputError(f"{path}: expected {expected}, received {received}")

    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            header = file.read(HEADER_BYTES + 4 * 255)
    except FileNotFoundError:
        raise fault("no file; run `dvc repro`") from None
    if len(header) < HEADER_BYTES or header[:2] != b"\0\0":
        raise fault(f"a file that starts with {header[:4]!r}")
    code, ndim = header[2:4]
    if (code, ndim) not in known:
        cure = "are image and label files swapped?"
        raise fault(f"one of type code {code:#04x} and {ndim} dimension(s); {cure}")
    length = HEADER_BYTES + 4 * ndim
    if len(header) < length:
        raise fault(f"a header cut short at {size} bytes")
    shape = struct.unpack(f">{ndim}I", header[HEADER_BYTES:length])
    if 0 in shape:
        raise fault(f"dimensions {shape}: nothing in it")
    dtype = DTYPES[code]
    needed = length + math.prod(shape) * dtype.itemsize
    if size != needed:
        problem = "cut short" if size < needed else "bytes after the last value"
        raise fault(f"dimensions {shape} with {size:,} bytes in place of {needed:,}: {problem}")
    return np.memmap(path, dtype, mode="r", offset=length, shape=shape)


def write_idx(path: Path, shape: tuple, parts) -> int:
    """Write consecutive rows of one uint8 array in the IDX format; return how many these are.

    Args:
        shape: of a row, () for labels; images of one channel are written without it.
        parts: some rows each.
    """
    shape = shape[:2] if shape[2:] == (1,) else shape
    count = 0
    with path.open("wb") as file:
        file.write(_header(0, shape))
        for part in parts:
            file.write(np.ascontiguousarray(part).data)
            count += len(part)
        file.seek(0)
        file.write(_header(count, shape))
    return count


def _header(count: int, shape: tuple) -> bytes:
    ndim = 1 + len(shape)
    return bytes([0, 0, UINT8, ndim]) + struct.pack(f">{ndim}I", count, *shape)
