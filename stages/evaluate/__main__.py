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
from stages.backend import load_keras
from stages.errors import InputError, run
from stages.files import read_array, replacing, write_json

MODEL, PROCESSED, REPORTS = (
    Path("models/model.keras"),
    Path("data/processed"),
    Path("reports/evaluate"),
)
BATCH = 1000  # images; no effect on the results


def load_model(path: Path, image_shape, class_count: int):
    """Load a model that takes images of `image_shape` and gives `class_count` probabilities.

    Raises:
        InputError: the file is missing or damaged, or holds another kind of model.
    """
    if not path.exists():
        raise InputError(f"{path}: expected a trained model, found no file; run `dvc repro train`")
    keras = load_keras()
    try:
        model = keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises many kinds for a damaged file
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(
            f"{path}: expected a Keras model, received: {reason}; run `dvc repro train`"
        ) from None
    shapes = (model.input_shape[1:], model.output_shape[1:])
    if shapes != (tuple(image_shape), (class_count,)):
        raise InputError(
            f"{path}: expected a model from {tuple(image_shape)} to ({class_count},), "
            f"received one from {shapes[0]} to {shapes[1]}; run `dvc repro train`"
        )
    return model


def main():
    settings = params.read()
    classes, columns = settings.classes, settings.evaluate.columns
    images = read_array(PROCESSED / "test_images.npy", "uint8", ndim=3)
    actual = read_array(PROCESSED / "test_labels.npy", "uint8", ndim=1).astype(int)
    model = load_model(MODEL, images.shape[1:], len(classes))

    import pandas as pd

    from stages.evaluate import pictures, scores

    probabilities = model.predict(images, batch_size=BATCH, verbose=0).astype(np.float64)
    probabilities /= probabilities.sum(axis=1, keepdims=True)  # to float64's precision
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    metrics = scores.headline(actual, probabilities, len(classes))
    confusion = scores.confusion(actual, predicted, classes)

    write_json(REPORTS / "metrics.json", metrics)
    write_json(REPORTS / "confusion.json", confusion)
    write_json(REPORTS / "by_class.json", scores.by_class(actual, predicted, classes))
    write_json(REPORTS / "reliability.json", scores.reliability(predicted == actual, confidence))
    predictions = pd.DataFrame(
        {"actual": actual, "predicted": predicted, "confidence": confidence.round(6)}
    )
    with replacing(REPORTS / "predictions.csv") as partial:
        predictions.to_csv(partial, index_label="index", lineterminator="\n")

    samples = np.arange(len(images))[: columns * settings.evaluate.sample_rows]
    wrong = np.flatnonzero(predicted != actual)
    mistakes = wrong[np.argsort(-confidence[wrong], kind="stable")]
    mistakes = mistakes[: columns * settings.evaluate.mistake_rows]
    figures = {"confusion": pictures.confusion_matrix(confusion, classes)}
    for name, title, rows in (
        ("samples", "The first test images", samples),
        ("mistakes", "The most confident mistakes", mistakes),
    ):
        figures[name] = pictures.image_grid(
            title, images[rows], actual[rows], predicted[rows], confidence[rows], classes, columns
        )
    for name, figure in figures.items():
        with replacing(REPORTS / f"{name}.png") as partial:
            figure.savefig(partial, metadata={"Software": None})
    print("evaluate: " + "  ".join(f"{name} {figure:.4f}" for name, figure in metrics.items()))


if __name__ == "__main__":
    run(main)
