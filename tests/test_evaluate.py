"""Evaluation: figures against counts by hand and other formulas, pictures against their tables, bad models named."""

import numpy as np
import pytest
from conftest import make_images

from stages.evaluate import pictures, scores

CLASSES = ["boot", "bag", "coat"]
ACTUAL = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 2])
PREDICTED = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2, 0])
CONFIDENCE = np.array([0.9, 0.8, 0.7, 0.6, 0.9, 0.9, 0.5, 0.8, 0.7, 0.6])


def probabilities():
    table = np.repeat((1 - CONFIDENCE)[:, None] / 2, 3, axis=1)
    table[np.arange(10), PREDICTED] = CONFIDENCE
    return table


def tally(actual, probabilities, parts=1):
    """A tally of predictions that come in some parts."""
    total = scores.Tally(probabilities.shape[1])
    for some in zip(np.array_split(actual, parts), np.array_split(probabilities, parts), strict=True):
        total.add(*some)
    return total


@pytest.fixture(params=[1, 4], ids=["at once", "in parts"])
def counted(request):
    return tally(ACTUAL, probabilities(), request.param)


def test_headline_equals_a_count_by_hand(counted):
    metrics = scores.headline(counted)
    assert metrics["accuracy"] == 0.8
    assert metrics["worst_class_recall"] == pytest.approx(2 / 3, abs=1e-6)  # coat; boot has 3/4, bag 3/3
    f1 = [2 * 3 / (4 + 4), 2 * 3 / (4 + 3), 2 * 2 / (2 + 3)]  # 2 hits / (predicted + actual)
    assert metrics["macro_f1"] == pytest.approx(sum(f1) / 3, abs=1e-6)
    of_actual = [0.9, 0.8, 0.7, 0.2, 0.9, 0.9, 0.5, 0.8, 0.7, 0.2]
    assert metrics["loss"] == pytest.approx(-np.log(of_actual).mean(), abs=1e-6)


def test_wilson_interval_equals_its_formula(counted):
    metrics = scores.headline(counted)
    z, share, count = 1.959964, 0.8, 10
    center = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * (share * (1 - share) / count + z**2 / (4 * count**2)) ** 0.5
    assert metrics["accuracy_low"] == pytest.approx(center - half, abs=1e-6)
    assert metrics["accuracy_high"] == pytest.approx(center + half, abs=1e-6)


def test_interval_of_the_published_accuracy():
    """[0.886, 0.898] for 8,920 right of 10,000, as the literature on this data set has it."""
    actual = np.arange(10_000) % 2
    guesses = np.where(np.arange(10_000) < 8920, actual, 1 - actual)
    metrics = scores.headline(tally(actual, np.eye(2)[guesses] * 0.98 + 0.01))
    assert (round(metrics["accuracy_low"], 3), round(metrics["accuracy_high"], 3)) == (0.886, 0.898)


def test_calibration_error_equals_a_count_by_hand(counted):
    """Bins of 1/15: 0.5 and 0.6 and 0.7, 0.8, 0.9 fall into five; 0.6 = 9/15 belongs to (8/15, 9/15]."""
    bins = scores.reliability(counted)
    assert [(row["confidence"], row["images"]) for row in bins] == [(0.5, 1), (0.6, 2), (0.7, 2), (0.8, 2), (0.9, 3)]
    assert [row["accuracy"] for row in bins] == [1.0, 0.0, 1.0, 1.0, 1.0]
    expected = (1 * 0.5 + 2 * 0.6 + 2 * 0.3 + 2 * 0.2 + 3 * 0.1) / 10
    assert scores.headline(counted)["ece"] == pytest.approx(expected, abs=1e-6)


def test_perfectly_calibrated_predictions_have_no_calibration_error():
    actual = np.array([0] * 8 + [1] * 2)
    assert scores.headline(tally(actual, np.tile([0.8, 0.2], (10, 1))))["ece"] == pytest.approx(0, abs=1e-6)


def test_confusion_has_recall_on_the_diagonal_in_the_order_of_the_classes(counted):
    table = scores.confusion(counted, CLASSES)
    assert [row["images"] for row in table] == [3, 1, 0, 0, 3, 0, 1, 0, 2]
    assert [row["actual"] for row in table[::3]] == CLASSES
    assert [row["predicted"] for row in table[:3]] == CLASSES
    assert [row["share"] for row in table if row["actual"] == row["predicted"]] == [0.75, 1, 0.666667]


def test_by_class_equals_a_count_by_hand(counted):
    table = {(row["class"], row["group"]): row["score"] for row in scores.by_class(counted, CLASSES)}
    assert table["boot", "precision"] == 0.75
    assert table["bag", "precision"] == 0.75
    assert table["coat", "precision"] == 1
    assert table["coat", "recall"] == pytest.approx(2 / 3, abs=1e-6)
    assert table["coat", "F1"] == 0.8
    assert len(table) == 9


def test_class_that_is_never_predicted_scores_0():
    table = scores.by_class(tally(np.array([0, 1, 2]), np.tile([0.8, 0.1, 0.1], (3, 1))), CLASSES)
    assert {row["score"] for row in table if row["class"] == "coat"} == {0}


def test_grid_marks_wrong_predictions_by_more_than_color():
    captions = [("bag", 0.91, "bag"), ("bag", 0.5, "coat")]
    right, wrong, empty = pictures.image_grid("title", make_images(1, seed=0)[0][:2], captions, columns=3).axes
    assert right.get_xlabel() == "✓ bag 91.0%\ntrue: bag"
    assert wrong.get_xlabel() == "✗ bag 50.0%\ntrue: coat"
    assert wrong.xaxis.label.get_weight() == "bold"
    assert wrong.spines["top"].get_linewidth() > right.spines["top"].get_linewidth()
    assert not empty.axison


def test_confusion_picture_shows_percent_of_the_actual_class():
    axes = pictures.confusion_matrix(scores.confusion(tally(ACTUAL, probabilities()), CLASSES), CLASSES).axes[0]
    assert [text.get_text() for text in axes.texts] == ["75.0", "25.0", "·", "·", "100.0", "·", "33.3", "·", "66.7"]
    assert [label.get_text() for label in axes.get_yticklabels()] == CLASSES
