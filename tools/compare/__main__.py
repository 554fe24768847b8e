"""Is the change real? Compare two runs by their predictions for the same test images.

    python -m tools.compare                  # the last commit and the workspace
    python -m tools.compare HEAD~3           # another commit, tag or experiment, and the workspace
    python -m tools.compare main busy-lynx --markdown --picture compare.png

States the difference in accuracy with a 95 % confidence interval (Bonett and Price, 2012),
McNemar's exact test, which classes changed (the same test, with Holm's correction), and how many
images flipped. The predictions come from DVC's cache.
"""

import argparse
import io
import json
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from classifier import parameters
from classifier.errors import InputError
from classifier.files.arrays import read_array
from classifier.files.atomic import replacing
from classifier.process.command import run
from classifier.surroundings import set_environment
from tools import revisions
from tools.compare.report import report
from tools.compare.significance import compare

PREDICTIONS = "reports/evaluate/predictions.csv"
CONFUSION = "reports/evaluate/confusion.json"  # names the classes, in their order
IMAGES = Path("data/processed/test_images.npy")


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


def read(revision: str | None) -> Predictions:
    """Return what a revision predicts; the workspace, for None."""
    name = "the workspace" if revision is None else revision
    if revision is not None:
        found = revisions.find(revision)
        predictions = revisions.read_output(found, PREDICTIONS)
        confusion = revisions.read_output(found, CONFUSION)
    else:
        predictions = read_here(PREDICTIONS)
        confusion = read_here(CONFUSION)
    try:
        table = pd.read_csv(io.BytesIO(predictions), index_col="index")
        classes = list(dict.fromkeys(row["actual"] for row in json.loads(confusion)))
        table[["actual", "predicted"]]
    except (LookupError, TypeError, ValueError):
        expected = f"expected predictions and class names of {name}, received something else"
        raise InputError(
            f"{PREDICTIONS}, {CONFUSION}: {expected}; `dvc repro` makes them"
        ) from None
    return Predictions(name, table, classes)


def read_here(path: str) -> bytes:
    """Return a file of the workspace; raises InputError."""
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        found = "expected it in the workspace, found no file"
        raise InputError(f"{path}: {found}; `dvc repro` makes it") from None


def parse() -> argparse.Namespace:
    summary = (__doc__ or " ").splitlines()[0]
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
        set_environment()  # before Matplotlib is imported
        from tools.compare.picture import picture

        images = read_array(IMAGES, "uint8", ndim=4)
        if len(images) != len(actual):
            expected = f"expected {len(actual):,} images, as predicted, received {len(images):,}"
            raise InputError(f"{IMAGES}: {expected}")
        is_negative = parameters.read().sections["images"].is_bright_on_black
        arguments = (images, actual, predictions, first.classes, is_negative)
        figure = picture(result, names, *arguments)
        with replacing(options.picture) as partial:
            figure.savefig(partial, format="png")
        print(f"\ncompare: drew {options.picture}")


if __name__ == "__main__":
    run(main)
