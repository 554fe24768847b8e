"""Lessons: a teacher's probabilities for the very views of the images that a pupil is shown.

Knowledge distillation, as in Beyer et al., Knowledge distillation: A good teacher is patient and
consistent, CVPR 2022. What the teacher gives for each view is a table, so the pupil looks it up.
"""

from collections.abc import Iterator

import keras
import numpy as np

from classifier.files.arrays import Gather
from classifier.training.batches import Batches
from classifier.training.data import Data
from classifier.training.finish import predict
from classifier.training.progress import with_bar


class Lessons(Batches):
    """(images, probabilities) batches: each image as a view that is drawn anew in each epoch.

    Probabilities are float32 (n, classes).
    """

    def __init__(self, data: Data, recipe):
        """`data.taught` has the teacher's probabilities for all views of a recipe."""
        super().__init__(data.images, data.labels, data.train_rows, recipe.batch_size)
        self.views = recipe.views
        self.temperature = recipe.distillation_temperature or 1.0
        self.drawn = np.zeros(len(data.images), np.uint16)  # the number of each image's view
        self.reader = Gather(data.images, data.taught)

    def begin_epoch(self, seed: list[int]) -> None:
        super().begin_epoch(seed)
        generator = np.random.default_rng([*seed, 1, 1])  # `ShuffledRows` has [*seed, number]
        self.drawn = generator.integers(len(self.views), size=len(self.drawn), dtype=np.uint16)

    def gather(self, rows: np.ndarray) -> list[np.ndarray]:
        drawn = self.drawn[rows.ravel()]
        images, taught = self.reader(rows.ravel())
        for number, view in enumerate(self.views):
            is_drawn = drawn == number
            images[is_drawn] = view.of(images[is_drawn])
        probabilities = softened(taught[np.arange(len(drawn)), drawn], self.temperature)
        return [part.reshape(*rows.shape, *part.shape[1:]) for part in (images, probabilities)]


def softened(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Return probabilities, float16 (n, classes), as float32, the logits behind them divided."""
    smallest = np.finfo(np.float16).smallest_subnormal
    powers = np.maximum(probabilities, smallest).astype(np.float32) ** (1 / temperature)
    return powers / powers.sum(axis=1, keepdims=True)


def taught(teacher: keras.Model, data: Data, recipe) -> Iterator[np.ndarray]:
    """Yield the probabilities of each view of consecutive images, float16 (n, views, classes).

    They are 0 for an image that is not for training. `recipe` is the teacher's.
    """
    is_for_training = np.zeros(len(data.images), bool)
    is_for_training[data.train_rows] = True
    batches = data.measured(np.arange(len(data.images)))
    for number in with_bar(range(len(batches)), "teach"):
        images, _ = batches[number]
        rows = is_for_training[batches.rows_of(number)]
        found = np.zeros((len(images), len(recipe.views), data.class_count), np.float16)
        for place, view in enumerate(recipe.views):
            if view.is_mirrored and recipe.flip_averaging:  # of both, such a teacher says the same
                found[:, place] = found[:, recipe.views.index(view.mirror_image)]
            elif rows.any():
                found[rows, place] = predict(teacher, view.of(images[rows]))
        yield found
