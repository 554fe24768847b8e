"""The headline figures, against counts by hand and other formulas."""

import numpy as np
import pytest
from predictions import TABLE
from scipy.stats import binomtest

from classifier.evaluation import scores, tables
from classifier.evaluation.tables import tabulate

METRICS = scores.headline(TABLE, 3)


def test_accuracy_loss_recall_and_f1_equal_a_count_by_hand():
    assert METRICS["accuracy"] == 0.8
    assert METRICS["balanced_accuracy"] == pytest.approx((3 / 4 + 3 / 3 + 2 / 3) / 3, abs=1e-6)
    # Of coat; boot has 3/4, bag 3/3.
    assert METRICS["worst_class_recall"] == pytest.approx(2 / 3, abs=1e-6)
    f1 = [2 * 3 / (4 + 4), 2 * 3 / (4 + 3), 2 * 2 / (2 + 3)]  # 2 hits / (predicted + actual)
    assert METRICS["macro_f1"] == pytest.approx(sum(f1) / 3, abs=1e-6)
    of_actual = [0.9, 0.8, 0.7, 0.2, 0.9, 0.9, 0.5, 0.8, 0.7, 0.2]
    assert METRICS["loss"] == pytest.approx(-np.log(of_actual).mean(), abs=1e-6)


def test_majority_share_is_what_the_most_frequent_class_alone_reaches():
    assert METRICS["majority_share"] == 0.4  # boot: 4 of 10
    actual = np.array([2] * 9 + [0])
    guesses = np.full(10, 2)
    metrics = scores.headline(tabulate(actual, np.eye(3)[guesses] * 0.97 + 0.01), 3)
    assert metrics["majority_share"] == metrics["accuracy"] == 0.9
    assert metrics["balanced_accuracy"] == 0.5


@pytest.mark.parametrize("right", [0, 1, 8, 10])
def test_interval_of_accuracy_is_that_of_scipy(right):
    guesses = np.arange(10) >= right
    metrics = scores.headline(tabulate(np.zeros(10, int), np.eye(2)[guesses.astype(int)]), 2)
    expected = binomtest(right, 10).proportion_ci(0.95, "wilson")
    assert metrics["accuracy_low"] == pytest.approx(expected.low, abs=1e-6)
    assert metrics["accuracy_high"] == pytest.approx(expected.high, abs=1e-6)


def test_interval_of_the_published_accuracy():
    """[0.886, 0.898] for 8,920 right of 10,000, as the literature on this data set has it."""
    actual = np.arange(10_000) % 2
    guesses = np.where(np.arange(10_000) < 8920, actual, 1 - actual)
    metrics = scores.headline(tabulate(actual, np.eye(2)[guesses] * 0.98 + 0.01), 2)
    assert (round(metrics["accuracy_low"], 3), round(metrics["accuracy_high"], 3)) == (0.886, 0.898)


def test_calibration_error_equals_a_count_by_hand():
    expected = (1 * 0.5 + 2 * 0.6 + 2 * 0.3 + 2 * 0.2 + 3 * 0.1) / 10
    assert METRICS["ece"] == pytest.approx(expected, abs=1e-6)


def test_perfectly_calibrated_predictions_have_no_calibration_error():
    actual = np.array([0] * 8 + [1] * 2)
    metrics = scores.headline(tabulate(actual, np.tile([0.8, 0.2], (10, 1))), 2)
    assert metrics["ece"] == pytest.approx(0, abs=1e-6)


def test_headline_is_plain_numbers_of_all_metrics_in_their_order():
    assert list(METRICS) == [metric.name for metric in scores.METRICS]
    assert {type(figure) for figure in METRICS.values()} == {float}


def test_better_figures_are_named_so():
    better = {metric.name: metric.better for metric in scores.METRICS if metric.better}
    assert (
        better
        | {
            "accuracy": "higher",
            "balanced_accuracy": "higher",
            "loss": "lower",
            "macro_f1": "higher",
            "worst_class_recall": "higher",
            "ece": "lower",
        }
        == better
    )


def test_class_without_test_images_counts_for_nothing():
    """As labels that begin at 1; the others are all right."""
    actual = np.array([1, 2] * 5)
    predictions = tables.tabulate(actual, np.eye(3)[actual] * 0.97 + 0.01)
    metrics = scores.headline(predictions, 3)
    names = ("accuracy", "balanced_accuracy", "macro_f1", "worst_class_recall")
    assert [metrics[name] for name in names] == [1, 1, 1, 1]
    assert {row["class"] for row in tables.by_class(predictions, ["N/A", "a", "b"])} == {"a", "b"}
