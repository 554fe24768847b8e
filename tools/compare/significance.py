"""Is a difference more than chance? Two runs' predictions for the same images, compared."""

from typing import NamedTuple

import numpy as np
from scipy.stats import binomtest, norm

LEVEL = 0.05  # of significance


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
        by_class: a change for each class that has test images.
    """

    count: int
    first: float
    second: float
    interval: tuple[float, float]
    p: float
    only_first: np.ndarray
    only_second: np.ndarray
    by_class: list[ClassChange]


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
    names, recalls, p_values = [], [], []
    for label, name in enumerate(classes):
        in_class = actual == label
        if not in_class.any():
            continue
        names.append(name)
        recalls.append((_mean(first_right[in_class]), _mean(second_right[in_class])))
        flipped = int(in_class[only_first].sum()), int(in_class[only_second].sum())
        p_values.append(mcnemar(*flipped))
    changes = []
    for name, pair, p in zip(names, recalls, holm(p_values), strict=True):
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
