"""What is in a set of images: statistics of pixels, and how many images repeat."""

import hashlib

import numpy as np


class Summary:
    """Counts of pixel values and a hash an image, of the images that have been added."""

    def __init__(self):
        self.histogram = np.zeros(256, int)
        self.hashed = []

    def add(self, images: np.ndarray) -> None:
        """Count some more images, uint8 (n, rows, columns)."""
        self.histogram += np.bincount(images.ravel(), minlength=256)
        digests = [hashlib.blake2b(image, digest_size=8).digest() for image in images]
        self.hashed.append(b"".join(digests))

    @property
    def digests(self) -> np.ndarray:
        """64-bit BLAKE2b digests of the images, uint64 (n,)."""
        return np.frombuffer(b"".join(self.hashed), np.uint64)

    def pixel_statistics(self) -> tuple[float, float]:
        """Return mean and standard deviation of the pixels, scaled to [0, 1]."""
        values = np.arange(256) / 255
        mean = np.average(values, weights=self.histogram)
        variance = np.average((values - mean) ** 2, weights=self.histogram)
        return round(mean, 6), round(variance**0.5, 6)


def count_repeats(train: np.ndarray, test: np.ndarray) -> dict:
    """Return how many digests, uint64, repeat another one, and how many of test are in train.

    By sorting: NumPy's `unique` and `isin` hash, which is several times as slow for millions.
    """
    train = np.sort(train)
    test = np.sort(test)
    first = np.searchsorted(train, test, "left")
    behind = np.searchsorted(train, test, "right")
    return {
        "train_duplicates": int((train[1:] == train[:-1]).sum()),
        "test_duplicates": int((test[1:] == test[:-1]).sum()),
        "test_images_in_train": int((first < behind).sum()),
    }
