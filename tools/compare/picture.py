"""Draws a comparison: recall by class, and images that changed sides."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from classifier import parameters
from classifier.drawing.figures import set_matplotlib, write_figure
from classifier.drawing.fonts import use_fonts_for
from classifier.drawing.sheets import show
from classifier.errors import InputError
from classifier.files.arrays import read_array
from tools.compare.predictions import Predictions
from tools.compare.report import verdict
from tools.compare.significance import Comparison

IMAGES = Path("data/processed/test_images.npy")
COLUMNS = 8  # of the grids
ROWS = 2
GREEN = "#1a6e2e"
RED = "#b3001b"


def draw(path: Path, result: Comparison, first: Predictions, second: Predictions) -> None:
    """Write the picture of a comparison, with the workspace's test images; raises InputError."""
    images = read_array(IMAGES, "uint8", ndim=4)
    if len(images) != result.count:
        expected = f"expected {result.count:,} images, as predicted, received {len(images):,}"
        raise InputError(f"{IMAGES}: {expected}")
    is_negative = parameters.read().sections["images"].is_bright_on_black
    labels = tuple(each.table["predicted"].to_numpy() for each in (first, second))
    actual = first.table["actual"].to_numpy()
    names = first.name, second.name
    figure = picture(result, names, images, actual, labels, first.classes, is_negative)
    write_figure(path, figure)


def picture(
    result: Comparison,
    names: tuple[str, str],
    images: np.ndarray,
    actual: np.ndarray,
    predictions: tuple,
    classes: list[str],
    is_negative: bool,
) -> Figure:
    """Draw recall by class and the first images that flipped either way.

    Args:
        images: uint8 (n, rows, columns, channels).
        actual: class numbers, int (n,).
        predictions: the two runs', likewise.
        is_negative: whether grey images are drawn dark for bright.
    """
    set_matplotlib()
    use_fonts_for(classes)
    first, second = predictions
    figure = Figure(figsize=(11, 9.5), dpi=100, layout="constrained")
    top, middle, bottom = figure.subfigures(3, 1, height_ratios=[1.4, 1, 1])
    title = f"{verdict(result, names)}\nfirst: {names[0]}; second: {names[1]}"
    top.suptitle(title, wrap=True)
    draw_recalls(top.add_subplot(), result)
    for part, name, rows, wrong in (
        (middle, names[1], result.only_second, first),
        (bottom, names[0], result.only_first, second),
    ):
        chosen = rows[: COLUMNS * ROWS]
        captions = [f"{classes[actual[row]]}\nnot {classes[wrong[row]]}" for row in chosen]
        count = f"{len(rows):,} images, {len(chosen)} of them here"
        part.suptitle(f"Right only in {name}: {count}", wrap=True)
        draw_images(part, images[chosen], captions, is_negative)
    return figure


def draw_images(part, images: np.ndarray, captions: list[str], is_negative: bool) -> None:
    """Draw images with captions in a grid."""
    grid = part.subplots(ROWS, COLUMNS).ravel()
    for axes in grid:
        axes.set_axis_off()
    for axes, image, caption in zip(grid, images, captions, strict=False):
        show(axes, image, is_negative)
        axes.set_title(caption, size=8)


def draw_recalls(axes, result: Comparison) -> None:
    """Draw a bar a class: second recall minus first."""
    names, points, colors, labels = [], [], [], []
    for change in result.by_class:
        names.append(change.name)
        points.append(change.points)
        colors.append(GREEN if change.points > 0 else RED)
        labels.append(f"{change.points:+.1f}{' *' if change.is_significant else ''}")
    bars = axes.barh(names, points, color=colors)
    axes.bar_label(bars, labels, padding=4)
    axes.axvline(0, color="#333333", linewidth=1)
    axes.invert_yaxis()
    axes.margins(x=0.15)
    significant = "(* significant, with Holm's correction)"
    axes.set_xlabel(f"recall, second minus first, in points {significant}")
