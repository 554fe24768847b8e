"""Images of each class are drawn in its row."""

import numpy as np

from classifier.images import drawing


def test_each_class_has_a_row_of_its_training_images():
    labels = np.array([1, 0, 0, 1, 0])
    colored = np.arange(5 * 4 * 4 * 3, dtype=np.uint8).reshape(5, 4, 4, 3)
    names = ["bag", "a name of so many letters that it wraps"]
    figure = drawing.class_rows(colored, labels, names, False)
    grid = np.reshape(figure.axes, (2, drawing.COLUMNS))
    assert [row[0].get_ylabel() for row in grid] == ["bag", "a name of so many…"]
    for row, rows in zip(grid, ([1, 2, 4], [0, 3]), strict=True):
        shown = [axes.images[0].get_array() for axes in row if axes.images]
        np.testing.assert_array_equal(shown, colored[rows])


def test_of_many_classes_the_first_ones_are_drawn_and_said():
    names = [f"class {number}" for number in range(200)]
    images = np.zeros((200, 2, 2, 1), np.uint8)
    figure = drawing.class_rows(images, np.arange(200), names, False)
    assert figure.get_suptitle().endswith(", of the first 30 of 200 classes")
