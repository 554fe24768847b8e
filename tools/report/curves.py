"""Draws the curves of two trainings, one over the other."""

import io

import pandas as pd
from matplotlib.figure import Figure

from classifier.drawing.figures import set_matplotlib
from classifier.errors import InputError
from tools.runs import Run

FOLDER = "reports/train/plots/metrics"
TITLES = {"loss": "Cross-entropy", "accuracy": "Accuracy"}
COLORS = ("#8a8a8a", "#1f6fb4")  # of the first run and the second
STYLES = {"train": (0, (2, 2)), "val": "solid"}


def draw_curves(first: Run, second: Run) -> Figure:
    """Draw loss and accuracy after each epoch, of training and validation images."""
    set_matplotlib()
    figure = Figure(figsize=(11, 4), dpi=100, layout="constrained")
    for axes, (metric, title) in zip(figure.subplots(1, 2), TITLES.items(), strict=True):
        for run, color in zip((first, second), COLORS, strict=True):
            for part, style in STYLES.items():
                values = curve(run, f"{part}_{metric}")
                label = f"{run.name}, {'training' if part == 'train' else 'validation'}"
                axes.plot(values.index, values, color=color, linestyle=style, label=label)
        axes.set_title(title)
        axes.set_xlabel("epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(color="#e5e5e5")
        axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    return figure


def curve(run: Run, name: str) -> pd.Series:
    """Return a figure after each epoch, by its number; raises InputError."""
    path = f"{FOLDER}/{name}.tsv"
    content = run.output(path)
    try:
        return pd.read_csv(io.BytesIO(content), sep="\t", index_col="step")[name]
    except (LookupError, ValueError):
        expected = f"expected a curve of {run.name}, received something else"
        raise InputError(f"{path}: {expected}; `dvc repro` makes it") from None
