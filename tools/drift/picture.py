"""Draws incoming images beside validation images: what is compared, and the least usual ones."""

import numpy as np
from matplotlib.figure import Figure

from classifier.drawing.figures import set_matplotlib
from classifier.drawing.fonts import use_fonts_for
from classifier.drawing.sheets import show
from tools.drift.looks import Looks
from tools.drift.report import verdict
from tools.drift.shift import Shift

SHOWN = 10  # images
COLORS = {"validation": "#8a8a8a", "incoming": "#1f6fb4"}


def picture(
    found: list[Shift],
    reference: Looks,
    incoming: Looks,
    classes: list[str],
    is_negative: bool,
) -> Figure:
    """Return a figure of classes, confidences, scores, and images with the highest scores."""
    set_matplotlib()
    use_fonts_for(classes)
    figure = Figure(figsize=(11, 6.4), dpi=100, layout="constrained")
    figure.suptitle(verdict(found), wrap=True)
    top, bottom = figure.subfigures(2, 1, height_ratios=[2.2, 1])
    sides = dict(zip(COLORS, (reference, incoming), strict=True))
    shares, confidences, scores = top.subplots(1, 3)
    _draw_shares(shares, sides, classes)
    for axes, title, values in (
        (confidences, "Confidence", {name: side.confidences for name, side in sides.items()}),
        (
            scores,
            "Distance to the training images\n(1 is an outlier)",
            {name: side.scores for name, side in sides.items()},
        ),
    ):
        _draw_shares_below(axes, title, values)
    scores.set_xlim(0, 2)
    confidences.legend(frameon=False)
    bottom.suptitle("Farthest from the training images")
    grid = bottom.subplots(1, SHOWN)
    for axes in grid:
        axes.set_axis_off()
    for axes, row in zip(grid, np.argsort(-incoming.scores, kind="stable"), strict=False):
        show(axes, incoming.images[row], is_negative)
        axes.set_title(f"{classes[incoming.labels[row]]}\n{incoming.scores[row]:.1f}", size=8)
    return figure


def _draw_shares(axes, sides: dict[str, Looks], classes: list[str]) -> None:
    places = np.arange(len(classes))
    for number, (name, side) in enumerate(sides.items()):
        counts = np.bincount(side.labels, minlength=len(classes))
        height = 0.4
        shares = 100 * counts / counts.sum()
        axes.barh(places + height * (number - 0.5), shares, height, color=COLORS[name])
    axes.set_yticks(places, classes)
    axes.invert_yaxis()
    axes.set_title("Predicted classes")
    axes.set_xlabel("% of the images")
    axes.spines[["top", "right"]].set_visible(False)


def _draw_shares_below(axes, title: str, values: dict[str, np.ndarray]) -> None:
    """Draw what share of images does not exceed each value."""
    for name, each in values.items():
        axes.ecdf(np.minimum(each, 1e9), color=COLORS[name], label=name)
    axes.set_title(title)
    axes.set_ylabel("share of the images below")
    axes.spines[["top", "right"]].set_visible(False)
