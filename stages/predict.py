"""Let the trained model look at the test images; what becomes of that is for other stages.

Reads   models/model.keras, data/processed/test_images.npy, data/raw/classes.json
Writes  data/predicted/test_probabilities.npy   float32 (n, classes)
        data/predicted/changed_labels.npy       uint8 (changes, some): labels of changed images
        reports/predict/architecture.png        the network that was trained
"""

import itertools
from pathlib import Path

import numpy as np

from classifier.backend.model_files import load_model, trained_network
from classifier.files.arrays import blocks, read_array, some_of, write_array, write_blocks
from classifier.files.atomic import read_json, replacing
from classifier.images.changes import CHANGES, MAX_CHANGED_IMAGES
from classifier.surroundings import set_matplotlib

MODEL = Path("models/model.keras")
CLASSES = Path("data/raw/classes.json")
IMAGES = Path("data/processed/test_images.npy")
PROBABILITIES = Path("data/predicted/test_probabilities.npy")
CHANGED_LABELS = Path("data/predicted/changed_labels.npy")
PICTURE = Path("reports/predict/architecture.png")

BATCH_BYTES = 784_000  # of images: 1000 of 28 × 28; no effect on the figures


def predict(model, images: np.ndarray, change=None):
    """Yield a Keras model's probabilities for consecutive images, float32 (some, classes)."""
    numbers = itertools.count()
    for block in blocks(images, BATCH_BYTES):
        if change:
            block = np.stack([change.function(image, next(numbers)) for image in block])
        yield np.asarray(model.predict_on_batch(block))


def changed_labels(model, images: np.ndarray) -> np.ndarray:
    """Return the labels of images that are changed a little, uint8 (changes, n)."""
    labels = []
    for change in CHANGES:
        probabilities = np.concatenate(list(predict(model, images, change)))
        labels.append(probabilities.argmax(axis=1).astype(np.uint8))
    return np.stack(labels)


def main():
    classes = read_json(CLASSES)
    images = read_array(IMAGES, "uint8", ndim=4)
    model = load_model(MODEL, images.shape[1:], len(classes))
    from classifier.evaluation import architecture

    shape = (len(images), len(classes))
    write_blocks(PROBABILITIES, np.float32, shape, predict(model, images))
    some = some_of(images, MAX_CHANGED_IMAGES)
    write_array(CHANGED_LABELS, changed_labels(model, some))
    set_matplotlib()
    with replacing(PICTURE) as partial:
        figure = architecture.draw(trained_network(model))
        figure.savefig(partial, metadata={"Software": None})
    print(f"predict: {len(images):,} test images, {len(some):,} of them also changed a little")
