"""A tiny learnable data set, and its IDX files written by a second implementation."""

import gzip

import numpy as np
import pytest

from stages.fetch import FILES

CLASS_COUNT = 10


def make_images(per_class: int, seed: int):
    """Return uint8 images (n, 28, 28) and labels (n,): class c is bright in its own two rows."""
    generator = np.random.default_rng(seed)
    labels = np.tile(np.arange(CLASS_COUNT, dtype=np.uint8), per_class)
    images = generator.integers(0, 60, (len(labels), 28, 28), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[2 * label : 2 * label + 2] += 180
    return images, labels


def idx_bytes(array) -> bytes:
    """Return `array`, uint8, in the IDX format."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


def write_idx_files(folder, train_per_class=20, test_per_class=5, compress=False):
    """Write the four files of a data set into `folder` and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    train, test = make_images(train_per_class, seed=1), make_images(test_per_class, seed=2)
    for name, array in zip(FILES, (*train, *test), strict=True):
        content = idx_bytes(array)
        if compress:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
