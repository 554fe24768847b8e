"""Views of images: mirrored and moved, against pixels moved one by one."""

import numpy as np
import pytest

from classifier.training.views import View, views

IMAGES = np.random.default_rng(0).integers(1, 256, (3, 5, 4, 2), dtype=np.uint8)


def by_hand(image: np.ndarray, view: View) -> np.ndarray:
    rows, columns = image.shape[:2]
    found = np.zeros_like(image)
    for row in range(rows):
        for column in range(columns):
            target = row + view.down, column + view.right
            source = columns - 1 - column if view.is_mirrored else column
            if 0 <= target[0] < rows and 0 <= target[1] < columns:
                found[target] = image[row, source]
    return found


@pytest.mark.parametrize("view", [*views(True, 1), View(True, -2, 3), View(False, 4, 0)])
def test_view_by_hand(view):
    expected = [by_hand(image, view) for image in IMAGES]
    np.testing.assert_array_equal(view.of(IMAGES), expected)


@pytest.mark.parametrize("view", views(True, 2))
def test_mirror_image_of_a_view(view):
    np.testing.assert_array_equal(view.mirror_image.of(IMAGES), view.of(IMAGES)[:, :, ::-1])


def test_view_further_than_the_image_is_empty():
    assert not View(False, 0, 7).of(IMAGES).any()


@pytest.mark.parametrize(("flip", "shift", "count"), [(0, 0, 1), (1, 0, 2), (0, 1, 9), (1, 2, 50)])
def test_views_are_all_different(flip, shift, count):
    seen = views(bool(flip), shift)
    assert len(seen) == len({view.of(IMAGES).tobytes() for view in seen}) == count
