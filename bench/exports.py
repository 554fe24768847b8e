"""Measure the exported models beside Keras, and `tools.predict` as a whole process: `python -m bench.exports`.

Writes bench/exports.md, which the README quotes.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from bench.__main__ import machine
from stages import export
from stages.backend import load_keras

RESULTS = Path(__file__).parent / "exports.md"
ROUNDS = 200  # predictions of one image
RUNS = 7  # processes
KERAS = (
    "import sys, numpy as np, keras; from PIL import Image; model = keras.models.load_model('models/model.keras');"
    "image = np.asarray(Image.open(sys.argv[1])); print(model.predict(image[None], verbose=0).argmax())"
)


def predictors() -> dict:
    """Return, by name, the file and a function from uint8 images to probabilities, with the model loaded."""
    import onnxruntime
    import tensorflow as tf

    model = load_keras().models.load_model(export.MODEL, compile=False)
    session = onnxruntime.InferenceSession(export.ONNX, providers=["CPUExecutionProvider"])
    interpreter = tf.lite.Interpreter(str(export.TFLITE))
    shape = None
    pixels, probabilities = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]

    def lite(images):
        nonlocal shape
        if images.shape != shape:
            shape = images.shape
            interpreter.resize_tensor_input(pixels, shape)
            interpreter.allocate_tensors()
        interpreter.set_tensor(pixels, images.astype(np.float32))
        interpreter.invoke()
        return interpreter.get_tensor(probabilities)

    return {
        "Keras": (export.MODEL, lambda images: model.predict(images, batch_size=1000, verbose=0)),
        "ONNX, onnxruntime": (export.ONNX, lambda images: session.run(None, {"pixels": images.astype(np.float32)})[0]),
        "TensorFlow Lite": (export.TFLITE, lite),
    }


def seconds(function, *arguments) -> float:
    started = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - started


def latencies(images) -> list[str]:
    rows = []
    for name, (path, predict) in predictors().items():
        predict(images[:1])
        one = statistics.median(seconds(predict, images[:1]) for _ in range(ROUNDS))
        predict(images)
        many = statistics.median(seconds(predict, images) for _ in range(5))
        rows.append(f"| {name} | {path.stat().st_size:,} | {1000 * one:.2f} | {many:.2f} |")
    return ["| | bytes | one image, ms | 10,000 images, s |", "| --- | --- | --- | --- |", *rows]


def processes(images) -> list[str]:
    """Time whole processes, in turn."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{number}.png") for number in range(1000)]
        for path, image in zip(paths, images, strict=False):
            Image.fromarray(image).save(path)
        commands = {
            "`tools.predict`, one image": [sys.executable, "-m", "tools.predict", paths[0]],
            "the same by `keras.models.load_model`": [sys.executable, "-c", KERAS, paths[0]],
            "`tools.predict`, 1,000 images": [sys.executable, "-m", "tools.predict", *paths],
        }
        times = {name: [] for name in commands}
        env = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
        for _ in range(RUNS):
            for name, command in commands.items():
                times[name].append(
                    seconds(lambda run=command: subprocess.run(run, env=env, check=True, capture_output=True))
                )
    rows = [
        f"| {name} | {statistics.median(runs):.2f} ({min(runs):.2f} to {max(runs):.2f}) |"
        for name, runs in times.items()
    ]
    return ["| whole process | seconds, median (range) |", "| --- | --- |", *rows]


def main():
    images = np.load(export.PROCESSED / "test_images.npy")
    title = f"{machine('tensorflow', 'keras', 'onnxruntime')}; `python -m bench.exports`"
    text = "\n".join([title, "", *latencies(images), "", *processes(images), ""])
    RESULTS.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
