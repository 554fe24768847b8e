"""Ten predictions for tests of scores, tables and pictures: small enough to count by hand."""

import numpy as np

from classifier.evaluation.tables import tabulate

CLASSES = ["boot", "bag", "coat"]
ACTUAL = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 2])
PREDICTED = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2, 0])
CONFIDENCE = np.array([0.9, 0.8, 0.7, 0.6, 0.9, 0.9, 0.5, 0.8, 0.7, 0.6])

# What is not the predicted class's is shared by the two others.
PROBABILITIES = np.repeat((1 - CONFIDENCE)[:, None] / 2, 3, axis=1)
PROBABILITIES[np.arange(10), PREDICTED] = CONFIDENCE

TABLE = tabulate(ACTUAL, PROBABILITIES)
