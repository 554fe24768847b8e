"""Write the model in two formats that need no Keras, and compare them with it on test images.

Reads   models/model.keras, data/raw/classes.json, data/processed/{train,test}_images.npy
        data/split/{train,val}_indices.npy, data/predicted/test_probabilities.npy
Writes  models/model.onnx      pixels 0 to 255 in, class probabilities out; knows its classes
                               and how photographs are prepared
        models/model.tflite    the same for TensorFlow Lite, without the names
        models/outliers.npz    what training images look like, for `classifier.images.outliers`
        reports/export/metrics.json
"""

import functools
import os
from pathlib import Path

import numpy as np

from classifier.backend.model_files import load_model
from classifier.backend.starting import quiet
from classifier.exports.agreement import compare, in_parts
from classifier.exports.onnx_model import predict_onnx, write_onnx
from classifier.exports.tflite_model import TFLiteModel, write_tflite
from classifier.files.arrays import blocks, read_array, some_of, take
from classifier.files.atomic import read_json, replacing, write_json
from classifier.images import outliers
from classifier.images.preparation import Preparation

MODEL = Path("models/model.keras")
CLASSES = Path("data/raw/classes.json")
TEST_IMAGES = Path("data/processed/test_images.npy")
TRAIN_IMAGES = Path("data/processed/train_images.npy")
TRAIN_ROWS = Path("data/split/train_indices.npy")
VAL_ROWS = Path("data/split/val_indices.npy")
PROBABILITIES = Path("data/predicted/test_probabilities.npy")
ONNX = Path("models/model.onnx")
TFLITE = Path("models/model.tflite")
OUTLIERS = Path("models/outliers.npz")
REPORT = Path("reports/export/metrics.json")

MAX_COMPARED_IMAGES = 10_000  # of more, so many are taken, evenly spaced
MAX_DESCRIBED_IMAGES = 60_000  # likewise, of training and of validation images


def describe_images() -> dict:
    """Return the description of the training images; its limit is from validation images."""
    images = read_array(TRAIN_IMAGES, "uint8", ndim=4)
    train_rows = some_of(read_array(TRAIN_ROWS, "int64", ndim=1), MAX_DESCRIBED_IMAGES)
    val_rows = some_of(read_array(VAL_ROWS, "int64", ndim=1), MAX_DESCRIBED_IMAGES)
    return outliers.describe(blocks(take(images, train_rows)), take(images, val_rows))


def main(images: Preparation):
    classes = read_json(CLASSES)
    pixels = some_of(read_array(TEST_IMAGES, "uint8", ndim=4), MAX_COMPARED_IMAGES)
    os.environ["KERAS_BACKEND"] = "tensorflow"  # for the converters; a .keras file fits any
    model = load_model(MODEL, pixels.shape[1:], len(classes))
    model(pixels[:1])  # Keras exports only what it has called
    expected = some_of(read_array(PROBABILITIES, "float32", ndim=2), MAX_COMPARED_IMAGES)

    metrics = {"compared_images": len(pixels)}
    with quiet(), replacing(ONNX) as partial:
        write_onnx(model, classes, images, partial)
        received = in_parts(functools.partial(predict_onnx, partial), pixels)
        metrics |= compare("onnx", expected, received)
    with quiet(), replacing(TFLITE) as partial:
        write_tflite(model, partial)
        received = in_parts(TFLiteModel(partial).predict, pixels)
        metrics |= compare("tflite", expected, received)
    for name, path in {"keras": MODEL, "onnx": ONNX, "tflite": TFLITE}.items():
        metrics[f"{name}_bytes"] = path.stat().st_size

    description = describe_images()
    with replacing(OUTLIERS) as partial, partial.open("wb") as file:
        np.savez(file, **description)
    flagged = outliers.Outliers(**description).scores(pixels) > 1
    metrics["test_images_flagged"] = round(float(flagged.mean()), 6)
    write_json(REPORT, metrics)
    print("export: " + "  ".join(f"{name} {figure}" for name, figure in metrics.items()))
