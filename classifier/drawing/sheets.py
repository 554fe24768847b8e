"""Draws images as the model sees them, on Matplotlib figures."""

import textwrap

import numpy as np
from matplotlib.figure import Figure

COLUMNS = 10  # images in a row of a class
MAX_ROWS = 30
GAP = 0.08  # between images, of their size


def show(axes, image: np.ndarray, is_negative: bool) -> None:
    """Draw an image, uint8 (rows, columns, channels), without ticks."""
    if image.shape[2] == 1:
        axes.imshow(image[..., 0], cmap="gray_r" if is_negative else "gray", vmin=0, vmax=255)
    else:
        axes.imshow(image)
    axes.set(xticks=[], yticks=[])


def class_rows(
    images: np.ndarray, labels: np.ndarray, names: list[str], is_negative: bool
) -> Figure:
    """Draw the first images of each class in a row; of many classes, the first ones.

    Args:
        images: uint8 (n, rows, columns, channels).
        labels: uint8 (n,).
        names: of the classes.
    """
    shown = names[:MAX_ROWS]
    title = "Training images of each class, as the model sees them"
    if len(shown) < len(names):
        title += f", of the first {len(shown)} of {len(names)} classes"
    if is_negative:
        title += "; drawn dark on white"
    firsts = [images[np.flatnonzero(labels == label)[:COLUMNS]] for label in range(len(shown))]
    whole = sheet(firsts, is_negative)
    height, width, _ = whole.shape
    figure = Figure(figsize=(8, 6.9 * height / width + 0.4), dpi=100, layout="constrained")
    figure.suptitle(title, size=12)
    axes = figure.subplots()
    axes.imshow(whole)
    shortened = [textwrap.shorten(name, 24, placeholder="…") for name in shown]
    axes.set_yticks((np.arange(len(shown)) + 0.5) * height / len(shown), shortened, size=10)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


def sheet(rows: list[np.ndarray], is_negative: bool) -> np.ndarray:
    """Return one image, uint8 (…, …, 3), of rows of at most `COLUMNS` images, on white."""
    height, width = rows[0].shape[1:3]
    down, across = round((1 + GAP) * height), round((1 + GAP) * width)
    whole = np.full((down * len(rows), across * COLUMNS, 3), 255, np.uint8)
    for top, images in enumerate(rows):
        for left, image in enumerate(images):
            drawn = 255 - image if is_negative and image.shape[2] == 1 else image
            place = whole[top * down :, left * across :]
            place[:height, :width] = drawn  # grey ones in all three channels
    return whole
