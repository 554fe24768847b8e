"""Is the change real? Compare two runs by their predictions for the same test images.

    python -m tools.compare                  # the last commit and the workspace
    python -m tools.compare HEAD~3           # another commit, branch, tag or experiment, and the workspace
    python -m tools.compare main busy-lynx --markdown --picture compare.png

States the difference in accuracy with a 95 % confidence interval (Bonett and Price, 2012), McNemar's exact test, which
classes changed (the same test, with Holm's correction), and how many images flipped. The predictions come from DVC's
cache.
"""

import argparse
from pathlib import Path

import dvc.api
import numpy as np
import pandas as pd
from dvc.exceptions import DvcException
from dvc.scm import RevError
from matplotlib.figure import Figure
from scipy.stats import binomtest, norm

from stages.errors import InputError
from stages.files import read_array, replacing
from stages.process import run

PREDICTIONS, PARAMS = "reports/evaluate/predictions.csv", "params.yaml"
IMAGES = Path("data/processed/test_images.npy")
LEVEL = 0.05  # of significance
COLUMNS, ROWS = 8, 2  # of the picture's grids


def read(revision: str | None) -> tuple[pd.DataFrame, list[str]]:
    """Return the predictions and the names of the classes of a revision; of the workspace for None."""
    try:
        with dvc.api.open(PREDICTIONS, rev=revision, encoding="utf-8") as file:
            table = pd.read_csv(file, index_col="index")
        classes = dvc.api.params_show(PARAMS, rev=revision)["classes"]
    except RevError as error:
        raise InputError(f"{error}; `git log --oneline` and `dvc exp list` name what there is") from None
    except (DvcException, OSError):
        where = f"`git checkout {revision} && dvc repro`" if revision else "`dvc repro`"
        expected = f"{PREDICTIONS}: expected those of {revision or 'the workspace'} in DVC's cache, found none"
        raise InputError(f"{expected}; {where} makes them again, `dvc fetch` gets them from a remote") from None
    return table, classes


def mcnemar(only_first: int, only_second: int) -> float:
    """Return the two-sided p-value of McNemar's exact test, from the images that only one of two runs has right."""
    return float(binomtest(only_second, only_first + only_second).pvalue) if only_first + only_second else 1.0


def difference_interval(only_first: int, only_second: int, count: int) -> tuple[float, float]:
    """Return Bonett and Price's 95 % interval of second minus first, two shares of the same `count` images."""
    first, second = (only_first + 1) / (count + 2), (only_second + 1) / (count + 2)
    half = norm.ppf(0.975) * ((first + second - (second - first) ** 2) / (count + 2)) ** 0.5
    return max(-1.0, second - first - half), min(1.0, second - first + half)


def holm(p_values: list[float]) -> list[float]:
    """Return p-values with Holm's correction for their number."""
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(np.argsort(p_values, kind="stable")):
        highest = max(highest, (len(p_values) - rank) * p_values[place])
        adjusted[place] = min(1.0, highest)
    return adjusted


def compare(actual, first, second, classes: list[str]) -> dict:
    """Return the comparison of two runs.

    Args:
        actual, first, second: class numbers, int (n,): the labels and the two runs' predictions.
        classes: their names.

    Returns:
        accuracy: (first, second); interval of their difference; p; only_first and only_second: the rows that one run
        alone has right; by_class: for each class its name, both recalls, and p with Holm's correction.
    """
    right = first == actual, second == actual
    only = np.flatnonzero(right[0] & ~right[1]), np.flatnonzero(right[1] & ~right[0])
    counts = [[int((actual[rows] == label).sum()) for rows in only] for label in range(len(classes))]
    p_values = holm([mcnemar(*pair) for pair in counts])
    of_class = [actual == label for label in range(len(classes))]
    recalls = [tuple(float(each[rows].mean()) if rows.any() else 0.0 for each in right) for rows in of_class]
    return {
        "count": len(actual),
        "accuracy": tuple(float(each.mean()) for each in right),
        "interval": difference_interval(len(only[0]), len(only[1]), len(actual)),
        "p": mcnemar(len(only[0]), len(only[1])),
        "only_first": only[0],
        "only_second": only[1],
        "by_class": list(zip(classes, recalls, p_values, strict=True)),
    }


def verdict(result: dict, names: tuple[str, str]) -> str:
    """Return the answer in a sentence."""
    if result["p"] >= LEVEL:
        share = f"chance alone makes one as large in {result['p']:.0%} of such comparisons"
        return f"No significant difference: {share}."
    better = names[int(result["accuracy"][1] > result["accuracy"][0])]
    moved = sorted((-abs(b - a), name) for name, (a, b), p in result["by_class"] if p < LEVEL)
    where = f", above all on {', '.join(name for _, name in moved[:3])}" if moved else ", by a little in many classes"
    return f"{better} is better{where}."


def report(result: dict, names: tuple[str, str], is_markdown: bool) -> str:
    """Return the comparison as text, or as Markdown."""
    (first, second), interval = result["accuracy"], [f"{100 * bound:+.2f}" for bound in result["interval"]]
    only = [len(result[key]) for key in ("only_first", "only_second")]
    points = f"{100 * (second - first):+.2f} points, 95 % interval {' to '.join(interval)}"
    lines = [
        f"{result['count']:,} test images; first: {names[0]}; second: {names[1]}",
        f"Accuracy {first:.2%} and {second:.2%}: {points}",
        f"McNemar's exact test: p = {result['p']:.2g}; right only in the first {only[0]}, only in the second {only[1]}",
    ]
    rows = [("class", "recall, first", "recall, second", "points", "p (Holm)", "")]
    for name, (a, b), p in result["by_class"]:
        rows.append((name, f"{a:.1%}", f"{b:.1%}", f"{100 * (b - a):+.1f}", f"{p:.2g}", "*" if p < LEVEL else ""))
    caution = "This is about these two models; recipes are compared over several seeds (python -m tools.seeds)."
    if is_markdown:
        return "\n\n".join([f"**{verdict(result, names)}**", *lines, markdown_table(rows), caution])
    return "\n".join([verdict(result, names), "", *lines, "", text_table(rows), "", caution])


def text_table(rows: list[tuple]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    align = [str.ljust, *[str.rjust] * (len(widths) - 2), str.ljust]
    lines = [[put(*cell) for put, cell in zip(align, zip(row, widths, strict=True), strict=True)] for row in rows]
    return "\n".join("  ".join(line).rstrip() for line in lines)


def markdown_table(rows: list[tuple]) -> str:
    head, *lines = ["| " + " | ".join(row).replace("*", r"\*") + " |" for row in rows]
    return "\n".join([head, "| --- |" + " ---: |" * (len(rows[0]) - 2) + " --- |", *lines])


def picture(result: dict, names: tuple[str, str], images, actual, predictions, classes: list[str]) -> Figure:
    """Draw recall by class and the first images that flipped either way.

    `images` is uint8 (n, rows, columns), `actual` and both `predictions` class numbers, int (n,).
    """
    figure = Figure(figsize=(11, 9.5), dpi=100, layout="constrained")
    top, middle, bottom = figure.subfigures(3, 1, height_ratios=[1.4, 1, 1])
    draw_recalls(top.add_subplot(), result, f"{verdict(result, names)}\nfirst: {names[0]}; second: {names[1]}")
    for part, which, rows in ((middle, 1, result["only_second"]), (bottom, 0, result["only_first"])):
        chosen = rows[: COLUMNS * ROWS]
        part.suptitle(f"Right only in {names[which]}: {len(rows):,} images, {len(chosen)} of them here")
        grid = part.subplots(ROWS, COLUMNS).ravel()
        for axes in grid:
            axes.set_axis_off()
        for axes, row in zip(grid, chosen, strict=False):
            axes.imshow(images[row], cmap="gray_r", vmin=0, vmax=255)
            axes.set_title(f"{classes[actual[row]]}\nnot {classes[predictions[1 - which][row]]}", size=8)
    return figure


def draw_recalls(axes, result: dict, title: str) -> None:
    """Draw a bar a class: second recall minus first."""
    rows = [(name, 100 * (b - a), p) for name, (a, b), p in result["by_class"]]
    colors = ["#1a6e2e" if points > 0 else "#b3001b" for _, points, _ in rows]
    bars = axes.barh([name for name, *_ in rows], [points for _, points, _ in rows], color=colors)
    axes.bar_label(bars, [f"{points:+.1f}{' *' if p < LEVEL else ''}" for _, points, p in rows], padding=4)
    axes.axvline(0, color="#333333", linewidth=1)
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.set(title=title, xlabel="recall, second minus first, in points (* significant, with Holm's correction)")


def main():
    parser = argparse.ArgumentParser(prog="python -m tools.compare", description=__doc__.splitlines()[0])
    parser.add_argument(
        "first", nargs="?", default="HEAD", metavar="REV", help="a commit or experiment (default: HEAD)"
    )
    parser.add_argument("second", nargs="?", metavar="REV", help="another one (default: the workspace)")
    parser.add_argument("--markdown", action="store_true", help="for a pull request")
    parser.add_argument("--picture", type=Path, metavar="FILE.png", help="draw changes by class and flipped images")
    options = parser.parse_args()
    names = options.first, options.second or "the workspace"
    (first, classes), (second, other_classes) = read(options.first), read(options.second)
    if classes != other_classes or not first["actual"].equals(second["actual"]):
        raise InputError(f"{PREDICTIONS}: expected the same test images and classes in {names[0]} and {names[1]}")
    actual, predictions = first["actual"].to_numpy(), (first["predicted"].to_numpy(), second["predicted"].to_numpy())
    result = compare(actual, *predictions, classes)
    print(report(result, names, options.markdown))
    if options.picture:
        images = read_array(IMAGES, "uint8", ndim=3)
        if len(images) != len(actual):
            raise InputError(f"{IMAGES}: expected {len(actual):,} images, as predicted, received {len(images):,}")
        with replacing(options.picture) as partial:
            picture(result, names, images, actual, predictions, classes).savefig(partial, format="png")
        print(f"\ncompare: drew {options.picture}")


if __name__ == "__main__":
    run(main)
