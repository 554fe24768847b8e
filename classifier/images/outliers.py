"""Tells images that are unlike the training images: on these, a classifier's confidence is void.

Training images, all made equally bright, are described as one multivariate normal distribution of
pixels, or of means of squares of pixels where there are many. An image's outlier score is its
squared Mahalanobis distance, in units of what 99 % of the validation images do not exceed. This
finds noise, inverted and blank images, and most photographs and screenshots; it does not find what
is smooth, such as a blurred digit.
"""

import numpy as np

MAX_VALUES = 1024  # that describe an image
NORM = 3000.0  # of an image's pixels, once it is as bright as all others
MIN_NORM = 300.0  # a darker image is not raised to all of NORM
NOISE_VARIANCE = 3.0  # added to each pixel's, so that pixels that never change do not decide
QUANTILE = 0.99


def describe(train, val: np.ndarray) -> dict:
    """Return mean (pixels,), covariance (pixels, pixels) and limit of training images.

    Args:
        train: parts of the training images, each uint8 (n, rows, columns, channels).
        val: validation images, of which the limit is the 99 % quantile of distances.

    The sums are of whole numbers, and so exact: the same on every processor.
    """
    count = 0
    total = 0.0
    products = 0.0
    for images in train:
        pixels = equally_bright(images)
        count += len(pixels)
        total += pixels.sum(axis=0)
        products += pixels.T @ pixels
    mean = total / count
    noise = NOISE_VARIANCE * np.eye(len(mean))
    covariance = products / count - np.outer(mean, mean) + noise
    found = distances(val, mean, np.linalg.inv(covariance))
    limit = float(f"{np.quantile(found, QUANTILE):.6g}")
    return {"mean": mean, "covariance": covariance, "limit": limit}


class Outliers:
    """A description of training images, by which others are scored."""

    def __init__(self, mean: np.ndarray, covariance: np.ndarray, limit: float):
        """Take what `describe` gives."""
        self.mean = mean
        self.precision = np.linalg.inv(covariance)  # once: a solution for each image takes longer
        self.limit = limit

    def scores(self, images: np.ndarray) -> np.ndarray:
        """Return the scores (n,) of uint8 images (n, rows, columns, channels); an outlier's is > 1.

        An image of one value is one, by an infinite score: there is nothing on it.
        """
        scores = distances(images, self.mean, self.precision) / self.limit
        return np.where(np.ptp(images, axis=(1, 2, 3)) == 0, np.inf, scores)


def distances(images: np.ndarray, mean: np.ndarray, precision: np.ndarray) -> np.ndarray:
    """Return the squared Mahalanobis distances (n,) of images."""
    offsets = equally_bright(images) - mean
    return (offsets @ precision * offsets).sum(axis=1)


def equally_bright(images: np.ndarray) -> np.ndarray:
    """Return uint8 images as whole numbers of one norm, float64 (n, at most `MAX_VALUES`)."""
    pixels = reduced(images).reshape(len(images), -1).astype(np.int64)
    norms = np.sqrt((pixels**2).sum(axis=1, keepdims=True))
    return np.rint(pixels * (NORM / np.maximum(norms, MIN_NORM)))


def reduced(images: np.ndarray) -> np.ndarray:
    """Return images (n, rows, columns, channels) of at most `MAX_VALUES` values each.

    These are means of squares of pixels, rounded; at the right and below, squares may be cut off.
    """
    rows, columns, channels = images.shape[1:]
    side = 1
    while -(-rows // side) * -(-columns // side) * channels > MAX_VALUES:
        side += 1
    if side == 1:
        return images
    tops, lefts = np.arange(0, rows, side), np.arange(0, columns, side)
    sums = np.add.reduceat(images, tops, axis=1, dtype=np.int64)
    sums = np.add.reduceat(sums, lefts, axis=2)
    heights = np.diff(np.append(tops, rows))[:, None, None]
    widths = np.diff(np.append(lefts, columns))[:, None]
    return np.rint(sums / (heights * widths))
