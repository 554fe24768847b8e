"""Which labels models doubt, by Cleanlab.

Northcutt, Jiang and Chuang, Confident Learning, Journal of Artificial Intelligence Research, 2021.
"""

from typing import NamedTuple

import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores

SCORE = "self_confidence"  # finds more swapped labels of Fashion-MNIST than Cleanlab's other ones


class Suspect(NamedTuple):
    """An image whose label is doubted.

    Attributes:
        row: its number among the training images, from 0.
        given: the number of the class that it is labelled with.
        suggested: that of the most likely other class.
        score: the probability of the given class, 0 to 1.
    """

    row: int
    given: int
    suggested: int
    score: float


def rank(labels: np.ndarray, probabilities: np.ndarray) -> list[Suspect]:
    """Return the images whose label is doubted, most doubtful first.

    Cleanlab estimates how many these are, from how sure models are of each class. Where they give
    an image the class of its label, it is none of them.

    Args:
        labels: uint8 (n,).
        probabilities: float32 (n, classes), by models that have not seen the image.
    """
    labels = labels.astype(int)
    rows = find_label_issues(
        labels,
        probabilities,
        filter_by=f"low_{SCORE}",
        return_indices_ranked_by=SCORE,
        n_jobs=1,  # a fork of a process that has loaded TensorFlow can wait for ever
    )
    others = probabilities[rows]
    others[np.arange(len(rows)), labels[rows]] = -1
    scores = get_label_quality_scores(labels, probabilities, method=SCORE)[rows]
    columns = rows.tolist(), labels[rows].tolist(), others.argmax(axis=1).tolist(), scores.tolist()
    return [Suspect(*each) for each in zip(*columns, strict=True)]
