"""Write the model card: what the model is, what it is for, how good it is, in the headings of Hugging Face.

Reads   reports/{preprocess,train,evaluate,export}/metrics.json, reports/evaluate/by_class.json, confusion.json
Writes  reports/model_card.md
"""

from pathlib import Path

from stages import params
from stages.fashion_mnist import CLASSES
from stages.files import read_json, write_text
from stages.process import run

REPORTS = Path("reports")

FASHION_MNIST = """[Fashion-MNIST](https://github.com/zalandoresearch/fashion-mnist), © 2017 Zalando SE, MIT licence: \
photographs of a shop's catalogue, one article each, laid out or on an invisible model, 28 × 28 grey pixels, bright on \
black."""
CITATION = """```bibtex
@misc{xiao2017fashion,
  title = {Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms},
  author = {Xiao, Han and Rasul, Kashif and Vollgraf, Roland},
  year = {2017},
  eprint = {1708.07747},
  archivePrefix = {arXiv},
}
```"""

CARD = """---
license: mit
library_name: keras
pipeline_tag: image-classification
tags: [image-classification, dvc, onnx, tflite]
---

# Model card for {title}

Written by `stages/card.py` from the metrics of the same run; `dvc repro` keeps it so.

## Model details

### Model description

- **Kind:** the recipe `{model}`, a network of {parameters:,} parameters, trained from scratch with Keras
- **Takes:** grey images of {image_rows} × {image_columns} pixels, 0 to 255, the thing bright on black
- **Gives:** a probability for each of {class_count} classes: {classes}
- **Files:** `models/model.keras`, {keras_bytes:,} bytes; `model.onnx`, {onnx_bytes:,}; `model.tflite`, {tflite_bytes:,}
- **Licence:** MIT

## Uses

### Direct use

Teaching, and comparing methods and tools on {data}.

### Out-of-scope use

Anything that matters to somebody. It knows {class_count} classes and gives every image one of them, also a face or a \
landscape. `python -m tools.predict` says when an image is unlike the training images, but does not always notice.

## Bias, risks, and limitations

{limits}

## How to get started with the model

```bash
dvc pull || dvc repro
python -m tools.predict photo.jpg
```

## Training details

### Training data

{description}

{train_images:,} training images, of which {train_duplicates:,} repeat another. The validation images are {val_share} \
of them, the same share of every class.

### Training procedure

{recipe}

It ran {epochs} epochs and kept epoch {best_epoch}. On the training images accuracy is {train_accuracy:.2%}, on the \
validation images {val_accuracy:.2%} (loss {train_loss:.3f} and {val_loss:.3f}).

## Evaluation

### Testing data

{test_images:,} images, kept apart from training and validation; {test_images_in_train:,} of them are also training
images.

### Metrics and results

| | |
| --- | --- |
| accuracy | {accuracy:.2%} (95 % interval {accuracy_low:.2%} to {accuracy_high:.2%}) |
| cross-entropy | {loss:.3f} |
| macro F1 | {macro_f1:.4f} |
| lowest recall of a class | {worst_class_recall:.2%} |
| expected calibration error | {ece:.4f} |

Of one run; another seed moves these figures.

| class | precision | recall | F1 |
| --- | --- | --- | --- |
{by_class}

**Calibration.** Where it states a confidence, it is on average {ece:.1%} away from the share of right answers.

**Exports.** ONNX gives the same label as Keras for {onnx_same_labels:,} of {compared_images:,} test images, \
TensorFlow Lite for {tflite_same_labels:,}; no probability is more than {largest_difference:.0e} away. \
{test_images_flagged:.1%} of them are said to be unlike the training images.

## Citation

{citation}
"""


def by_class_rows(rows: list[dict]) -> str:
    """Return a line of a Markdown table for each class, in the classes' order."""
    scores = {}
    for row in rows:
        scores.setdefault(row["class"], {})[row["group"]] = row["score"]
    names = ("precision", "recall", "F1")
    return "\n".join(
        f"| {name} | " + " | ".join(f"{row[key]:.3f}" for key in names) + " |" for name, row in scores.items()
    )


def limits(confusion: list[dict]) -> str:
    """Return the three kinds of mistake that are most likely, given the actual class, as a Markdown list."""
    mistakes = sorted((row for row in confusion if row["actual"] != row["predicted"]), key=lambda row: -row["share"])
    lines = [f"- {row['share']:.1%} of {row['actual']} are taken for {row['predicted']}" for row in mistakes[:3]]
    return "Its most likely mistakes, on the test images:\n\n" + "\n".join(lines)


def main():
    settings = params.read()
    metrics = {}
    for stage in ("preprocess", "train", "evaluate", "export"):
        metrics |= read_json(REPORTS / stage / "metrics.json")
    classes, recipe = settings.classes, settings.recipe.model_dump(exclude_unset=True)
    is_fashion_mnist = classes == CLASSES
    card = CARD.format(
        **metrics,
        title="a Fashion-MNIST classifier" if is_fashion_mnist else "an image classifier",
        data="a small, well-known set" if is_fashion_mnist else "images like those that it was trained on",
        description=FASHION_MNIST if is_fashion_mnist else f"What `fetch.source` names: `{settings.fetch.source}`.",
        citation=CITATION if is_fashion_mnist else "None is known for this data.",
        model=settings.train.model,
        class_count=len(classes),
        classes=", ".join(classes),
        val_share=f"{settings.split.val_fraction:.0%}",
        recipe="\n".join(f"- {name}: {value}" for name, value in recipe.items()),
        by_class=by_class_rows(read_json(REPORTS / "evaluate" / "by_class.json")),
        limits=limits(read_json(REPORTS / "evaluate" / "confusion.json")),
        largest_difference=max(metrics["onnx_largest_difference"], metrics["tflite_largest_difference"]),
    )
    write_text(REPORTS / "model_card.md", card)
    print(f"card: {REPORTS / 'model_card.md'}")


if __name__ == "__main__":
    run(main, stage="card")
