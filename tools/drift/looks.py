"""What a model makes of many images."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from classifier.errors import InputError
from classifier.files.arrays import read_array, some_of, take
from classifier.images import image_files
from classifier.images.framing import NothingThere
from classifier.images.image_files import is_image
from classifier.images.threads import in_order
from tools.predictor import Predictor

IMAGES = Path("data/processed/train_images.npy")
VAL_ROWS = Path("data/split/val_indices.npy")
MAX_REFERENCE = 10_000  # validation images; of more, so many are taken, evenly spaced
BATCH_SIZE = 256


class Looks(NamedTuple):
    """What is found of n images.

    Attributes:
        images: uint8 (n, rows, columns, channels), as the model takes them.
        notes: what preparing them found, in words, (n,).
        labels: numbers of the predicted classes, (n,).
        confidences: 0 to 1, (n,).
        scores: how unlike the training images they are, (n,); above 1 is an outlier.
    """

    images: np.ndarray
    notes: np.ndarray
    labels: np.ndarray
    confidences: np.ndarray
    scores: np.ndarray


def in_folder(folder: Path, predictor: Predictor) -> tuple[Looks, list[InputError]]:
    """Return what is found of a folder's images, and why others cannot be read."""
    if not folder.is_dir():
        raise InputError(f"{folder}: expected a folder of images, found none")
    paths = sorted(path for path in folder.rglob("*") if is_image(path))
    errors = []

    def read(path: Path):
        try:
            image = image_files.read(path, str(path), predictor.preparation)
            return image.pixels, image.notes
        except InputError as error:
            return error

    def readable():
        for _, made in in_order(read, paths):
            if isinstance(made, InputError):
                errors.append(made)
            else:
                yield made

    return looked_at(readable(), predictor), errors


def of_validation(predictor: Predictor) -> Looks:
    """Return what is found of the validation images, prepared as files are."""
    rows = some_of(read_array(VAL_ROWS, "int64", ndim=1), MAX_REFERENCE)

    def prepared():
        for pixels in take(read_array(IMAGES, "uint8", ndim=4), rows):
            try:
                yield predictor.preparation(pixels, None)
            except NothingThere:
                continue

    return looked_at(prepared(), predictor)


def looked_at(prepared: Iterable, predictor: Predictor) -> Looks:
    """Return what is found of pairs of pixels and notes."""
    images, notes = [], []
    for pixels, found in prepared:
        images.append(pixels)
        notes.append("; ".join(found))
    stacked = np.array(images, np.uint8).reshape(-1, *predictor.preparation.shape)
    probabilities = np.zeros((len(stacked), len(predictor.classes)), np.float32)
    scores = np.zeros(len(stacked))
    for start in range(0, len(stacked), BATCH_SIZE):
        part = slice(start, start + BATCH_SIZE)
        probabilities[part], scores[part] = predictor(stacked[part])
    labels = probabilities.argmax(axis=1)
    return Looks(stacked, np.array(notes), labels, probabilities.max(axis=1), scores)
