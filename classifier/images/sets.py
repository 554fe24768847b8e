"""A training and a test set that fit each other."""

from pathlib import Path

import numpy as np

from classifier.errors import InputError

RAW_NAMES = {"train": "train", "test": "t10k"}  # in the names of IDX files


def check_sets(place: Path, images: dict, labels: dict, classes: list[str]) -> None:
    """Raise InputError unless images and labels of train and test fit each other and the classes.

    Args:
        place: where they are from, for errors.
        images: uint8 (n, rows, columns, channels), of train and of test.
        labels: uint8 (n,), of both.
        classes: the names of labels 0, 1, …
    """
    for name, raw_name in RAW_NAMES.items():
        highest = int(labels[name].max())
        if highest >= len(classes):
            expected = (
                f"expected {raw_name} labels 0 to {len(classes) - 1}, of {len(classes)} classes"
            )
            received = f"received {highest} at row {int(labels[name].argmax()):,}"
            raise InputError(f"{place}: {expected}, {received}")
        if len(images[name]) != len(labels[name]):
            expected = f"expected as many {raw_name} labels as images"
            received = f"{len(images[name]):,} images and {len(labels[name]):,} labels"
            raise InputError(f"{place}: {expected}, received {received}")
    counts = np.bincount(labels["train"], minlength=len(classes))
    if lacking := [name for name, count in zip(classes, counts, strict=True) if not count]:
        raise InputError(f"{place}: expected training images of each class, none of {lacking}")
    sizes = {name: array.shape[1:] for name, array in images.items()}
    if sizes["train"] != sizes["test"]:
        raise InputError(f"{place}: expected images of one size, received {sizes}")
    counts = {name: len(array) for name, array in images.items()}
    if counts["train"] < counts["test"]:
        received = f"received {counts}"
        cure = "are the train and t10k files swapped, or is fetch.test_fraction above one half?"
        raise InputError(f"{place}: expected more training than test images, {received}; {cure}")
