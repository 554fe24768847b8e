"""Score what the trained model has predicted for the test images.

Reads   data/predicted/test_probabilities.npy, changed_labels.npy, data/raw/classes.json
        data/processed/test_images.npy, test_labels.npy
Writes  reports/evaluate/metrics.json      headline figures
        reports/evaluate/behaviour.json    how many images keep their label when changed
        reports/evaluate/predictions.csv   index, actual, predicted, confidence
        reports/evaluate/confusion.json, by_class.json, reliability.json,
        behaviour_by_class.json            plot data
        reports/evaluate/confusion.png, samples.png, mistakes.png
"""

from pathlib import Path

from classifier.drawing.figures import set_matplotlib, write_figure
from classifier.evaluation import behaviour, scores, tables
from classifier.evaluation.predicting import table_of
from classifier.files.arrays import read_array, some_of
from classifier.files.atomic import read_json, replacing, write_json
from classifier.images.changes import CHANGES, MAX_CHANGED_IMAGES
from classifier.images.preparation import Preparation

CLASSES = Path("data/raw/classes.json")
IMAGES = Path("data/processed/test_images.npy")
LABELS = Path("data/processed/test_labels.npy")
PROBABILITIES = Path("data/predicted/test_probabilities.npy")
CHANGED_LABELS = Path("data/predicted/changed_labels.npy")
REPORTS = Path("reports/evaluate")


def write_tables(predictions, classes: list[str]) -> dict:
    """Write figures and plot data; return the headline."""
    metrics = scores.headline(predictions, len(classes))
    with replacing(REPORTS / "predictions.csv") as partial:
        columns = predictions[["actual", "predicted", "confidence"]]
        columns.round(6).to_csv(partial, lineterminator="\n")
    write_json(REPORTS / "metrics.json", metrics)
    write_json(REPORTS / "confusion.json", tables.confusion(predictions, classes))
    write_json(REPORTS / "by_class.json", tables.by_class(predictions, classes))
    write_json(REPORTS / "reliability.json", tables.reliability(predictions))
    return metrics


def write_behaviour(predictions, classes: list[str]) -> None:
    some = some_of(predictions[["actual", "predicted"]].to_numpy(), MAX_CHANGED_IMAGES)
    actual, before = some.T
    changed = read_array(CHANGED_LABELS, "uint8", ndim=2)
    kept = {each.name: after == before for each, after in zip(CHANGES, changed, strict=True)}
    write_json(REPORTS / "behaviour.json", behaviour.headline(kept, actual))
    rows = behaviour.by_class(kept, actual, classes)
    write_json(REPORTS / "behaviour_by_class.json", rows)


def draw_pictures(predictions, images, classes, is_negative: bool) -> None:
    set_matplotlib()
    from classifier.drawing.fonts import use_fonts_for
    from classifier.evaluation import pictures

    if lacking := use_fonts_for(classes):
        cure = "so pictures show boxes; fonts-noto-cjk has all"
        print(f"evaluate: no font here has {lacking}, {cure}")
    confusion = tables.confusion(predictions, classes)
    figures = {
        "confusion": pictures.confusion_matrix(confusion, classes),
        "samples": pictures.samples(predictions, images, classes, is_negative),
        "mistakes": pictures.mistakes(predictions, images, classes, is_negative),
    }
    for name, figure in figures.items():
        write_figure(REPORTS / f"{name}.png", figure)


def main(images: Preparation):
    classes = read_json(CLASSES)
    pixels = read_array(IMAGES, "uint8", ndim=4)
    labels = read_array(LABELS, "uint8", ndim=1)
    probabilities = read_array(PROBABILITIES, "float32", ndim=2)
    predictions = table_of(probabilities, labels)
    metrics = write_tables(predictions, classes)
    write_behaviour(predictions, classes)
    draw_pictures(predictions, pixels, classes, images.is_bright_on_black)
    print("evaluate: " + "  ".join(f"{name} {figure:.4f}" for name, figure in metrics.items()))
    if scores.is_chance(metrics):
        print("evaluate: that is no better than always giving the most frequent class")
