"""Figures that describe predictions: a tally of them in, plain numbers or tables (lists of rows) out.

Throughout, `classes` are the names of the classes, and a class number is their index.
"""

import numpy as np
from scipy.stats import binomtest
from sklearn import metrics

CALIBRATION_BINS = 15  # as in Guo et al., On Calibration of Modern Neural Networks, 2017


class Tally:
    """Running counts of predictions, from which all figures follow.

    Attributes:
        counts: images by actual and by predicted class, int (classes, classes).
        bins: images, right ones, and summed confidence in the bins (low, high] of confidence, float (3, bins).
        loss: summed cross-entropy.
    """

    def __init__(self, class_count: int):
        self.counts = np.zeros((class_count, class_count), int)
        self.bins, self.loss = np.zeros((3, CALIBRATION_BINS)), 0.0

    def add(self, actual: np.ndarray, probabilities: np.ndarray) -> None:
        """Count some more images: class numbers, int (n,), and float64 (n, classes)."""
        labels = range(len(self.counts))
        predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
        self.counts += metrics.confusion_matrix(actual, predicted, labels=labels)
        numbers = np.ceil(confidence * CALIBRATION_BINS).astype(int) - 1
        for row, weights in enumerate((np.ones(len(actual)), predicted == actual, confidence)):
            self.bins[row] += np.bincount(numbers, weights, minlength=CALIBRATION_BINS)
        self.loss += metrics.log_loss(actual, probabilities, labels=labels, normalize=False)

    @property
    def predictions(self) -> dict:
        """What scikit-learn takes: each pair of classes once, weighted by its images."""
        actual, predicted = np.indices(self.counts.shape).reshape(2, -1)
        pairs = {"y_true": actual, "y_pred": predicted, "sample_weight": self.counts.ravel()}
        return pairs | {"labels": range(len(self.counts)), "zero_division": 0.0}


def headline(tally: Tally) -> dict:
    """Return the metrics as plain numbers.

    accuracy_low and accuracy_high bound Wilson's 95 % interval; ece is the expected calibration error, 0 to 1.
    """
    count, right = int(tally.counts.sum()), int(tally.counts.trace())
    interval = binomtest(right, count).proportion_ci(0.95, "wilson")
    bins = reliability(tally)
    figures = {
        "accuracy": right / count,
        "accuracy_low": interval.low,
        "accuracy_high": interval.high,
        "loss": tally.loss / count,
        "macro_f1": metrics.f1_score(**tally.predictions, average="macro"),
        "worst_class_recall": metrics.recall_score(**tally.predictions, average=None).min(),
        "ece": sum(row["images"] * abs(row["accuracy"] - row["confidence"]) for row in bins) / count,
    }
    return {name: round(float(figure), 6) for name, figure in figures.items()}


def reliability(tally: Tally) -> list[dict]:
    """Return mean confidence and accuracy of each non-empty one of 15 equal bins of confidence."""
    return [
        {
            "confidence": round(float(confidence / images), 6),
            "accuracy": round(float(right / images), 6),
            "images": int(images),
        }
        for images, right, confidence in tally.bins.T
        if images
    ]


def confusion(tally: Tally, classes: list[str]) -> list[dict]:
    """Return a row for each pair of classes; `share` is of the actual class's images: on the diagonal, its recall."""
    shares = tally.counts / np.maximum(tally.counts.sum(axis=1, keepdims=True), 1)
    return [
        {
            "actual": classes[row],
            "predicted": classes[column],
            "images": int(count),
            "share": round(float(shares[row, column]), 6),
        }
        for (row, column), count in np.ndenumerate(tally.counts)
    ]


def by_class(tally: Tally, classes: list[str]) -> list[dict]:
    """Return precision, recall and F1 of each class, a row for each figure."""
    *table, _ = metrics.precision_recall_fscore_support(**tally.predictions)
    return [
        {"class": name, "group": group, "score": round(float(figures[number]), 6)}
        for number, name in enumerate(classes)
        for group, figures in zip(("precision", "recall", "F1"), table, strict=True)
    ]
