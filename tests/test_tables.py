"""Tables of predictions, against counts by hand."""

import numpy as np
import pytest
from predictions import ACTUAL, CLASSES, CONFIDENCE, PREDICTED, TABLE

from classifier.evaluation import tables


def test_predictions_have_label_prediction_confidence_and_loss_of_each_image():
    assert TABLE["actual"].tolist() == ACTUAL.tolist()
    assert TABLE["predicted"].tolist() == PREDICTED.tolist()
    assert TABLE["confidence"].tolist() == CONFIDENCE.tolist()
    assert TABLE["loss"][0] == pytest.approx(-np.log(0.9))
    assert TABLE["loss"][3] == pytest.approx(-np.log(0.2))


def test_loss_of_an_impossible_label_is_finite():
    table = tables.tabulate(np.array([1]), np.array([[1.0, 0.0]]))
    assert table["loss"].tolist() == [pytest.approx(-np.log(2.0**-52))]


def test_bins_of_confidence_equal_a_count_by_hand():
    """Bins of 1/15: 0.5, 0.6, 0.7, 0.8 and 0.9 fall into five."""
    bins = tables.reliability(TABLE)
    confidences = [(row["confidence"], row["images"]) for row in bins]
    assert confidences == [(0.5, 1), (0.6, 2), (0.7, 2), (0.8, 2), (0.9, 3)]
    assert [row["accuracy"] for row in bins] == [1.0, 0.0, 1.0, 1.0, 1.0]


def test_bin_of_confidence_holds_its_upper_end():
    """0.8 = 12/15 belongs to (11/15, 12/15], with 0.75."""
    probabilities = np.array([[0.8, 0.2], [0.75, 0.25], [0.82, 0.18]])
    bins = tables.reliability(tables.tabulate(np.array([0, 1, 0]), probabilities))
    assert bins == [
        {"confidence": 0.775, "accuracy": 0.5, "images": 2},
        {"confidence": 0.82, "accuracy": 1.0, "images": 1},
    ]


def test_confusion_has_recall_on_the_diagonal_in_the_order_of_the_classes():
    table = tables.confusion(TABLE, CLASSES)
    assert [row["images"] for row in table] == [3, 1, 0, 0, 3, 0, 1, 0, 2]
    assert [row["actual"] for row in table[::3]] == CLASSES
    assert [row["predicted"] for row in table[:3]] == CLASSES
    diagonal = [row["share"] for row in table if row["actual"] == row["predicted"]]
    assert diagonal == [0.75, 1, 0.666667]


def test_by_class_equals_a_count_by_hand():
    scores = {}
    for row in tables.by_class(TABLE, CLASSES):
        scores[row["class"], row["group"]] = row["score"]
    assert scores["boot", "precision"] == 0.75
    assert scores["bag", "precision"] == 0.75
    assert scores["coat", "precision"] == 1
    assert scores["coat", "recall"] == pytest.approx(2 / 3, abs=1e-6)
    assert scores["coat", "F1"] == 0.8
    assert len(scores) == 9


def test_class_that_is_never_predicted_scores_0():
    table = tables.tabulate(np.array([0, 1, 2]), np.tile([0.8, 0.1, 0.1], (3, 1)))
    rows = tables.by_class(table, CLASSES)
    assert {row["score"] for row in rows if row["class"] == "coat"} == {0}


def test_class_without_images_has_a_recall_of_0():
    table = tables.confusion(tables.tabulate(np.array([0]), np.array([[0.1, 0.8, 0.1]])), CLASSES)
    assert [row["share"] for row in table] == [0, 1, 0, 0, 0, 0, 0, 0, 0]


@pytest.mark.extras
def test_precision_recall_and_f1_are_those_of_scikit_learn():
    """Of 50 images of 10 classes: some have none, some are never predicted."""
    metrics = pytest.importorskip("sklearn.metrics")
    generator = np.random.default_rng(1)
    for _ in range(20):
        actual = generator.integers(0, 9, 50)
        table = tables.tabulate(actual, generator.dirichlet(np.ones(10), 50))
        labels = range(10)
        *expected, images = metrics.precision_recall_fscore_support(
            actual, table.predicted, labels=labels, zero_division=0.0
        )
        found = tables.precision_recall_f1(table, 10)
        for figures, of_sklearn in zip(found.values(), expected, strict=True):
            np.testing.assert_allclose(figures, np.where(images > 0, of_sklearn, np.nan))
        counts = metrics.confusion_matrix(actual, table.predicted, labels=labels)
        assert tables.confusion_counts(table, 10).tolist() == counts.tolist()
