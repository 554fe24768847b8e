"""Small changes of an image: each is what its name says, and leaves form and original."""

import numpy as np
import pytest

from classifier.images.changes import CHANGES, brighter, mirrored, moved, noisy

IMAGE = np.random.default_rng(1).integers(0, 256, (5, 6, 3), dtype=np.uint8)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_result_has_the_form_of_the_image_which_stays(change):
    before = IMAGE.copy()
    after = change.function(IMAGE, 3)
    assert (after.shape, after.dtype) == (IMAGE.shape, np.uint8)
    assert not np.array_equal(after, IMAGE)
    np.testing.assert_array_equal(change.function(IMAGE, 3), after)
    np.testing.assert_array_equal(IMAGE, before)


def test_mirrored_twice_is_the_image():
    assert (mirrored(IMAGE, 0)[:, 0] == IMAGE[:, -1]).all()
    np.testing.assert_array_equal(mirrored(mirrored(IMAGE, 0), 0), IMAGE)


def test_moved_goes_right_down_left_and_up_in_turn_and_repeats_the_border():
    right, down, left, up, again = (moved(IMAGE, number) for number in range(5))
    np.testing.assert_array_equal(right[:, 1:], IMAGE[:, :-1])
    np.testing.assert_array_equal(right[:, 0], IMAGE[:, 0])
    np.testing.assert_array_equal(down[1:], IMAGE[:-1])
    np.testing.assert_array_equal(down[0], IMAGE[0])
    np.testing.assert_array_equal(left[:, :-1], IMAGE[:, 1:])
    np.testing.assert_array_equal(left[:, -1], IMAGE[:, -1])
    np.testing.assert_array_equal(up[:-1], IMAGE[1:])
    np.testing.assert_array_equal(again, right)


def test_brighter_adds_a_tenth_up_to_white():
    pixels = np.array([0, 10, 100, 231, 232, 255], np.uint8).reshape(1, 6, 1)
    assert brighter(pixels, 0).ravel().tolist() == [0, 11, 110, 254, 255, 255]


def test_noise_is_each_image_s_own_has_its_spread_and_stays_in_range():
    grey = np.full((200, 200, 1), 128, np.uint8)
    noise = noisy(grey, 0) - 128.0
    assert noise.mean() == pytest.approx(0, abs=0.2)
    assert noise.std() == pytest.approx(8, abs=0.2)
    other = noisy(grey, 1) - 128.0
    assert abs(np.corrcoef(noise.ravel(), other.ravel())[0, 1]) < 0.02
    dark = noisy(np.zeros_like(grey), 0)
    assert (dark == 0).mean() == pytest.approx(0.525, abs=0.01)  # what is below 0.5
    assert dark.max() < 60
