"""Figures that describe predictions. Arrays in, plain numbers or tables (lists of dicts) out.

Throughout: `actual` and `predicted` are int (n,), class numbers; `confidence` is float (n,),
the probability of the predicted class; `classes` are the class names.
"""

import numpy as np
from scipy.stats import binomtest
from sklearn import metrics

CALIBRATION_BINS = 15  # as in Guo et al., On Calibration of Modern Neural Networks, 2017


def headline(actual, probabilities, class_count: int) -> dict:
    """Return the metrics of `probabilities`, float (n, class_count), as plain numbers.

    `accuracy_low` and `accuracy_high` bound Wilson's 95 % interval; `ece` is the expected
    calibration error, a share from 0 to 1.
    """
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    correct = predicted == actual
    interval = binomtest(int(correct.sum()), len(correct)).proportion_ci(0.95, "wilson")
    labels = range(class_count)
    recall = metrics.recall_score(
        actual, predicted, labels=labels, average=None, zero_division=0.0
    )
    bins = reliability(correct, confidence)
    figures = {
        "accuracy": correct.mean(),
        "accuracy_low": interval.low,
        "accuracy_high": interval.high,
        "loss": metrics.log_loss(actual, probabilities, labels=labels),
        "macro_f1": metrics.f1_score(
            actual, predicted, labels=labels, average="macro", zero_division=0.0
        ),
        "worst_class_recall": recall.min(),
        "ece": sum(b["images"] * abs(b["accuracy"] - b["confidence"]) for b in bins) / len(correct),
    }
    return {name: round(float(figure), 6) for name, figure in figures.items()}


def reliability(correct, confidence) -> list[dict]:
    """Return mean confidence and accuracy of each non-empty one of 15 equal confidence bins."""
    edges = np.linspace(0, 1, CALIBRATION_BINS + 1)
    numbers = np.digitize(confidence, edges[1:-1], right=True)  # a bin is (low, high]
    return [
        {
            "confidence": float(confidence[numbers == number].mean()),
            "accuracy": float(correct[numbers == number].mean()),
            "images": int((numbers == number).sum()),
        }
        for number in np.unique(numbers)
    ]


def confusion(actual, predicted, classes) -> list[dict]:
    """Return a row for each pair of classes, in the order of `classes`.

    `share` is of the actual class's images: on the diagonal, its recall.
    """
    counts = metrics.confusion_matrix(actual, predicted, labels=range(len(classes)))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return [
        {
            "actual": classes[row],
            "predicted": classes[column],
            "images": int(counts[row, column]),
            "share": round(float(shares[row, column]), 6),
        }
        for row in range(len(classes))
        for column in range(len(classes))
    ]


def by_class(actual, predicted, classes) -> list[dict]:
    """Return precision, recall and F1 of each class, a row for each figure."""
    figures = metrics.precision_recall_fscore_support(
        actual, predicted, labels=range(len(classes)), zero_division=0.0
    )[:3]
    return [
        {"class": name, "group": group, "score": round(float(values[number]), 6)}
        for number, name in enumerate(classes)
        for group, values in zip(("precision", "recall", "F1"), figures, strict=True)
    ]
