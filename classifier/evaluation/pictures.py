"""Pictures of predictions, as Matplotlib figures."""

import numpy as np
from matplotlib.figure import Figure

from classifier.drawing.sheets import show

COLUMNS = 6  # images in a row of a grid
SAMPLE_ROWS = 4
MISTAKE_ROWS = 3

RIGHT = {
    "mark": "✓",
    "color": "#1a6e2e",
    "weight": "normal",
    "frame": {"color": "#bbbbbb", "linewidth": 1},
}
WRONG = {
    "mark": "✗",
    "color": "#b3001b",
    "weight": "bold",
    "frame": {"color": "#b3001b", "linewidth": 3},
}


def samples(predictions, images: np.ndarray, classes: list[str], is_negative: bool) -> Figure:
    """Draw the first predictions, of a table as `tables.tabulate` returns."""
    chosen = predictions.head(COLUMNS * SAMPLE_ROWS)
    return _grid("The first test images", chosen, images, classes, is_negative)


def mistakes(predictions, images: np.ndarray, classes: list[str], is_negative: bool) -> Figure:
    """Draw the most confident wrong predictions, of a table as `tables.tabulate` returns."""
    wrong = predictions.query("actual != predicted")
    wrong = wrong.sort_values("confidence", ascending=False, kind="stable")
    chosen = wrong.head(COLUMNS * MISTAKE_ROWS)
    return _grid("The most confident mistakes", chosen, images, classes, is_negative)


def _grid(title: str, predictions, images: np.ndarray, classes: list[str], is_negative) -> Figure:
    captions = []
    for row in predictions.itertuples():
        captions.append((classes[row.predicted], row.confidence, classes[row.actual]))
    return image_grid(title, images[predictions.index], captions, COLUMNS, is_negative)


def image_grid(
    title: str, images: np.ndarray, captions: list[tuple], columns: int, is_negative: bool
) -> Figure:
    """Draw each image with its prediction, confidence and label.

    A wrong prediction has a thick frame, a cross and bold letters.

    Args:
        images: uint8 (n, rows, columns, channels).
        captions: predicted name, confidence and actual name of each.
        is_negative: whether grey images are drawn dark for bright, as on paper.
    """
    rows = max(1, -(-len(images) // columns))
    size = (1.62 * columns, 2.05 * rows + 0.5)
    figure = Figure(figsize=size, dpi=100, layout="constrained")
    figure.suptitle(title if len(images) else f"{title}: none", size=14)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, image, caption in zip(grid, images, captions, strict=False):
        predicted, confidence, actual = caption
        style = RIGHT if predicted == actual else WRONG
        show(axes, image, is_negative)
        axes.spines[:].set(**style["frame"])
        text = f"{style['mark']} {predicted} {confidence:.1%}\ntrue: {actual}"
        axes.set_xlabel(text, color=style["color"], size=9, weight=style["weight"])
    for axes in grid[len(images) :]:
        axes.set_axis_off()
    return figure


def confusion_matrix(table: list[dict], classes: list[str]) -> Figure:
    """Draw the rows of `tables.confusion`: actual classes down, predicted across, in %."""
    count = len(classes)
    percents = [100 * row["share"] for row in table]
    size = (0.62 * count + 2.2, 0.55 * count + 2.2)
    figure = Figure(figsize=size, dpi=100, layout="constrained")
    axes = figure.add_subplot(xlabel="predicted", ylabel="actual")
    axes.set_title("% of each actual class (diagonal: recall)", size=12)
    matrix = np.reshape(percents, (count, count))
    axes.imshow(matrix, cmap="Blues", vmin=0, vmax=100, aspect="auto")
    for (row, column), percent in np.ndenumerate(matrix):
        text = f"{percent:.1f}" if percent else "·"
        color = "white" if percent > 55 else "#333333"
        axes.text(column, row, text, ha="center", va="center", size=9, color=color)
    axes.set_xticks(range(count), classes, rotation=35, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(count), classes)
    return figure
