"""Draws images as the model sees them, on Matplotlib figures."""

import textwrap

import numpy as np
from matplotlib.figure import Figure

COLUMNS = 10  # images in a row of a class
MAX_ROWS = 30


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
    figure = Figure(figsize=(8, 0.75 * len(shown) + 0.5), dpi=100, layout="constrained")
    figure.suptitle(title, size=12)
    grid = figure.subplots(len(shown), COLUMNS, squeeze=False)
    for label, (name, row) in enumerate(zip(shown, grid, strict=True)):
        rows = np.flatnonzero(labels == label)[:COLUMNS]
        for axes, image in zip(row, images[rows], strict=False):
            show(axes, image, is_negative)
        for axes in row[len(rows) :]:
            axes.set_axis_off()
        label = {"rotation": 0, "ha": "right", "va": "center", "size": 10}
        row[0].set_ylabel(textwrap.shorten(name, 24, placeholder="…"), **label)
    return figure
