"""Images of each class are drawn in its row."""

import numpy as np
import pytest

from classifier.drawing import sheets


def test_each_class_has_a_row_of_its_training_images():
    labels = np.array([1, 0, 0, 1, 0])
    colored = np.arange(5 * 40 * 50 * 3).astype(np.uint8).reshape(5, 40, 50, 3)
    names = ["bag", "a name of so many letters that it wraps"]
    (axes,) = sheets.class_rows(colored, labels, names, False).axes
    assert [text.get_text() for text in axes.get_yticklabels()] == ["bag", "a name of so many…"]
    assert axes.get_yticks().tolist() == [21.5, 64.5]
    whole = axes.images[0].get_array()
    assert whole.shape == (2 * 43, sheets.COLUMNS * 54, 3)
    for top, rows in enumerate(([1, 2, 4], [0, 3])):
        for left, row in enumerate(rows):
            place = whole[43 * top : 43 * top + 40, 54 * left : 54 * left + 50]
            np.testing.assert_array_equal(place, colored[row])
    assert (whole[43:, 2 * 54 :] == 255).all()  # the second class has two images
    assert (whole[40:43] == 255).all()


@pytest.mark.parametrize(("is_negative", "drawn"), [(True, 245), (False, 10)])
def test_grey_images_are_dark_for_bright_where_asked(is_negative, drawn):
    whole = sheets.sheet([np.full((1, 20, 20, 1), 10, np.uint8)], is_negative)
    assert (whole[:20, :20] == drawn).all()
    assert (whole[20:] == 255).all()


def test_of_many_classes_the_first_ones_are_drawn_and_said():
    names = [f"class {number}" for number in range(200)]
    images = np.zeros((200, 2, 2, 1), np.uint8)
    figure = sheets.class_rows(images, np.arange(200), names, False)
    assert figure.get_suptitle().endswith(", of the first 30 of 200 classes")
