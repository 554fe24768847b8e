"""Pictures show what the tables say, and mark wrong predictions by more than color."""

import numpy as np
from conftest import make_images
from predictions import ACTUAL, CLASSES, PROBABILITIES, TABLE

from classifier.evaluation import pictures, tables

IMAGES = make_images(per_class=1, seed=0)[0]


def labels(figure) -> list[str]:
    return [axes.get_xlabel() for axes in figure.axes if axes.get_xlabel()]


def test_grid_marks_wrong_predictions_by_more_than_color():
    captions = [("bag", 0.91, "bag"), ("bag", 0.5, "coat")]
    figure = pictures.image_grid("title", IMAGES[:2], captions, columns=3, is_negative=True)
    right, wrong, empty = figure.axes
    assert figure.get_suptitle() == "title"
    assert right.get_xlabel() == "✓ bag 91.0%\ntrue: bag"
    assert wrong.get_xlabel() == "✗ bag 50.0%\ntrue: coat"
    assert wrong.xaxis.label.get_weight() == "bold"
    assert wrong.spines["top"].get_linewidth() > right.spines["top"].get_linewidth()
    assert not empty.axison


def test_samples_are_the_first_predictions(monkeypatch):
    monkeypatch.setattr(pictures, "COLUMNS", 2)
    monkeypatch.setattr(pictures, "SAMPLE_ROWS", 2)
    figure = pictures.samples(TABLE, IMAGES, CLASSES, is_negative=True)
    assert labels(figure) == [
        "✓ boot 90.0%\ntrue: boot",
        "✓ boot 80.0%\ntrue: boot",
        "✓ boot 70.0%\ntrue: boot",
        "✗ bag 60.0%\ntrue: boot",
    ]
    for axes, image in zip(figure.axes, IMAGES[:4], strict=True):
        np.testing.assert_array_equal(axes.images[0].get_array(), image[..., 0])


def test_mistakes_are_the_most_confident_wrong_predictions(monkeypatch):
    monkeypatch.setattr(pictures, "COLUMNS", 1)
    monkeypatch.setattr(pictures, "MISTAKE_ROWS", 2)
    probabilities = PROBABILITIES.copy()
    probabilities[5] = [0.7, 0.2, 0.1]  # a boot in place of a bag
    table = tables.tabulate(ACTUAL, probabilities)
    figure = pictures.mistakes(table, IMAGES, CLASSES, is_negative=True)
    assert labels(figure) == ["✗ boot 70.0%\ntrue: bag", "✗ bag 60.0%\ntrue: boot"]
    for axes, row in zip(figure.axes, (5, 3), strict=True):
        np.testing.assert_array_equal(axes.images[0].get_array(), IMAGES[row, ..., 0])


def test_no_mistakes_are_an_empty_picture_that_says_so():
    figure = pictures.mistakes(TABLE.query("actual == predicted"), IMAGES, CLASSES, True)
    assert figure.get_suptitle() == "The most confident mistakes: none"


def test_confusion_picture_shows_percent_of_the_actual_class():
    axes = pictures.confusion_matrix(tables.confusion(TABLE, CLASSES), CLASSES).axes[0]
    texts = [text.get_text() for text in axes.texts]
    assert texts == ["75.0", "25.0", "·", "·", "100.0", "·", "33.3", "·", "66.7"]
    assert [label.get_text() for label in axes.get_yticklabels()] == CLASSES
    assert [label.get_text() for label in axes.get_xticklabels()] == CLASSES
