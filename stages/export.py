"""Write the model in two formats that need neither Keras nor TensorFlow, and compare them with it on the test images.

Reads   models/model.keras, data/processed/test_images.npy, train_images.npy, data/split/{train,val}_indices.npy
Writes  models/model.onnx      pixels 0 to 255 in, class probabilities out; metadata: classes, a JSON list
        models/model.tflite    the same for TensorFlow Lite, without the names
        models/typical.npz     what training images look like, for `stages.typical`
        reports/export/metrics.json
"""

import json
import os
import warnings
from pathlib import Path

import numpy as np

from stages import params, typical
from stages.backend import load_model, quiet
from stages.errors import InputError
from stages.files import blocks, read_array, replacing, take, write_json
from stages.process import run

MODEL, PROCESSED, SPLIT = Path("models/model.keras"), Path("data/processed"), Path("data/split")
ONNX, TFLITE, TYPICAL = Path("models/model.onnx"), Path("models/model.tflite"), Path("models/typical.npz")
BATCH = 1000  # images; no effect on the figures
MOST = {"compared": 10_000, "described": 60_000}  # images; of more, so many are taken, evenly spread
TOLERANCE = 1e-3  # the largest difference of a probability that is still the same model


def write_onnx(model, classes: list[str], path: Path) -> None:
    """Write `model` as ONNX, with plain names for what goes in and out, and the names of the classes."""
    import onnx

    model.export(path, format="onnx", verbose=False)
    proto = onnx.load(path)
    names = {proto.graph.input[0].name: "pixels", proto.graph.output[0].name: "probabilities"}
    for value in (*proto.graph.input, *proto.graph.output):
        value.name = names[value.name]
        value.type.tensor_type.shape.dim[0].dim_param = "images"
    for node in proto.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    onnx.helper.set_model_props(proto, {"classes": json.dumps(classes)})
    onnx.checker.check_model(proto)
    path.write_bytes(proto.SerializeToString(deterministic=True))


def predict_onnx(path: Path, images: np.ndarray) -> np.ndarray:
    """Return probabilities, (n, classes), of uint8 images by onnxruntime."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {"pixels": images.astype(np.float32)})[0]


def predict_tflite(path: Path, images: np.ndarray) -> np.ndarray:
    """Return probabilities, (n, classes), of uint8 images by TensorFlow Lite."""
    import tensorflow as tf

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # "will be moved to another package"
        interpreter = tf.lite.Interpreter(str(path))
    pixels, probabilities = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    interpreter.resize_tensor_input(pixels, images.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(pixels, images.astype(np.float32))
    interpreter.invoke()
    return interpreter.get_tensor(probabilities)


def compare(name: str, expected: np.ndarray, received: np.ndarray) -> dict:
    """Return how far probabilities, both (n, classes), agree; raises InputError where they are another model's."""
    difference = float(np.abs(expected - received).max())
    if not difference <= TOLERANCE:
        raise InputError(f"{name}: expected Keras' probabilities within {TOLERANCE}, received {difference:.3g} off")
    same = int((expected.argmax(axis=1) == received.argmax(axis=1)).sum())
    return {f"{name}_same_labels": same, f"{name}_largest_difference": float(f"{difference:.2g}")}


def spread(count: int, most: int) -> np.ndarray:
    """Return at most so many of the row numbers below `count`, evenly spread: int (n,)."""
    return np.arange(0, count, -(-count // most))


def main():
    classes = params.read().classes
    images = read_array(PROCESSED / "test_images.npy", "uint8", ndim=3)
    training = read_array(PROCESSED / "train_images.npy", "uint8", ndim=3)
    rows = [read_array(SPLIT / f"{name}_indices.npy", "int64", ndim=1) for name in ("train", "val")]
    rows = [chosen[spread(len(chosen), MOST["described"])] for chosen in rows]
    images = take(images, spread(len(images), MOST["compared"]))
    os.environ["KERAS_BACKEND"] = "tensorflow"  # which the converters need; a .keras file fits every backend
    model = load_model(MODEL, images.shape[1:], len(classes))

    expected = model.predict(images, batch_size=BATCH, verbose=0)
    metrics = {"compared_images": len(images)}
    with quiet(), replacing(ONNX) as partial:
        write_onnx(model, classes, partial)
        received = predict_onnx(partial, images)
    metrics |= compare("onnx", expected, received)
    with quiet(), replacing(TFLITE) as partial:
        model.export(partial, format="litert", verbose=False)
        received = predict_tflite(partial, images)
    metrics |= compare("tflite", expected, received)
    for name, path in {"keras": MODEL, "onnx": ONNX, "tflite": TFLITE}.items():
        metrics[f"{name}_bytes"] = path.stat().st_size

    train, val = (take(training, chosen) for chosen in rows)
    description = typical.describe(blocks(train), val)
    with replacing(TYPICAL) as partial, partial.open("wb") as file:
        np.savez(file, **description)
    metrics["test_images_flagged"] = round(float((typical.unlikeness(images, **description) > 1).mean()), 6)
    write_json(Path("reports/export/metrics.json"), metrics)
    print("export: " + "  ".join(f"{name} {figure}" for name, figure in metrics.items()))


if __name__ == "__main__":
    run(main, stage="export")
