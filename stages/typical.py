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


def describe(train: np.ndarray, val: np.ndarray) -> dict:
    """Return mean (pixels,), whitening (pixels, pixels) and limit, of uint8 images (n, rows, columns)."""
    pixels = equally_bright(train)
    mean = pixels.mean(axis=0)
    pixels -= mean
    variances, directions = np.linalg.eigh((pixels.T @ pixels / len(pixels)).astype(np.float64))
    whitening = (directions / np.sqrt(variances.clip(0) + NOISE)).astype(np.float32)
    distances = unlikeness(val, mean, whitening, np.float32(1))
    return {"mean": mean, "whitening": whitening, "limit": np.quantile(distances, QUANTILE).astype(np.float32)}


def unlikeness(images: np.ndarray, mean: np.ndarray, whitening: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Return, for uint8 images (n, rows, columns), their distance (n,); above 1 is unlike the training images."""
    return np.square((equally_bright(images) - mean) @ whitening).sum(axis=1) / limit


def equally_bright(images: np.ndarray) -> np.ndarray:
    """Return uint8 images (n, rows, columns) as float32 (n, pixels) of one norm."""
    pixels = images.reshape(len(images), -1).astype(np.float32)
    norms = np.linalg.norm(pixels, axis=1, keepdims=True)
    pixels *= NORM / np.maximum(norms, DARKEST)
    return pixels
