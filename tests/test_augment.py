"""Augmentation: what it may change, that it changes nothing else, and only in training."""

import numpy as np
import pytest

from classifier.backend.starting import load_keras

keras = load_keras()

from classifier.training.augment import Augment  # noqa: E402

IMAGES = np.random.default_rng(0).integers(1, 256, (400, 9, 7, 2)).astype(np.float32)  # none is 0
OFF = {"flip": False, "shift": 0, "erasing": 0.0}


def augmented(training=True, seed=1, **options):
    keras.utils.set_random_seed(seed)
    layer = Augment(**OFF | options)
    return keras.ops.convert_to_numpy(layer(IMAGES, training=training))


def shifted(image, down, right):
    """Return the image moved, by another route: np.roll, then what came round is set to 0."""
    moved = np.roll(image, (down, right), (0, 1))
    rows, columns, _ = np.indices(image.shape)
    is_row_inside = (rows - down >= 0) & (rows - down < image.shape[0])
    is_column_inside = (columns - right >= 0) & (columns - right < image.shape[1])
    return moved * (is_row_inside & is_column_inside)


def test_flip_mirrors_half_of_the_images_left_to_right():
    results = augmented(flip=True)
    is_same = (results == IMAGES).all(axis=(1, 2, 3))
    is_mirrored = (results == IMAGES[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (is_same ^ is_mirrored).all()
    assert is_mirrored.mean() == pytest.approx(0.5, abs=0.1)  # 4 standard errors


@pytest.mark.parametrize("shift", [1, 2])
def test_shift_moves_by_every_step_along_both_axes_alike_and_fills_with_0(shift):
    steps = range(-shift, shift + 1)
    counts = np.zeros((len(steps), len(steps)), int)
    for image, result in zip(IMAGES, augmented(shift=shift), strict=True):
        matches = np.zeros_like(counts)
        for row, down in enumerate(steps):
            for column, right in enumerate(steps):
                matches[row, column] = (shifted(image, down, right) == result).all()
        assert matches.sum() == 1
        counts += matches
    expected = len(IMAGES) / counts.size
    assert (abs(counts - expected) < 4.5 * expected**0.5).all()


def test_erasing_fills_one_rectangle_with_noise_in_its_share_of_images():
    results = augmented(erasing=0.6)
    is_changed = (results != IMAGES).any(axis=3)
    areas = is_changed.sum(axis=(1, 2))
    assert (areas > 0).mean() == pytest.approx(0.6, abs=0.12)  # small ones may fall between pixels
    for image in is_changed[areas > 0]:
        rows = np.flatnonzero(image.any(axis=1))
        columns = np.flatnonzero(image.any(axis=0))
        assert image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
    assert len(np.unique(results[is_changed])) > 500


def test_nothing_is_changed_outside_training():
    results = augmented(training=False, flip=True, shift=2, erasing=0.9)
    np.testing.assert_array_equal(results, IMAGES)


def test_same_seed_same_changes():
    options = {"flip": True, "shift": 1, "erasing": 0.5}
    first = augmented(**options)
    np.testing.assert_array_equal(augmented(**options), first)
    assert (augmented(seed=2, **options) != first).any()


def test_each_batch_has_changes_of_its_own():
    layer = Augment(flip=True, shift=1, erasing=0.5)
    first = keras.ops.convert_to_numpy(layer(IMAGES, training=True))
    second = keras.ops.convert_to_numpy(layer(IMAGES, training=True))
    assert (first != second).any()
