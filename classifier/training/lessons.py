"""Lessons: what a teacher sees in the very views of the images that a pupil is shown.

Knowledge distillation, as in Beyer et al., Knowledge distillation: A good teacher is patient and
consistent, CVPR 2022. What the teacher sees in each view is a table, so the pupil looks it up.
"""

from collections.abc import Iterator

import keras
import numpy as np

from classifier.backend.model_files import trained_network
from classifier.files.arrays import Gather
from classifier.training.batches import Batches
from classifier.training.data import Data
from classifier.training.finish import averaged, predict
from classifier.training.matching import with_features
from classifier.training.progress import with_bar


class Lessons(Batches):
    """(images, lessons) batches: each image as a view that is drawn anew in each epoch.

    Lessons are float32 (n, classes): the teacher's probabilities. A recipe with `feature_matching`
    has features beside them, (n, classes + features).
    """

    def __init__(self, data: Data, recipe):
        """`data.taught` has what the teacher sees in all views of a recipe."""
        super().__init__(data.images, data.labels, data.train_rows, recipe.batch_size)
        self.views = recipe.views
        self.class_count = data.class_count
        self.temperature = recipe.distillation_temperature or 1.0
        self.has_features = bool(recipe.feature_matching)
        self.drawn = np.zeros(len(data.images), np.uint16)  # the number of each image's view
        self.reader = Gather(data.images)
        self.taught = Gather(data.taught.reshape(-1, data.taught.shape[-1]))

    def begin_epoch(self, seed: list[int]) -> None:
        super().begin_epoch(seed)
        generator = np.random.default_rng([*seed, 1, 1])  # `ShuffledRows` has [*seed, number]
        self.drawn = generator.integers(len(self.views), size=len(self.drawn), dtype=np.uint16)

    def gather(self, rows: np.ndarray) -> list[np.ndarray]:
        drawn = self.drawn[rows.ravel()]
        (images,) = self.reader(rows.ravel())
        for number, view in enumerate(self.views):
            is_drawn = drawn == number
            images[is_drawn] = view.of(images[is_drawn])
        (seen,) = self.taught(rows.ravel() * len(self.views) + drawn)
        lessons = softened(seen[:, : self.class_count], self.temperature)
        if self.has_features:
            lessons = np.concatenate([lessons, seen[:, self.class_count :]], axis=1)
        return [part.reshape(*rows.shape, *part.shape[1:]) for part in (images, lessons)]


def softened(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Return probabilities, float16 (n, classes), as float32, the logits behind them divided."""
    smallest = np.finfo(np.float16).smallest_subnormal
    powers = np.maximum(probabilities, smallest).astype(np.float32) ** (1 / temperature)
    return powers / powers.sum(axis=1, keepdims=True)


def taught(teacher: keras.Model, data: Data, recipe) -> Iterator[np.ndarray]:
    """Yield what a teacher sees in each view of consecutive images, as `Data.taught` has it.

    Features are in units of their spread, so that a distance of 1 is a large one for any teacher.
    All are 0 for an image that is not for training. `recipe` is the teacher's.
    """
    teacher = averaged(with_features(trained_network(teacher)), recipe)
    _, *shape = data.taught_shape(recipe)
    units = np.ones(shape[-1])
    units[data.class_count :] = spread(teacher, data)
    is_for_training = np.zeros(len(data.images), bool)
    is_for_training[data.train_rows] = True
    batches = data.measured(np.arange(len(data.images)))
    for number in with_bar(range(len(batches)), "teach"):
        images, _ = batches[number]
        rows = is_for_training[batches.rows_of(number)]
        found = np.zeros((len(images), *shape), np.float16)
        for place, view in enumerate(recipe.views):
            if view.is_mirrored and recipe.flip_averaging:  # of both, such a teacher sees the same
                found[:, place] = found[:, recipe.views.index(view.mirror_image)]
            elif rows.any():
                found[rows, place] = predict(teacher, view.of(images[rows])) / units
        yield found


def spread(teacher: keras.Model, data: Data) -> float:
    """Return the standard deviation of features, of many in quadratic mean, over some images."""
    images, _ = data.measured(data.val_rows)[0]
    features = predict(teacher, images)[:, data.class_count :]
    return float(np.sqrt(features.var(axis=0).mean())) or 1.0
