"""Small changes of images, after which a person would still give each the same name."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

STEPS = ((0, 1), (1, 0), (0, -1), (-1, 0))  # down and right, by pixels; each image takes the next
BRIGHTER = np.float32(1.1)
NOISE = np.float32(8)  # standard deviation; a pixel has 0 to 255


def mirrored(images: np.ndarray) -> np.ndarray:
    return images[:, :, ::-1]


def moved(images: np.ndarray) -> np.ndarray:
    """Return images whose border comes in again where they leave a gap."""
    rows, columns = images.shape[1:3]
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    result = np.empty_like(images)
    for number, (down, right) in enumerate(STEPS):
        part = slice(number, None, len(STEPS))
        result[part] = padded[part, 1 - down :, 1 - right :][:, :rows, :columns]
    return result


def brighter(images: np.ndarray) -> np.ndarray:
    return _as_pixels(images * BRIGHTER)


def noisy(images: np.ndarray) -> np.ndarray:
    """Return images with noise, the same at each call."""
    noise = np.random.default_rng(0).standard_normal(images.shape, np.float32)
    return _as_pixels(images + NOISE * noise)


def _as_pixels(values: np.ndarray) -> np.ndarray:
    return np.rint(values).clip(0, 255).astype(np.uint8)


class Change(NamedTuple):
    """A change: its name, what makes it of uint8 (n, rows, columns, channels), and in words."""

    name: str
    function: Callable[[np.ndarray], np.ndarray]
    meaning: str


CHANGES = (
    Change("mirrored", mirrored, "mirrored, left to right"),
    Change("moved", moved, "moved by one pixel"),
    Change("brighter", brighter, "brighter by 10 %"),
    Change("noisy", noisy, "noisy: normal noise, standard deviation 8 of 255"),
)
MAX_CHANGED_IMAGES = 2_000  # of more, so many are taken, evenly spaced
