"""Pictures of predictions, as Matplotlib figures."""

import numpy as np
from matplotlib.figure import Figure

RIGHT = {"mark": "✓", "color": "#1a6e2e", "weight": "normal", "frame": {"color": "#bbbbbb", "linewidth": 1}}
WRONG = {"mark": "✗", "color": "#b3001b", "weight": "bold", "frame": {"color": "#b3001b", "linewidth": 3}}


def image_grid(title: str, images, captions, columns: int) -> Figure:
    """Show each image with its prediction, confidence and label; a wrong one has a thick frame, a cross, bold letters.

    `images` is uint8 (n, rows, columns); `captions` has (predicted name, confidence, actual name) for each.
    """
    rows = max(1, -(-len(images) // columns))
    figure = Figure(figsize=(1.62 * columns, 2.05 * rows + 0.5), dpi=100, layout="constrained")
    figure.suptitle(title if len(images) else f"{title}: none", size=14)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, image, (predicted, confidence, actual) in zip(grid, images, captions, strict=False):
        style = RIGHT if predicted == actual else WRONG
        axes.imshow(image, cmap="gray_r", vmin=0, vmax=255)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set(**style["frame"])
        text = f"{style['mark']} {predicted} {confidence:.1%}\ntrue: {actual}"
        axes.set_xlabel(text, color=style["color"], size=9, weight=style["weight"])
    for axes in grid[len(images) :]:
        axes.set_axis_off()
    return figure


def confusion_matrix(table: list[dict], classes) -> Figure:
    """Draw the rows of `scores.confusion`: actual classes down, predicted across, shares in %."""
    size = len(classes)
    percents = [100 * row["share"] for row in table]
    figure = Figure(figsize=(0.62 * size + 2.2, 0.55 * size + 2.2), dpi=100, layout="constrained")
    axes = figure.add_subplot(xlabel="predicted", ylabel="actual")
    axes.set_title("% of each actual class (diagonal: recall)", size=12)
    axes.imshow(np.reshape(percents, (size, size)), cmap="Blues", vmin=0, vmax=100, aspect="auto")
    for place, percent in enumerate(percents):
        row, column = divmod(place, size)
        text, color = f"{percent:.1f}" if percent else "·", "white" if percent > 55 else "#333333"
        axes.text(column, row, text, ha="center", va="center", size=9, color=color)
    axes.set_xticks(range(size), classes, rotation=35, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(size), classes)
    return figure
