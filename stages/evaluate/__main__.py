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
from stages.files import read_array, release, replacing, write_json
from stages.process import run

MODEL, PROCESSED, REPORTS = Path("models/model.keras"), Path("data/processed"), Path("reports/evaluate")
BATCH = 1000  # images; no effect on the figures


def predictions(model, images: np.ndarray):
    """Yield the row of the first, and the probabilities, float64 (n, classes), of some images at a time."""
    for start in range(0, len(images), BATCH):
        probabilities = np.asarray(model.predict_on_batch(images[start : start + BATCH]), np.float64)
        yield start, probabilities / probabilities.sum(axis=1, keepdims=True)  # 1 to float32's precision only
        release(images)


def main():
    settings = params.read()
    classes, columns = settings.classes, settings.evaluate.columns
    images = read_array(PROCESSED / "test_images.npy", "uint8", ndim=3)
    labels = read_array(PROCESSED / "test_labels.npy", "uint8", ndim=1)
    model = load_model(MODEL, images.shape[1:], len(classes))

    import pandas as pd

    from stages.evaluate import pictures, scores

    tally, samples, mistakes = scores.Tally(len(classes)), pd.DataFrame(), pd.DataFrame()
    with replacing(REPORTS / "predictions.csv") as partial, partial.open("w", encoding="utf-8", newline="") as file:
        for start, probabilities in predictions(model, images):
            actual = labels[start : start + BATCH].astype(int)
            tally.add(actual, probabilities)
            table = pd.DataFrame(
                {"actual": actual, "predicted": probabilities.argmax(axis=1), "confidence": probabilities.max(axis=1)},
                index=pd.RangeIndex(start, start + len(actual), name="index"),
            )
            table.round(6).to_csv(file, header=start == 0, lineterminator="\n")
            samples = pd.concat([samples, table]).head(columns * settings.evaluate.sample_rows)
            mistakes = pd.concat([mistakes, table.query("actual != predicted")])
            mistakes = mistakes.sort_values("confidence", ascending=False, kind="stable")
            mistakes = mistakes.head(columns * settings.evaluate.mistake_rows)
    metrics, confusion = scores.headline(tally), scores.confusion(tally, classes)
    write_json(REPORTS / "metrics.json", metrics)
    write_json(REPORTS / "confusion.json", confusion)
    write_json(REPORTS / "by_class.json", scores.by_class(tally, classes))
    write_json(REPORTS / "reliability.json", scores.reliability(tally))

    def grid(title, table):
        names = [(classes[row.predicted], row.confidence, classes[row.actual]) for row in table.itertuples()]
        return pictures.image_grid(title, images[table.index], names, columns)

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
