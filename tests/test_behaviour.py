"""How many changed images keep their label: shares against a count by hand."""

import numpy as np

from classifier.evaluation import behaviour
from classifier.images.changes import CHANGES

CLASSES = ["bag", "boot", "coat"]
ACTUAL = np.array([0, 0, 0, 0, 2, 2, 2, 2, 2, 2])
KEPT = {
    "mirrored": np.array([1, 1, 1, 0, 1, 1, 1, 1, 1, 1], bool),
    "noisy": np.array([1, 1, 1, 1, 1, 1, 1, 0, 0, 0], bool),
}


def test_headline_is_of_all_images_and_of_the_class_that_keeps_fewest():
    assert behaviour.headline(KEPT, ACTUAL) == {
        "kept_mirrored": 0.9,
        "worst_class_kept_mirrored": 0.75,
        "kept_noisy": 0.7,
        "worst_class_kept_noisy": 0.5,
    }


def test_classes_without_images_have_no_row():
    assert behaviour.by_class(KEPT, ACTUAL, CLASSES) == [
        {"class": "bag", "group": "mirrored", "share": 0.75},
        {"class": "bag", "group": "noisy", "share": 1.0},
        {"class": "coat", "group": "mirrored", "share": 1.0},
        {"class": "coat", "group": "noisy", "share": 0.5},
    ]


def test_every_change_has_its_two_figures():
    kept = {change.name: np.ones(10, bool) for change in CHANGES}
    names = [name for both in behaviour.NAMES.values() for name in both]
    assert list(behaviour.headline(kept, ACTUAL)) == names
