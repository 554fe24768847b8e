"""Whether two sets of images differ by more than chance."""

from typing import NamedTuple

import numpy as np
from scipy.stats import chi2_contingency, ks_2samp

from tools.drift.looks import Looks

LEVEL = 0.01  # of a false alarm, by all tests together
MIN_EXPECTED = 5  # images of a kind, for the chi-squared test; rarer kinds are one kind


class Shift(NamedTuple):
    """One figure of the images, and the p-value of its difference, times the number of figures."""

    name: str
    p: float


def shifts(reference: Looks, incoming: Looks) -> list[Shift]:
    """Return a shift for each figure that is compared, with Bonferroni's correction."""
    p_values = {
        "what preparing them found": of_kinds(reference.notes, incoming.notes),
        "predicted classes": of_kinds(reference.labels, incoming.labels),
        "confidence": of_numbers(reference.confidences, incoming.confidences),
        "distance to the training images": of_numbers(reference.scores, incoming.scores),
    }
    return [Shift(name, min(1.0, len(p_values) * p)) for name, p in p_values.items()]


def is_drift(found: list[Shift]) -> bool:
    return min(shift.p for shift in found) < LEVEL


def of_numbers(first: np.ndarray, second: np.ndarray) -> float:
    """Return the p-value of Kolmogorov and Smirnov's test."""
    return float(ks_2samp(first, second).pvalue)


def of_kinds(first: np.ndarray, second: np.ndarray) -> float:
    """Return the p-value of Pearson's chi-squared test of how often each kind occurs."""
    kinds, places = np.unique(np.concatenate([first, second]), return_inverse=True)
    parts = places[: len(first)], places[len(first) :]
    counts = np.array([np.bincount(part, minlength=len(kinds)) for part in parts])
    smallest = min(len(first), len(second)) / (len(first) + len(second))
    is_rare = counts.sum(axis=0) * smallest < MIN_EXPECTED
    table = np.column_stack([counts[:, ~is_rare], counts[:, is_rare].sum(axis=1)])
    table = table[:, table.sum(axis=0) * smallest >= MIN_EXPECTED]
    if table.shape[1] < 2:
        return 1.0
    return float(chi2_contingency(table, correction=False).pvalue)
