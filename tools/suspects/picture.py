"""Draws the images whose labels are doubted."""

import textwrap

import numpy as np
from matplotlib.figure import Figure

from classifier.drawing.figures import set_matplotlib
from classifier.drawing.fonts import use_fonts_for
from classifier.evaluation.pictures import show

COLUMNS = 8
MAX_ROWS = 25  # of a picture that Matplotlib draws and people look at
NAME_WIDTH = 20  # letters


def picture(suspects: list, images: np.ndarray, classes: list[str], is_negative: bool) -> Figure:
    """Draw the first suspects: rank and row, the label, and the class that models suggest.

    Args:
        suspects: `ranking.Suspect`s.
        images: uint8 (n, rows, columns, channels), all training images.
        classes: the names of labels 0, 1, …
        is_negative: whether grey images are drawn dark for bright.
    """
    set_matplotlib()
    use_fonts_for(classes)
    shown = suspects[: COLUMNS * MAX_ROWS]
    rows = max(1, -(-len(shown) // COLUMNS))
    size = (1.75 * COLUMNS, 2.25 * rows + 0.5)
    figure = Figure(figsize=size, dpi=100, layout="constrained")
    figure.suptitle(f"Training images whose labels are doubted most: {len(shown)}", size=14)
    grid = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    for axes, suspect, number in zip(grid, shown, range(1, len(shown) + 1), strict=False):
        show(axes, images[suspect.row], is_negative)
        axes.set_title(f"{number}: row {suspect.row}", size=8)
        label, other = (_short(classes[each]) for each in (suspect.given, suspect.suggested))
        axes.set_xlabel(f"labelled {label}\nrather {other}?", size=8)
    for axes in grid[len(shown) :]:
        axes.set_axis_off()
    return figure


def _short(name: str) -> str:
    return textwrap.shorten(name, NAME_WIDTH, placeholder="…")
