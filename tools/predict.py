"""Say what is on photographs of clothes: label, confidence and runner-up for each.

    python -m tools.predict photo.jpg more/*.png
    curl -s https://example.org/shoe.jpg | python -m tools.predict - --json

Needs `models/model.onnx` and `models/outliers.npz`, which `dvc repro` writes or `dvc pull` gets;
neither TensorFlow nor DVC is loaded. A file that is no image, or on which nothing is, gets a line
on standard error, the others go on, and the exit status is 1.
"""

import argparse
import csv
import json
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from classifier.errors import InputError
from classifier.images import garment, image_files
from classifier.images.preparation import Preparation
from classifier.process.command import run
from tools.predictor import Predictor
from tools.terminal import columns

BATCH_SIZE = 256  # images in memory at a time
FIELDS = (
    "file",
    "label",
    "confidence",
    "runner_up",
    "runner_up_confidence",
    "outlier_score",
    "notes",
)
WARNING = f"unlike the training images: {garment.DOUBT}"
GOOD_PHOTOGRAPH = "One article of clothing, whole, on an even background."


def good_image(preparation: Preparation) -> str:
    """Return in words what the model is made for."""
    if preparation.framing == "garment":
        return GOOD_PHOTOGRAPH
    return "An image like those that it was trained on."


class Input(NamedTuple):
    """A file's name, its image, as the model takes it, and what was done to it, in words."""

    name: str
    image: np.ndarray
    notes: list[str]


def is_warning(note: str) -> bool:
    return note.endswith(garment.DOUBT)


def results(predictor: Predictor, inputs: list[Input]) -> list[dict]:
    """Return a mapping with the keys `FIELDS` for each input; of the notes, warnings come first."""
    rows = []
    images = np.stack([each.image for each in inputs])
    for each, probabilities, score in zip(inputs, *predictor(images), strict=True):
        warning = [WARNING] if score > 1 else []
        first, second = np.argsort(-probabilities, kind="stable")[:2]
        rows.append(
            {
                "file": each.name,
                "label": predictor.classes[first],
                "confidence": float(probabilities[first]),
                "runner_up": predictor.classes[second],
                "runner_up_confidence": float(probabilities[second]),
                "outlier_score": min(float(score), sys.float_info.max),  # JSON has no infinity
                "notes": sorted([*warning, *each.notes], key=is_warning, reverse=True),
            }
        )
    return rows


def read(names: list[str], preparation: Preparation) -> list[Input]:
    """Return what is in files; what is no image gets a line on standard error."""
    inputs = []
    for name in names:
        limit = image_files.MAX_BYTES + 1
        source = sys.stdin.buffer.read(limit) if name == "-" else Path(name)
        try:
            image = image_files.read(source, name, preparation)
            inputs.append(Input(name, image.pixels, image.notes))
        except InputError as error:
            print(f"error: {error}", file=sys.stderr)
    return inputs


def table(rows: list[dict], header: bool) -> str:
    """Return rows for people to read, in columns."""
    cells = [("file", "label", "confidence", "runner-up", "notes")] if header else []
    for row in rows:
        runner_up = f"{row['runner_up']} {row['runner_up_confidence']:.1%}"
        confidence = f"{row['confidence']:.1%}"
        notes = "; ".join(row["notes"])
        cells.append((row["file"], row["label"], confidence, runner_up, notes))
    return "\n".join(columns(cells))


def write(rows: list[dict], form: str | None, header: bool) -> None:
    """Print rows as JSON lines, as CSV, or as a table, perhaps with a header.

    A file's name that is no text comes back from JSON and CSV as it is.
    """
    if form == "json":
        for row in rows:
            print(json.dumps(row, allow_nan=False))
    elif form == "csv":
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
        writer = csv.DictWriter(sys.stdout, FIELDS, lineterminator="\n")
        for row in rows:
            is_formula = row["file"].startswith(("=", "+", "-", "@")) and row["file"] != "-"
            file = f"./{row['file']}" if is_formula else row["file"]  # the same, for a spreadsheet
            writer.writerow(row | {"file": file, "notes": "; ".join(row["notes"])})
    elif rows:
        print(table(rows, header))


def parse() -> argparse.Namespace:
    summary = (__doc__ or " ").splitlines()[0]
    parser = argparse.ArgumentParser(
        prog="python -m tools.predict",
        description=summary,
        epilog=f"A good photograph: {GOOD_PHOTOGRAPH}",
    )
    files = "an image; - reads one from standard input"
    parser.add_argument("files", nargs="+", metavar="FILE", help=files)
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--json", dest="form", action="store_const", const="json", help="an object a line"
    )
    form.add_argument("--csv", dest="form", action="store_const", const="csv", help="with a header")
    return parser.parse_args()


def main():
    options = parse()
    predictor = Predictor()
    if options.form == "csv":
        print(",".join(FIELDS))
    read_count = 0
    for start in range(0, len(options.files), BATCH_SIZE):
        inputs = read(options.files[start : start + BATCH_SIZE], predictor.preparation)
        rows = results(predictor, inputs) if inputs else []
        write(rows, options.form, header=read_count == 0)
        read_count += len(inputs)
    sys.exit(read_count < len(options.files))


if __name__ == "__main__":
    run(main)
