"""Brings IDX files of any data set to one form: upright images, labels that are bytes from 0."""

import os
from pathlib import Path

import numpy as np

from classifier.datasets.description import FILES, Description
from classifier.errors import InputError
from classifier.images.idx import read_images, read_labels, write_idx

BLOCK_ROWS = 1000  # in memory at a time
MAX_LABEL = 255


def normalise(folder: Path, description: Description) -> None:
    """Write the files in a folder anew where they are otherwise; raises InputError."""
    for part in ("train", "test"):
        _normalise_labels(folder / FILES[f"{part}_labels"], description.first_label)
        if description.transposed:
            _transpose(folder / FILES[f"{part}_images"])


def _normalise_labels(path: Path, first: int) -> None:
    labels = read_labels(path)
    if labels.dtype == np.uint8 and not first:
        return
    if labels.min() < first or labels.max() - first > MAX_LABEL:
        received = f"received {labels.min()} to {labels.max()}"
        raise InputError(f"{path}: expected labels from {first} to {first + MAX_LABEL}, {received}")
    _replace(path, (), [(np.asarray(labels) - first).astype(np.uint8)])


def _transpose(path: Path) -> None:
    """Exchange rows and columns of each image."""
    images = read_images(path).swapaxes(1, 2)
    starts = range(0, len(images), BLOCK_ROWS)
    _replace(path, images.shape[1:], (images[start : start + BLOCK_ROWS] for start in starts))


def _replace(path: Path, shape: tuple, parts) -> None:
    new = path.with_suffix(".new")
    write_idx(new, shape, parts)
    os.replace(new, path)
