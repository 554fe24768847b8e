"""The data of a training: rows that are there, or an error that says what was received."""

import numpy as np
import pytest
from conftest import make_images

from classifier.errors import InputError
from classifier.training.data import Data

IMAGES, LABELS = make_images(25, seed=1)


def data(train_rows=(0, 249), val_rows=(3, 4), labels=LABELS) -> Data:
    return Data(IMAGES, labels, np.array(train_rows), np.array(val_rows))


def test_rows_of_the_images_are_right():
    data().check("data/split")


@pytest.mark.parametrize(
    ("rows", "received"),
    [
        ({"val_rows": [3, 250]}, "rows 0 to 250"),
        ({"val_rows": [-1, 3]}, "rows -1 to 249"),
        ({"train_rows": [3, 250]}, "rows 3 to 250"),
        ({"train_rows": [-1, 3]}, "rows -1 to 4"),
    ],
)
def test_rows_beyond_the_images_are_an_error(rows, received):
    with pytest.raises(InputError) as caught:
        data(**rows).check("data/split")
    expected = "data/split: expected rows of 250 images and 250 labels"
    assert str(caught.value) == f"{expected}, received {received}; run `dvc repro`"


def test_images_without_labels_are_an_error():
    with pytest.raises(InputError, match="250 images and 249 labels"):
        data(labels=LABELS[:-1]).check("data/split")
