"""Is the change real? Compare two runs by their predictions for the same test images.

    python -m tools.compare                  # the last commit and the workspace
    python -m tools.compare HEAD~3           # another commit, tag or experiment, and the workspace
    python -m tools.compare main busy-lynx --markdown --picture compare.png

States the difference in accuracy with a 95 % confidence interval (Bonett and Price, 2012),
McNemar's exact test, which classes changed (the same test, with Holm's correction), and how many
images flipped. The predictions come from DVC's cache.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import dvc.api
import numpy as np
import pandas as pd
from dvc.exceptions import DvcException
from dvc.scm import RevError
from matplotlib.figure import Figure
from scipy.stats import binomtest, norm

from classifier.errors import InputError
from classifier.files.arrays import read_array
from classifier.files.atomic import replacing
from classifier.process.command import run
from tools.terminal import columns

PREDICTIONS = "reports/evaluate/predictions.csv"
PARAMS = "params.yaml"
IMAGES = Path("data/processed/test_images.npy")
LEVEL = 0.05  # of significance
COLUMNS = 8  # of the picture's grids
ROWS = 2
GREEN = "#1a6e2e"
RED = "#b3001b"
HEADER = ("class", "recall, first", "recall, second", "points", "p (Holm)", "")
CAUTION = (
    "This is about these two models; "
    "recipes are compared over several seeds (python -m tools.seeds)."
)


class Predictions(NamedTuple):
    """What a revision predicts.

    Attributes:
        name: of the revision, in words.
        table: with the columns actual and predicted, class numbers, a row an image.
        classes: their names.
    """

    name: str
    table: pd.DataFrame
    classes: list[str]


class ClassChange(NamedTuple):
    """Both runs' recall of a class, and the p-value of their difference, with Holm's correction."""

    name: str
    first: float
    second: float
    p: float

    @property
    def points(self) -> float:
        return 100 * (self.second - self.first)

    @property
    def is_significant(self) -> bool:
        return self.p < LEVEL


class Comparison(NamedTuple):
    """Two runs, compared.

    Attributes:
        count: of the images.
        first, second: the runs' accuracies.
        interval: of second minus first, 95 %.
        p: of McNemar's test.
        only_first, only_second: rows that one run alone has right, int (n,).
        by_class: a change for each class.
    """

    count: int
    first: float
    second: float
    interval: tuple[float, float]
    p: float
    only_first: np.ndarray
    only_second: np.ndarray
    by_class: list[ClassChange]


def read(revision: str | None) -> Predictions:
    """Return what a revision predicts; the workspace, for None."""
    name = revision or "the workspace"
    try:
        with dvc.api.open(PREDICTIONS, rev=revision, encoding="utf-8") as file:
            table = pd.read_csv(file, index_col="index")
        classes = dvc.api.params_show(PARAMS, rev=revision)["classes"]
    except RevError as error:
        cure = "`git log --oneline` and `dvc exp list` name what there is"
        raise InputError(f"{error}; {cure}") from None
    except (DvcException, OSError):
        expected = f"{PREDICTIONS}: expected those of {name} in DVC's cache, found none"
        make = f"`git checkout {revision} && dvc repro`" if revision else "`dvc repro`"
        cure = f"{make} makes them again, `dvc fetch` gets them from a remote"
        raise InputError(f"{expected}; {cure}") from None
    return Predictions(name, table, classes)


def mcnemar(only_first: int, only_second: int) -> float:
    """Return the two-sided p-value of McNemar's exact test.

    It takes the numbers of images that only one of two runs has right.
    """
    if only_first + only_second == 0:
        return 1.0
    return float(binomtest(only_second, only_first + only_second).pvalue)


def difference_interval(only_first: int, only_second: int, count: int) -> tuple[float, float]:
    """Return Bonett and Price's 95 % interval of second minus first.

    These are two shares of the same `count` images.
    """
    first = (only_first + 1) / (count + 2)
    second = (only_second + 1) / (count + 2)
    difference = second - first
    half = norm.ppf(0.975) * ((first + second - difference**2) / (count + 2)) ** 0.5
    return max(-1.0, difference - half), min(1.0, difference + half)


def holm(p_values: list[float]) -> list[float]:
    """Return p-values with Holm's correction for their number."""
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, place in enumerate(np.argsort(p_values, kind="stable")):
        highest = max(highest, (len(p_values) - rank) * p_values[place])
        adjusted[place] = min(1.0, highest)
    return adjusted


def compare(
    actual: np.ndarray, first: np.ndarray, second: np.ndarray, classes: list[str]
) -> Comparison:
    """Return the comparison of two runs' predictions.

    Args:
        actual, first, second: class numbers, int (n,): the labels and the two predictions.
        classes: their names.
    """
    first_right = first == actual
    second_right = second == actual
    only_first = np.flatnonzero(first_right & ~second_right)
    only_second = np.flatnonzero(second_right & ~first_right)
    recalls, p_values = [], []
    for label in range(len(classes)):
        in_class = actual == label
        recalls.append((_mean(first_right[in_class]), _mean(second_right[in_class])))
        flipped = int(in_class[only_first].sum()), int(in_class[only_second].sum())
        p_values.append(mcnemar(*flipped))
    changes = []
    for name, pair, p in zip(classes, recalls, holm(p_values), strict=True):
        changes.append(ClassChange(name, *pair, p))
    return Comparison(
        count=len(actual),
        first=_mean(first_right),
        second=_mean(second_right),
        interval=difference_interval(len(only_first), len(only_second), len(actual)),
        p=mcnemar(len(only_first), len(only_second)),
        only_first=only_first,
        only_second=only_second,
        by_class=changes,
    )


def _mean(is_right: np.ndarray) -> float:
    return float(is_right.mean()) if len(is_right) else 0.0


def verdict(result: Comparison, names: tuple[str, str]) -> str:
    """Return the answer in a sentence."""
    if result.p >= LEVEL:
        share = f"chance alone makes one as large in {result.p:.0%} of such comparisons"
        return f"No significant difference: {share}."
    better = names[1] if result.second > result.first else names[0]
    changed = [change for change in result.by_class if change.is_significant]
    changed.sort(key=lambda change: (-abs(change.points), change.name))
    where = ", by a little in many classes"
    if changed:
        where = f", above all on {', '.join(change.name for change in changed[:3])}"
    return f"{better} is better{where}."


def report(result: Comparison, names: tuple[str, str], is_markdown: bool) -> str:
    """Return the comparison as text, or as Markdown."""
    low, high = (f"{100 * bound:+.2f}" for bound in result.interval)
    points = f"{100 * (result.second - result.first):+.2f} points, 95 % interval {low} to {high}"
    only = (
        f"only in the first {len(result.only_first)}, only in the second {len(result.only_second)}"
    )
    lines = [
        f"{result.count:,} test images; first: {names[0]}; second: {names[1]}",
        f"Accuracy {result.first:.2%} and {result.second:.2%}: {points}",
        f"McNemar's exact test: p = {result.p:.2g}; right {only}",
    ]
    rows = [HEADER]
    for change in result.by_class:
        recalls = f"{change.first:.1%}", f"{change.second:.1%}"
        mark = "*" if change.is_significant else ""
        rows.append((change.name, *recalls, f"{change.points:+.1f}", f"{change.p:.2g}", mark))
    answer = verdict(result, names)
    if is_markdown:
        return "\n\n".join([f"**{answer}**", *lines, markdown_table(rows), CAUTION])
    table = columns(rows, numeric=(1, 2, 3, 4))
    return "\n".join([answer, "", *lines, "", *table, "", CAUTION])


def markdown_table(rows: list[tuple]) -> str:
    head, *lines = ["| " + " | ".join(row).replace("*", r"\*") + " |" for row in rows]
    rule = "| --- |" + " ---: |" * (len(rows[0]) - 2) + " --- |"
    return "\n".join([head, rule, *lines])


def picture(
    result: Comparison, names: tuple[str, str], images, actual, predictions, classes: list[str]
) -> Figure:
    """Draw recall by class and the first images that flipped either way.

    Args:
        images: uint8 (n, rows, columns).
        actual: class numbers, int (n,).
        predictions: the two runs', likewise.
    """
    first, second = predictions
    figure = Figure(figsize=(11, 9.5), dpi=100, layout="constrained")
    top, middle, bottom = figure.subfigures(3, 1, height_ratios=[1.4, 1, 1])
    title = f"{verdict(result, names)}\nfirst: {names[0]}; second: {names[1]}"
    draw_recalls(top.add_subplot(), result, title)
    for part, name, rows, wrong in (
        (middle, names[1], result.only_second, first),
        (bottom, names[0], result.only_first, second),
    ):
        chosen = rows[: COLUMNS * ROWS]
        captions = [f"{classes[actual[row]]}\nnot {classes[wrong[row]]}" for row in chosen]
        part.suptitle(f"Right only in {name}: {len(rows):,} images, {len(chosen)} of them here")
        draw_images(part, images[chosen], captions)
    return figure


def draw_images(part, images: np.ndarray, captions: list[str]) -> None:
    """Draw images with captions in a grid."""
    grid = part.subplots(ROWS, COLUMNS).ravel()
    for axes in grid:
        axes.set_axis_off()
    for axes, image, caption in zip(grid, images, captions, strict=False):
        axes.imshow(image, cmap="gray_r", vmin=0, vmax=255)
        axes.set_title(caption, size=8)


def draw_recalls(axes, result: Comparison, title: str) -> None:
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
    axes.set_title(title)
    significant = "(* significant, with Holm's correction)"
    axes.set_xlabel(f"recall, second minus first, in points {significant}")


def parse() -> argparse.Namespace:
    summary = __doc__.splitlines()[0]
    parser = argparse.ArgumentParser(prog="python -m tools.compare", description=summary)
    first = "a commit or experiment (default: HEAD)"
    second = "another one (default: the workspace)"
    drawing = "draw changes by class and flipped images"
    parser.add_argument("first", nargs="?", default="HEAD", metavar="REV", help=first)
    parser.add_argument("second", nargs="?", metavar="REV", help=second)
    parser.add_argument("--markdown", action="store_true", help="for a pull request")
    parser.add_argument("--picture", type=Path, metavar="FILE.png", help=drawing)
    return parser.parse_args()


def main():
    options = parse()
    first, second = read(options.first), read(options.second)
    names = first.name, second.name
    actual = first.table["actual"]
    if first.classes != second.classes or not actual.equals(second.table["actual"]):
        expected = f"expected the same test images and classes in {names[0]} and {names[1]}"
        raise InputError(f"{PREDICTIONS}: {expected}")
    actual = actual.to_numpy()
    predictions = [each.table["predicted"].to_numpy() for each in (first, second)]
    result = compare(actual, *predictions, first.classes)
    print(report(result, names, options.markdown))
    if options.picture:
        images = read_array(IMAGES, "uint8", ndim=3)
        if len(images) != len(actual):
            expected = f"expected {len(actual):,} images, as predicted, received {len(images):,}"
            raise InputError(f"{IMAGES}: {expected}")
        figure = picture(result, names, images, actual, predictions, first.classes)
        with replacing(options.picture) as partial:
            figure.savefig(partial, format="png")
        print(f"\ncompare: drew {options.picture}")


if __name__ == "__main__":
    run(main)
