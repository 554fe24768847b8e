"""The headline figures of a model, from its predictions.

`predictions` is always what `tables.tabulate` returns: a row for each image.
"""

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field

from classifier.evaluation.tables import precision_recall_f1, reliability
from classifier.knobs import Proportion


def accuracy(predictions, class_count: int) -> float:
    return (predictions.actual == predictions.predicted).mean()


def accuracy_low(predictions, class_count: int) -> float:
    return _accuracy_interval(predictions, class_count)[0]


def accuracy_high(predictions, class_count: int) -> float:
    return _accuracy_interval(predictions, class_count)[1]


def balanced_accuracy(predictions, class_count: int) -> float:
    return np.nanmean(precision_recall_f1(predictions, class_count)["recall"])


def majority_share(predictions, class_count: int) -> float:
    return predictions.actual.value_counts(normalize=True).max()


def loss(predictions, class_count: int) -> float:
    return predictions.loss.mean()


def macro_f1(predictions, class_count: int) -> float:
    return np.nanmean(precision_recall_f1(predictions, class_count)["F1"])


def worst_class_recall(predictions, class_count: int) -> float:
    return np.nanmin(precision_recall_f1(predictions, class_count)["recall"])


def ece(predictions, class_count: int) -> float:
    bins = reliability(predictions)
    gaps = sum(row["images"] * abs(row["accuracy"] - row["confidence"]) for row in bins)
    return gaps / len(predictions)


class Metric(NamedTuple):
    """A headline figure of a model.

    Attributes:
        function: what computes it from predictions and the number of classes; it has its name.
        better: "higher", "lower", or none where it is no aim by itself.
        form: how it is shown, as a format of Python's.
        meaning: in words.
        threshold: what `gate` in params.yaml may ask for.
    """

    function: Callable
    better: str | None
    form: str
    meaning: str
    threshold: type = Proportion

    @property
    def name(self) -> str:
        return self.function.__name__


METRICS = (
    Metric(accuracy, "higher", ".2%", "accuracy"),
    Metric(accuracy_low, None, ".2%", "lower end of the 95 % interval of accuracy (Wilson)"),
    Metric(accuracy_high, None, ".2%", "upper end of the 95 % interval of accuracy (Wilson)"),
    Metric(balanced_accuracy, "higher", ".2%", "balanced accuracy: mean recall of the classes"),
    Metric(majority_share, None, ".2%", "accuracy of the most frequent class alone"),
    Metric(loss, "lower", ".3f", "cross-entropy", Annotated[float, Field(ge=0)]),
    Metric(macro_f1, "higher", ".4f", "macro F1"),
    Metric(worst_class_recall, "higher", ".2%", "lowest recall of a class"),
    Metric(ece, "lower", ".4f", "expected calibration error"),
)


def is_chance(figures: dict) -> bool:
    """Whether a headline is no better than always giving the most frequent class, for all we know.

    That is, whether that one's share lies in or above the interval of accuracy.
    """
    return figures["accuracy_low"] <= figures["majority_share"]


def headline(predictions, class_count: int) -> dict:
    """Return all of `METRICS` as plain numbers, by name."""
    figures = {}
    for metric in METRICS:
        figure = metric.function(predictions, class_count)
        figures[metric.name] = round(float(figure), 6)
    return figures


def _accuracy_interval(predictions, class_count: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of accuracy, its lower and its upper end.

    Wilson, Probable Inference, Journal of the American Statistical Association 22, 1927.
    """
    share = accuracy(predictions, class_count)
    z2 = NormalDist().inv_cdf(0.975) ** 2 / len(predictions)
    half = math.sqrt(z2 * share * (1 - share) + z2**2 / 4)
    return (share + z2 / 2 - half) / (1 + z2), (share + z2 / 2 + half) / (1 + z2)
