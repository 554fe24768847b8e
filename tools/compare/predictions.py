"""What runs predict for the test images."""

import io
import json
from typing import NamedTuple

import pandas as pd

from classifier.errors import InputError
from tools.compare.significance import Comparison, compare
from tools.runs import Run

PREDICTIONS = "reports/evaluate/predictions.csv"
CONFUSION = "reports/evaluate/confusion.json"  # names the classes, in their order


class Predictions(NamedTuple):
    """What a run predicts.

    Attributes:
        name: of the run, in words.
        table: with the columns actual and predicted, class numbers, a row an image.
        classes: their names.
    """

    name: str
    table: pd.DataFrame
    classes: list[str]


def read(run: Run) -> Predictions:
    """Return what a run predicts; raises InputError."""
    predictions = run.output(PREDICTIONS)
    confusion = run.output(CONFUSION)
    try:
        table = pd.read_csv(io.BytesIO(predictions), index_col="index")
        classes = list(dict.fromkeys(row["actual"] for row in json.loads(confusion)))
        labels = table[["actual", "predicted"]].to_numpy()
        if labels.dtype != int or not len(labels) or set(labels.flat) - set(range(len(classes))):
            raise ValueError
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
        expected = f"expected predictions and class names of {run.name}, received something else"
        raise InputError(
            f"{PREDICTIONS}, {CONFUSION}: {expected}; `dvc repro` makes them"
        ) from None
    return Predictions(run.name, table, classes)


def compared(first: Predictions, second: Predictions) -> Comparison:
    """Return the comparison of two runs; raises InputError unless they are of the same images."""
    actual = first.table["actual"]
    if first.classes != second.classes or not actual.equals(second.table["actual"]):
        expected = f"expected the same test images and classes in {first.name} and {second.name}"
        raise InputError(f"{PREDICTIONS}: {expected}")
    labels = [table["predicted"].to_numpy() for table in (first.table, second.table)]
    return compare(actual.to_numpy(), *labels, first.classes)
