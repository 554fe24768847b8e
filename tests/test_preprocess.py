"""Preprocessing: arrays equal the raw pixels, figures equal a direct count, bad sets are named."""

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import CLASS_COUNT, GARMENT, idx_bytes, make_images, write_idx_files

from classifier.errors import InputError
from classifier.files import arrays
from classifier.files.atomic import write_json
from stages import preprocess

CLASSES = ["T-shirt/top", *(f"class {number}" for number in range(1, CLASS_COUNT))]
FILES = """set,row,file,mode,width,height
train,1,b/1.png,L,30,20
train,3,d/3.png,RGB,30,20
train,7,h/7.png,L,30,20
"""
METRICS = preprocess.REPORTS / "metrics.json"


@pytest.fixture
def raw(workplace):
    """200 training and 50 test images, where the stage finds them."""
    write_json(preprocess.RAW / "classes.json", CLASSES)
    (preprocess.RAW / "files.csv").write_text(FILES)
    return write_idx_files(preprocess.RAW)


@pytest.mark.parametrize("block_images", [7, 1000])  # 7 is not a divisor of 200 images
def test_arrays_and_figures_equal_a_direct_count(block_images, raw, monkeypatch):
    monkeypatch.setattr(arrays, "BLOCK_BYTES", block_images * 784)
    preprocess.main(images=GARMENT)
    images, labels = make_images(20, seed=1)
    saved = np.load("data/processed/train_images.npy")
    assert saved.dtype == np.uint8
    assert saved.flags.c_contiguous
    np.testing.assert_array_equal(saved, images)
    np.testing.assert_array_equal(np.load("data/processed/train_labels.npy"), labels)
    test_images, test_labels = make_images(5, seed=2)
    np.testing.assert_array_equal(np.load("data/processed/test_images.npy"), test_images)
    np.testing.assert_array_equal(np.load("data/processed/test_labels.npy"), test_labels)

    metrics = json.loads(METRICS.read_text())
    assert metrics["image_rows"] == metrics["image_columns"] == 28
    assert metrics["train_images"] == 200
    assert metrics["test_images"] == 50
    assert metrics["train_pixel_mean"] == pytest.approx((images / 255).mean(), abs=1e-6)
    assert metrics["train_pixel_std"] == pytest.approx((images / 255).std(), abs=1e-6)
    assert metrics["test_pixel_mean"] == pytest.approx((test_images / 255).mean(), abs=1e-6)
    counts = json.loads((preprocess.REPORTS / "class_counts.json").read_text())
    assert [row["images"] for row in counts] == [20] * 10 + [5] * 10
    assert counts[0] == {"class": "T-shirt/top", "group": "train", "images": 20}
    assert counts[10] == {"class": "T-shirt/top", "group": "test", "images": 5}


def test_duplicates_within_and_across_sets_are_counted(raw, monkeypatch):
    monkeypatch.setattr(arrays, "BLOCK_BYTES", 4 * 784)  # equal images are in different blocks
    train, _ = make_images(20, seed=1)
    test, _ = make_images(5, seed=2)
    train[3] = train[7]
    train[9] = train[7]
    test[0] = train[1]
    (raw / "train-images-idx3-ubyte").write_bytes(idx_bytes(train))
    (raw / "t10k-images-idx3-ubyte").write_bytes(idx_bytes(test))
    preprocess.main(images=GARMENT)
    metrics = json.loads(METRICS.read_text())
    assert metrics["train_duplicates"] == 2
    assert metrics["test_duplicates"] == 0
    assert metrics["test_images_in_train"] == 1
    assert metrics["images_under_two_labels"] == 5
    repeats = (preprocess.REPORTS / "repeats.csv").read_text().splitlines()
    assert repeats[0] == "group,set,row,file,class"
    assert sorted(line.partition(",")[2] for line in repeats[1:]) == [
        "test,0,,T-shirt/top",
        "train,1,b/1.png,class 1",
        "train,3,d/3.png,class 3",
        "train,7,h/7.png,class 7",
        "train,9,,class 9",
    ]
    assert (preprocess.REPORTS / "kinds.csv").read_text() == (
        "mode,width,height,images\nL,30,20,2\nRGB,30,20,1\n"
    )


def replace(raw, name, array):
    (raw / name).write_bytes(idx_bytes(array))


def swap(raw, first, second):
    content = (raw / first).read_bytes()
    (raw / first).write_bytes((raw / second).read_bytes())
    (raw / second).write_bytes(content)


def swap_sets(raw):
    for kind in ("images-idx3", "labels-idx1"):
        swap(raw, f"train-{kind}-ubyte", f"t10k-{kind}-ubyte")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda raw: replace(raw, "train-labels-idx1-ubyte", make_images(20, seed=1)[1][:-1]),
            "expected as many train labels as images, received 200 images and 199 labels",
        ),
        (
            lambda raw: replace(raw, "t10k-labels-idx1-ubyte", np.full(50, 10, np.uint8)),
            "expected t10k labels 0 to 9, of 10 classes, received 10 at row 0",
        ),
        (
            lambda raw: replace(raw, "t10k-images-idx3-ubyte", np.zeros((50, 28, 27), np.uint8)),
            "expected images of one size",
        ),
        (
            lambda raw: swap(raw, "train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
            "are image and label files swapped",
        ),
        (
            lambda raw: swap(raw, "train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte"),
            "expected as many train labels as images",
        ),
        (swap_sets, "received {'train': 50, 'test': 200}; are the train and t10k files swapped"),
    ],
)
def test_bad_set_is_named_and_writes_nothing(raw, spoil, message):
    spoil(raw)
    with pytest.raises(InputError, match=message):
        preprocess.main(images=GARMENT)
    assert not Path("data/processed").exists()
    assert not Path("reports").exists()
