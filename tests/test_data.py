"""The data of a training: rows that are there, or an error that says what was received."""

from pathlib import Path

import numpy as np
import pytest
from conftest import make_images

from classifier.errors import InputError
from classifier.training.data import read_data

IMAGES, LABELS = make_images(25, seed=1)


def read(train_rows=(0, 249), val_rows=(3, 4), labels=LABELS):
    """Write the data into files, and return what is read of them."""
    arrays = [IMAGES, labels, np.array(train_rows), np.array(val_rows)]
    paths = [Path(f"data/{name}.npy") for name in ("images", "labels", "train", "val")]
    paths[0].parent.mkdir(exist_ok=True)
    for path, array in zip(paths, arrays, strict=True):
        np.save(path, array)
    return read_data(*paths), arrays


def test_data_are_those_of_the_files(workplace):
    data, arrays = read()
    for received, expected in zip(data.arrays, arrays, strict=True):
        np.testing.assert_array_equal(received, expected)


@pytest.mark.parametrize(
    ("rows", "received"),
    [
        ({"val_rows": [3, 250]}, "rows 0 to 250"),
        ({"val_rows": [-1, 3]}, "rows -1 to 249"),
        ({"train_rows": [3, 250]}, "rows 3 to 250"),
        ({"train_rows": [-1, 3]}, "rows -1 to 4"),
    ],
)
def test_rows_beyond_the_images_are_an_error(rows, received, workplace):
    with pytest.raises(InputError) as caught:
        read(**rows)
    expected = "data: expected rows of 250 images and 250 labels"
    assert str(caught.value) == f"{expected}, received {received}; run `dvc repro`"


def test_images_without_labels_are_an_error(workplace):
    with pytest.raises(InputError, match="250 images and 249 labels"):
        read(labels=LABELS[:-1])
