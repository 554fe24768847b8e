"""Write the model card: what the model is, what it is for, how good it is.

Reads   reports/{preprocess,teach,train,evaluate,export}/metrics.json
        reports/evaluate/behaviour.json, by_class.json, confusion.json
        data/raw/classes.json, about.json
Writes  reports/model_card.md
"""

from pathlib import Path

from classifier.files.atomic import read_json, write_text
from classifier.images.preparation import Preparation
from classifier.model_card.text import (
    TEMPLATE,
    about_data,
    about_teacher,
    behaviour_rows,
    by_class_rows,
    headline_rows,
    limits,
    procedure,
    takes,
)

RAW = Path("data/raw")
REPORTS = Path("reports")
CARD = REPORTS / "model_card.md"


def main(images: Preparation, split, train, recipe):
    classes = read_json(RAW / "classes.json")
    metrics = {}
    for stage in ("preprocess", "train", "evaluate", "export"):
        metrics |= read_json(REPORTS / stage / "metrics.json")
    decimals = min(metrics["onnx_same_decimals"], metrics["tflite_same_decimals"])
    card = TEMPLATE.read_text(encoding="utf-8").format(
        **metrics,
        **about_data(read_json(RAW / "about.json")),
        takes=takes(images),
        model=train.model,
        class_count=len(classes),
        classes=", ".join(classes),
        val_share=f"{100 * split.val_fraction:.3g}%",
        train_share=f"{100 * split.share:.3g}%",
        recipe=procedure(recipe.model_dump(exclude_unset=True)),
        teacher=about_teacher(read_json(REPORTS / "teach" / "metrics.json")),
        headline=headline_rows(metrics),
        by_class=by_class_rows(read_json(REPORTS / "evaluate" / "by_class.json")),
        behaviour=behaviour_rows(read_json(REPORTS / "evaluate" / "behaviour.json")),
        limits=limits(read_json(REPORTS / "evaluate" / "confusion.json"), metrics),
        largest_difference=10**-decimals,
    )
    write_text(CARD, card)
    print(f"card: {CARD}")
