"""Draws the figures of trials against their knobs."""

import warnings

import numpy as np
import optuna
from matplotlib.figure import Figure

from classifier.drawing.figures import set_matplotlib

PANEL = (3.2, 3.6)  # inches


def draw(study, metric: str) -> Figure:
    """Draw each complete trial in a panel for each knob, later ones darker, as Optuna does."""
    set_matplotlib()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        panels = optuna.visualization.matplotlib.plot_slice(study, target_name=metric)
    first, *others = np.atleast_1d(panels)
    for axes in others:
        axes.set_ylabel("")
    for axes in (first, *others):
        if axes.get_xscale() == "log":
            axes.xaxis.set_major_formatter("{x:g}")  # the usual ones need Matplotlib's math
            axes.xaxis.set_minor_formatter("")
    figure = first.figure
    figure.suptitle(f"{metric} of complete trials, later ones darker")
    figure.set_size_inches(PANEL[0] * (1 + len(others)) + 1, PANEL[1])
    figure.set_layout_engine("constrained")
    return figure
