"""Matplotlib, set alike for everybody; and its figures as PNG files."""

from pathlib import Path

from classifier.files.atomic import replacing
from classifier.surroundings import set_environment


def set_matplotlib() -> None:
    """Undo what a user's matplotlibrc has set. Call it before anything that imports Matplotlib."""
    set_environment()
    import matplotlib

    matplotlib.rcdefaults()
    matplotlib.rcParams["text.parse_math"] = False  # a $ in a name is a $
    matplotlib.use("agg")


def write_figure(path: Path, figure) -> None:
    """Write a figure as PNG, without the version of Matplotlib in it."""
    with replacing(path) as partial:
        figure.savefig(partial, format="png", metadata={"Software": None})
