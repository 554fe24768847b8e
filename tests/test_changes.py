"""Small changes of images: each is what its name says, and leaves shape, kind and original."""

import numpy as np
import pytest

from classifier.images.changes import CHANGES, brighter, mirrored, moved, noisy

IMAGES = np.random.default_rng(1).integers(0, 256, (8, 5, 6, 3), dtype=np.uint8)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_result_has_the_form_of_the_images_which_stay(change):
    before = IMAGES.copy()
    after = change.function(IMAGES)
    assert (after.shape, after.dtype) == (IMAGES.shape, np.uint8)
    assert not np.array_equal(after, IMAGES)
    np.testing.assert_array_equal(change.function(IMAGES), after)
    np.testing.assert_array_equal(IMAGES, before)


def test_mirrored_twice_is_the_image():
    assert (mirrored(IMAGES)[:, :, 0] == IMAGES[:, :, -1]).all()
    np.testing.assert_array_equal(mirrored(mirrored(IMAGES)), IMAGES)


def test_moved_goes_right_down_left_and_up_in_turn_and_repeats_the_border():
    right, down, left, up = moved(IMAGES)[:4]
    np.testing.assert_array_equal(right[:, 1:], IMAGES[0, :, :-1])
    np.testing.assert_array_equal(right[:, 0], IMAGES[0, :, 0])
    np.testing.assert_array_equal(down[1:], IMAGES[1, :-1])
    np.testing.assert_array_equal(down[0], IMAGES[1, 0])
    np.testing.assert_array_equal(left[:, :-1], IMAGES[2, :, 1:])
    np.testing.assert_array_equal(left[:, -1], IMAGES[2, :, -1])
    np.testing.assert_array_equal(up[:-1], IMAGES[3, 1:])
    np.testing.assert_array_equal(moved(IMAGES)[4, :, 1:], IMAGES[4, :, :-1])


def test_brighter_adds_a_tenth_up_to_white():
    pixels = np.array([0, 10, 100, 231, 232, 255], np.uint8).reshape(1, 1, 6, 1)
    assert brighter(pixels).ravel().tolist() == [0, 11, 110, 254, 255, 255]


def test_noise_has_its_spread_and_stays_in_range():
    grey = np.full((50, 28, 28, 1), 128, np.uint8)
    noise = noisy(grey) - 128.0
    assert noise.mean() == pytest.approx(0, abs=0.2)
    assert noise.std() == pytest.approx(8, abs=0.2)
    dark = noisy(np.zeros_like(grey))
    assert (dark == 0).mean() == pytest.approx(0.52, abs=0.01)  # what is below 0.5
    assert dark.max() < 60
