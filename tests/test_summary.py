"""What is in a set of images: figures that equal a direct count, in parts of any size."""

import numpy as np
import pytest

from classifier.images.summary import Summary, count_repeats

IMAGES = np.random.default_rng(0).integers(0, 256, (20, 5, 4), dtype=np.uint8)


def summary_of(images, part=20) -> Summary:
    summary = Summary()
    for start in range(0, len(images), part):
        summary.add(images[start : start + part])
    return summary


@pytest.mark.parametrize("part", [20, 7, 1])
def test_pixel_statistics_equal_numpys(part):
    mean, std = summary_of(IMAGES, part).pixel_statistics()
    assert mean == pytest.approx((IMAGES / 255).mean(), abs=1e-6)
    assert std == pytest.approx((IMAGES / 255).std(), abs=1e-6)


def test_pixels_of_one_value_have_no_deviation():
    assert summary_of(np.full((3, 2, 2), 51, np.uint8)).pixel_statistics() == (0.2, 0.0)


@pytest.mark.parametrize("part", [20, 7, 1])
def test_equal_images_alone_have_equal_digests(part):
    images = IMAGES.copy()
    images[11] = images[3]
    digests = summary_of(images, part).digests
    assert digests.dtype == np.uint64
    assert len(digests) == 20
    assert digests[11] == digests[3]
    assert len(set(digests.tolist())) == 19


def counted(train: list, test: list) -> tuple:
    repeats = count_repeats(np.array(train, np.uint64), np.array(test, np.uint64))
    return (
        repeats["train_duplicates"],
        repeats["test_duplicates"],
        repeats["test_images_in_train"],
    )


@pytest.mark.parametrize(
    ("train", "test", "expected"),
    [
        ([1, 2, 3], [4, 5], (0, 0, 0)),
        ([7, 2, 7, 7], [4, 5], (2, 0, 0)),  # the second and the third 7 repeat the first
        ([1, 2, 3], [4, 5, 5, 4], (0, 2, 0)),
        ([1, 2, 2, 3], [2, 2, 3, 4], (1, 1, 3)),
        ([2**64 - 1, 0], [0, 2**64 - 1], (0, 0, 2)),
    ],
)
def test_repeats_equal_a_count_by_hand(train, test, expected):
    assert counted(train, test) == expected


def test_repeats_equal_a_count_by_sets():
    generator = np.random.default_rng(1)
    train = generator.integers(0, 300, 500).tolist()
    test = generator.integers(0, 600, 200).tolist()
    in_train = sum(digest in set(train) for digest in test)
    assert counted(train, test) == (500 - len(set(train)), 200 - len(set(test)), in_train)
