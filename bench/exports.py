"""Measure the exported models beside Keras, and `tools.predict` as a whole process.

    python -m bench.exports

Reads   models/model.keras, model.onnx, model.tflite, data/processed/test_images.npy
Writes  bench/exports.md, which docs/predict.md quotes

`python -m bench.exports IMAGE` is one of the processes: it predicts an image as one would by Keras
alone.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from bench.measure import machine, median_and_range, table, write_results

RESULTS = Path("bench/exports.md")
SINGLE_ROUNDS = 200  # predictions of one image
BATCH_ROUNDS = 5  # predictions of all images
RUNS = 7  # of each process
FILES = 1_000  # images for one process


def predictors() -> dict[str, tuple[Path, Callable]]:
    """Return, by name, a model's file and a function from uint8 images to probabilities.

    The models are loaded.
    """
    import onnxruntime

    from classifier.backend.starting import load_keras
    from classifier.exports.tflite_model import TFLiteModel
    from stages import export

    model = load_keras().models.load_model(export.MODEL, compile=False)
    session = onnxruntime.InferenceSession(export.ONNX, providers=["CPUExecutionProvider"])
    tflite_model = TFLiteModel(export.TFLITE)

    def by_keras(images):
        return model.predict(images, batch_size=1000, verbose=0)

    def by_onnx(images):
        (probabilities,) = session.run(None, {"pixels": images.astype(np.float32)})
        return probabilities

    return {
        "Keras": (export.MODEL, by_keras),
        "ONNX, onnxruntime": (export.ONNX, by_onnx),
        "TensorFlow Lite": (export.TFLITE, tflite_model.predict),
    }


def median_seconds(predict: Callable, images: np.ndarray, rounds: int) -> float:
    """Return the median time of `predict(images)` after an untimed call."""
    predict(images)
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        predict(images)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def latency_table(models: dict[str, tuple[Path, Callable]], images: np.ndarray) -> str:
    """Return a table of what each model takes for one of the images and for all of them."""
    rows = []
    for name, (path, predict) in models.items():
        one = median_seconds(predict, images[:1], SINGLE_ROUNDS)
        many = median_seconds(predict, images, BATCH_ROUNDS)
        rows.append([name, f"{path.stat().st_size:,}", f"{1000 * one:.2f}", f"{many:.2f}"])
    return table(["", "bytes", "one image, ms", f"{len(images):,} images, s"], rows)


def process_table(images: np.ndarray) -> str:
    """Return a table of what whole processes take, each run in turn."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, image in enumerate(images[:FILES]):
            paths.append(Path(folder, f"{number}.png"))
            Image.fromarray(image[..., 0]).save(paths[-1])
        commands = {
            "`tools.predict`, one image": ["tools.predict", paths[0]],
            "the same by `keras.models.load_model`": ["bench.exports", paths[0]],
            f"`tools.predict`, {len(paths):,} images": ["tools.predict", *paths],
        }
        seconds = {name: [] for name in commands}
        for _ in range(RUNS):
            for name, arguments in commands.items():
                start = time.perf_counter()
                subprocess.run([sys.executable, "-m", *arguments], check=True, capture_output=True)
                seconds[name].append(time.perf_counter() - start)
    rows = [[name, median_and_range(runs)] for name, runs in seconds.items()]
    return table(["whole process", "seconds, median (range)"], rows)


def predict_by_keras(path: str) -> None:
    """Print the class of an image, with nothing of this project's."""
    import keras

    model = keras.models.load_model("models/model.keras")
    image = np.asarray(Image.open(path))[..., None]
    print(model.predict(image[None], verbose=0).argmax())


def main():
    images = np.load("data/processed/test_images.npy")
    parts = [latency_table(predictors(), images), process_table(images)]
    heading = f"{machine('tensorflow', 'keras', 'onnxruntime')}; `python -m bench.exports`"
    write_results(RESULTS, heading, parts)


if __name__ == "__main__":
    if sys.argv[1:]:
        predict_by_keras(sys.argv[1])
    else:
        main()
