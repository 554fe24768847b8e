"""Figures that describe predictions: arrays in, plain numbers or tables (lists of rows) out.

Throughout, `actual` and `predicted` are class numbers, int (n,), and `classes` the names of the classes.
"""

import numpy as np
from scipy.stats import binomtest
from sklearn import metrics

CALIBRATION_BINS = 15  # as in Guo et al., On Calibration of Modern Neural Networks, 2017


def headline(actual, probabilities, class_count: int) -> dict:
    """Return the metrics of `probabilities`, float (n, class_count), as plain numbers.

    accuracy_low and accuracy_high bound Wilson's 95 % interval; ece is the expected calibration error, 0 to 1.
    """
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    correct, labels = predicted == actual, range(class_count)
    interval = binomtest(int(correct.sum()), len(correct)).proportion_ci(0.95, "wilson")
    scores = {"labels": labels, "zero_division": 0.0}
    bins = reliability(correct, confidence)
    figures = {
        "accuracy": correct.mean(),
        "accuracy_low": interval.low,
        "accuracy_high": interval.high,
        "loss": metrics.log_loss(actual, probabilities, labels=labels),
        "macro_f1": metrics.f1_score(actual, predicted, average="macro", **scores),
        "worst_class_recall": metrics.recall_score(actual, predicted, average=None, **scores).min(),
        "ece": sum(row["images"] * abs(row["accuracy"] - row["confidence"]) for row in bins) / len(correct),
    }
    return {name: round(float(figure), 6) for name, figure in figures.items()}


def reliability(correct, confidence) -> list[dict]:
    """Return mean confidence and accuracy of each non-empty one of 15 equal bins (low, high] of confidence."""
    numbers = np.ceil(confidence * CALIBRATION_BINS)
    return [
        {
            "confidence": round(float(confidence[numbers == number].mean()), 6),
            "accuracy": round(float(correct[numbers == number].mean()), 6),
            "images": int((numbers == number).sum()),
        }
        for number in np.unique(numbers)
    ]


def confusion(actual, predicted, classes) -> list[dict]:
    """Return a row for each pair of classes; `share` is of the actual class's images: on the diagonal, its recall."""
    counts = metrics.confusion_matrix(actual, predicted, labels=range(len(classes)))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return [
        {
            "actual": classes[row],
            "predicted": classes[column],
            "images": int(count),
            "share": round(float(shares[row, column]), 6),
        }
        for (row, column), count in np.ndenumerate(counts)
    ]


def by_class(actual, predicted, classes) -> list[dict]:
    """Return precision, recall and F1 of each class, a row for each figure."""
    labels = range(len(classes))
    table = metrics.precision_recall_fscore_support(actual, predicted, labels=labels, zero_division=0.0)
    return [
        {"class": name, "group": group, "score": round(float(figures[number]), 6)}
        for number, name in enumerate(classes)
        for group, figures in zip(("precision", "recall", "F1", "images"), table, strict=True)
        if group != "images"
    ]
