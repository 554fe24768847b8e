"""Tables of predictions, and the tables of rows that plots are drawn from.

`predictions` is always what `tabulate` returns: a row for each image. `classes` are the names of
the classes, and a class number is their index.
"""

import numpy as np

CALIBRATION_BINS = 15  # as in Guo et al., On Calibration of Modern Neural Networks, 2017


def tabulate(actual: np.ndarray, probabilities: np.ndarray):
    """Return the predictions for some images as a pandas table.

    Args:
        actual: class numbers, int (n,).
        probabilities: float64 (n, classes).

    Its columns: actual and predicted, class numbers; confidence, 0 to 1; loss, the cross-entropy.
    """
    import pandas as pd

    likelihood = probabilities[np.arange(len(actual)), actual]
    smallest = np.finfo(probabilities.dtype).eps  # as scikit-learn's log_loss has it
    return pd.DataFrame(
        {
            "actual": actual,
            "predicted": probabilities.argmax(axis=1),
            "confidence": probabilities.max(axis=1),
            "loss": -np.log(np.maximum(likelihood, smallest)),
        }
    )


def reliability(predictions) -> list[dict]:
    """Return mean confidence and accuracy in each non-empty bin (low, high] of confidence."""
    bins = np.ceil(predictions.confidence * CALIBRATION_BINS).astype(int)
    is_right = predictions.actual == predictions.predicted
    rows = []
    for number in np.unique(bins):
        in_bin = bins == number
        rows.append(
            {
                "confidence": round(float(predictions.confidence[in_bin].mean()), 6),
                "accuracy": round(float(is_right[in_bin].mean()), 6),
                "images": int(in_bin.sum()),
            }
        )
    return rows


def confusion(predictions, classes: list[str]) -> list[dict]:
    """Return a row for each pair of classes.

    `share` is of the actual class's images: on the diagonal, it is the recall.
    """
    counts = confusion_counts(predictions, len(classes))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    rows = []
    for (actual, predicted), count in np.ndenumerate(counts):
        rows.append(
            {
                "actual": classes[actual],
                "predicted": classes[predicted],
                "images": int(count),
                "share": round(float(shares[actual, predicted]), 6),
            }
        )
    return rows


def by_class(predictions, classes: list[str]) -> list[dict]:
    """Return precision, recall and F1, a row for each figure of each class with images."""
    table = precision_recall_f1(predictions, len(classes))
    rows = []
    for number, name in enumerate(classes):
        for group, figures in table.items():
            if not np.isnan(figures[number]):
                score = round(float(figures[number]), 6)
                rows.append({"class": name, "group": group, "score": score})
    return rows


def precision_recall_f1(predictions, class_count: int) -> dict[str, np.ndarray]:
    """Return precision, recall and F1, each float64 (classes,).

    They are NaN for a class that has no image, and 0 for one that is never predicted.
    """
    counts = confusion_counts(predictions, class_count)
    right = counts.diagonal()
    actual = counts.sum(axis=1)
    predicted = counts.sum(axis=0)
    figures = {
        "precision": right / np.maximum(predicted, 1),
        "recall": right / np.maximum(actual, 1),
        "F1": 2 * right / np.maximum(predicted + actual, 1),
    }
    return {name: np.where(actual > 0, each, np.nan) for name, each in figures.items()}


def confusion_counts(predictions, class_count: int) -> np.ndarray:
    """Return how often each class (row) was predicted as each (column), int64."""
    pairs = predictions.actual * class_count + predictions.predicted
    return np.bincount(pairs, minlength=class_count**2).reshape(class_count, class_count)
