"""Small changes of an image, after which a person would still give it the same name."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

STEPS = ((0, 1), (1, 0), (0, -1), (-1, 0))  # down and right, by pixels; each image takes the next
BRIGHTER = np.float32(1.1)
NOISE = np.float32(8)  # standard deviation; a pixel has 0 to 255


def mirrored(image: np.ndarray, number: int) -> np.ndarray:
    return image[:, ::-1]


def moved(image: np.ndarray, number: int) -> np.ndarray:
    """Return an image whose border comes in again where it leaves a gap."""
    places = []
    for size, step in zip(image.shape[:2], STEPS[number % len(STEPS)], strict=True):
        places.append((np.arange(size) - step).clip(0, size - 1))
    return image[np.ix_(*places)]


def brighter(image: np.ndarray, number: int) -> np.ndarray:
    return _as_pixels(image * BRIGHTER)


def noisy(image: np.ndarray, number: int) -> np.ndarray:
    """Return an image with noise of its own, the same at each call."""
    noise = np.random.default_rng(number).standard_normal(image.shape, np.float32)
    return _as_pixels(image + NOISE * noise)


def _as_pixels(values: np.ndarray) -> np.ndarray:
    return np.rint(values).clip(0, 255).astype(np.uint8)


class Change(NamedTuple):
    """A change: its name, what makes it, and in words.

    The function takes an image, uint8 (rows, columns, channels), and its number among the images.
    """

    name: str
    function: Callable[[np.ndarray, int], np.ndarray]
    meaning: str


CHANGES = (
    Change("mirrored", mirrored, "mirrored, left to right"),
    Change("moved", moved, "moved by one pixel"),
    Change("brighter", brighter, "brighter by 10%"),
    Change("noisy", noisy, "noisy: normal noise, standard deviation 8 of 255"),
)
MAX_CHANGED_IMAGES = 2_000  # of more, so many are taken, evenly spaced
