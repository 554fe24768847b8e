"""Let the trained model look at the test images; what becomes of that is for other stages.

Reads   models/model.keras, data/processed/test_images.npy, data/raw/classes.json
Writes  data/predicted/test_probabilities.npy   float32 (n, classes)
        data/predicted/changed_labels.npy       uint8 (changes, some): labels of changed images
        reports/predict/architecture.png        the network that was trained
"""

from pathlib import Path

import numpy as np

from classifier.backend.model_files import load_model, trained_network
from classifier.drawing.figures import set_matplotlib, write_figure
from classifier.evaluation.looking import changed_labels, predict
from classifier.files.arrays import read_array, some_of, write_array, write_blocks
from classifier.files.atomic import read_json
from classifier.images.changes import MAX_CHANGED_IMAGES

MODEL = Path("models/model.keras")
CLASSES = Path("data/raw/classes.json")
IMAGES = Path("data/processed/test_images.npy")
PROBABILITIES = Path("data/predicted/test_probabilities.npy")
CHANGED_LABELS = Path("data/predicted/changed_labels.npy")
PICTURE = Path("reports/predict/architecture.png")


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
    write_figure(PICTURE, architecture.draw(trained_network(model)))
    print(f"predict: {len(images):,} test images, {len(some):,} of them also changed a little")
