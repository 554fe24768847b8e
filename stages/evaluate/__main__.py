"""Score the trained model on the test images: the only stage that sees them.

Reads   models/model.keras, data/processed/test_images.npy, test_labels.npy
Writes  reports/evaluate/metrics.json      headline figures
        reports/evaluate/predictions.csv   index, actual, predicted, confidence
        reports/evaluate/confusion.json, by_class.json, reliability.json   plot data
        reports/evaluate/confusion.png, samples.png, mistakes.png
"""

from pathlib import Path

import numpy as np

from stages import params
from stages.backend import load_model
from stages.files import read_array, replacing, write_json
from stages.process import run

MODEL, PROCESSED, REPORTS = Path("models/model.keras"), Path("data/processed"), Path("reports/evaluate")
BATCH = 1000  # images; no effect on the figures


def main():
    settings = params.read()
    classes, columns = settings.classes, settings.evaluate.columns
    images = read_array(PROCESSED / "test_images.npy", "uint8", ndim=3)
    actual = read_array(PROCESSED / "test_labels.npy", "uint8", ndim=1).astype(int)
    model = load_model(MODEL, images.shape[1:], len(classes))

    import pandas as pd

    from stages.evaluate import pictures, scores

    probabilities = model.predict(images, batch_size=BATCH, verbose=0).astype(np.float64)
    probabilities /= probabilities.sum(axis=1, keepdims=True)  # their sum is 1 to float32's precision only
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    metrics = scores.headline(actual, probabilities, len(classes))
    confusion = scores.confusion(actual, predicted, classes)
    write_json(REPORTS / "metrics.json", metrics)
    write_json(REPORTS / "confusion.json", confusion)
    write_json(REPORTS / "by_class.json", scores.by_class(actual, predicted, classes))
    write_json(REPORTS / "reliability.json", scores.reliability(predicted == actual, confidence))
    table = pd.DataFrame({"actual": actual, "predicted": predicted, "confidence": confidence.round(6)})
    with replacing(REPORTS / "predictions.csv") as partial:
        table.to_csv(partial, index_label="index", lineterminator="\n")

    def grid(title, rows):
        names = [(classes[predicted[row]], confidence[row], classes[actual[row]]) for row in rows]
        return pictures.image_grid(title, images[rows], names, columns)

    samples = np.arange(len(images))[: columns * settings.evaluate.sample_rows]
    mistakes = sorted(np.flatnonzero(predicted != actual), key=lambda row: -confidence[row])
    mistakes = mistakes[: columns * settings.evaluate.mistake_rows]
    for name, figure in {
        "confusion": pictures.confusion_matrix(confusion, classes),
        "samples": grid("The first test images", samples),
        "mistakes": grid("The most confident mistakes", mistakes),
    }.items():
        with replacing(REPORTS / f"{name}.png") as partial:
            figure.savefig(partial, metadata={"Software": None})
    print("evaluate: " + "  ".join(f"{name} {figure:.4f}" for name, figure in metrics.items()))


if __name__ == "__main__":
    run(main, stage="evaluate")
