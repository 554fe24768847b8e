"""Tells images that are unlike the training images, on which a classifier's confidence means nothing.

Training images, all made equally bright, are described as one multivariate normal distribution of pixels; an image's
unlikeness is its squared Mahalanobis distance, in units of what 99 % of the validation images do not exceed. This finds
noise, inverted images, and most photographs and screenshots; it does not find what is smooth, such as a blurred digit.
"""

import numpy as np

NORM = 3000.0  # of an image's pixels, once it is as bright as all others
DARKEST = 300.0  # a norm below this is not raised to all of that
NOISE = 3.0  # added to each variance, so that pixels that never change do not decide
QUANTILE = 0.99


def describe(train, val: np.ndarray) -> dict:
    """Return mean (pixels,), covariance (pixels, pixels) and limit, of uint8 images (n, rows, columns).

    `train` gives some at a time. Sums of whole numbers are exact, so that they are the same on every processor.
    """
    count, total, products = 0, 0.0, 0.0
    for images in train:
        pixels = equally_bright(images)
        count, total, products = count + len(pixels), total + pixels.sum(axis=0), products + pixels.T @ pixels
    mean = total / count
    covariance = products / count - np.outer(mean, mean) + NOISE * np.eye(len(mean))
    distances = unlikeness(val, mean, covariance, 1.0)
    return {"mean": mean, "covariance": covariance, "limit": float(f"{np.quantile(distances, QUANTILE):.6g}")}


def unlikeness(images: np.ndarray, mean: np.ndarray, covariance: np.ndarray, limit: float) -> np.ndarray:
    """Return, for uint8 images (n, rows, columns), their distance (n,); above 1 is unlike the training images."""
    offsets = (equally_bright(images) - mean).T
    return (offsets * np.linalg.solve(covariance, offsets)).sum(axis=0) / limit


def equally_bright(images: np.ndarray) -> np.ndarray:
    """Return uint8 images (n, rows, columns) as whole numbers of one norm, float64 (n, pixels)."""
    pixels = images.reshape(len(images), -1).astype(np.int64)
    norms = np.sqrt((pixels**2).sum(axis=1, keepdims=True))
    return np.rint(pixels * (NORM / np.maximum(norms, DARKEST)))
