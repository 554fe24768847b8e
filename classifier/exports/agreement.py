"""Whether two models are one: how far their probabilities for the same images agree."""

import math
from collections.abc import Callable

import numpy as np

from classifier.errors import InputError

PART_BYTES = 7_840_000  # of images in memory at a time
TOLERANCE = 1e-3  # the largest difference of a probability that is still the same model


def in_parts(predict: Callable, images: np.ndarray) -> np.ndarray:
    """Return what `predict` gives for images, in memory some at a time: 10,000 of 28 × 28."""
    size = max(1, PART_BYTES // images[:1].nbytes)
    starts = range(0, len(images), size)
    return np.concatenate([predict(images[start : start + size]) for start in starts])


def compare(name: str, expected: np.ndarray, received: np.ndarray) -> dict:
    """Return how far probabilities, both (n, classes), agree: in labels, and to how many decimals.

    Raises:
        InputError: they are another model's.
    """
    difference = float(np.abs(expected - received).max())
    if not difference <= TOLERANCE:
        wanted = f"expected Keras' probabilities within {TOLERANCE}"
        raise InputError(f"{name}: {wanted}, received {difference:.3g} off")
    same = int((expected.argmax(axis=1) == received.argmax(axis=1)).sum())
    return {
        f"{name}_same_labels": same,
        f"{name}_same_decimals": math.floor(-math.log10(max(difference, 1e-9))),
    }
