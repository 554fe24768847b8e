"""Say what is on photographs of clothes: label, confidence and runner-up for each.

    python -m tools.predict photo.jpg more/*.png
    curl -s https://example.org/shoe.jpg | python -m tools.predict - --json

Needs `models/model.onnx` and `models/typical.npz`, which `dvc repro` writes or `dvc pull` gets; neither TensorFlow nor
DVC is loaded. A file that is no image gets a line on standard error, the others go on, and the exit status is 1.
"""

import argparse
import csv
import itertools
import json
import sys
from pathlib import Path

import numpy as np

from stages import photo, typical
from stages.errors import InputError
from stages.process import run

MODEL, TYPICAL = Path("models/model.onnx"), Path("models/typical.npz")
BATCH = 256  # images in memory at a time
COLUMNS = ("file", "label", "confidence", "runner_up", "runner_up_confidence", "unlikeness", "notes")


class Predictor:
    """The exported model, with the names of its classes and the description of its training images."""

    def __init__(self):
        import onnxruntime

        for path in (MODEL, TYPICAL):
            if not path.exists():
                raise InputError(f"{path}: expected what `dvc repro` writes, found no such file in {Path.cwd()}")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self.session = onnxruntime.InferenceSession(MODEL, options, providers=["CPUExecutionProvider"])
            self.classes = json.loads(self.session.get_modelmeta().custom_metadata_map["classes"])
            with np.load(TYPICAL, allow_pickle=False) as content:
                self.typical = {name: content[name] for name in ("mean", "covariance", "limit")}
        except Exception as error:  # of many kinds, by what is damaged
            expected = f"{MODEL}, {TYPICAL}: expected what `dvc repro` writes"
            raise InputError(f"{expected}, received: {error}; run `dvc repro -f export`") from None

    def __call__(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return probabilities (n, classes) and unlikeness (n,) of uint8 images (n, 28, 28)."""
        (probabilities,) = self.session.run(None, {"pixels": images.astype(np.float32)})
        return probabilities, typical.unlikeness(images, **self.typical)


def results(predictor: Predictor, names: list[str], images: list[np.ndarray], notes: list[list[str]]) -> list[dict]:
    """Return a mapping with the keys `COLUMNS` for each image."""
    rows = []
    for name, noted, likely, far in zip(names, notes, *predictor(np.stack(images)), strict=True):
        first, second = np.argsort(-likely, kind="stable")[:2]
        if far > 1:
            noted = [*noted, "unlike the training images: do not trust the label"]
        values = predictor.classes[first], float(likely[first]), predictor.classes[second], float(likely[second])
        rows.append(dict(zip(COLUMNS, (name, *values, float(far), noted), strict=True)))
    return rows


def table(rows: list[dict], header: bool) -> str:
    """Return rows for people to read, in columns."""
    cells = [
        (
            row["file"],
            row["label"],
            f"{row['confidence']:.1%}",
            f"{row['runner_up']} {row['runner_up_confidence']:.1%}",
            "; ".join(row["notes"]),
        )
        for row in rows
    ]
    if header:
        cells.insert(0, ("file", "label", "confidence", "runner-up", "notes"))
    widths = [max(len(row[column]) for row in cells) for column in range(4)]
    return "\n".join("  ".join((*map(str.ljust, row, widths), row[4])).rstrip() for row in cells)


def main():
    parser = argparse.ArgumentParser(prog="python -m tools.predict", description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", metavar="FILE", help="an image; - reads one from standard input")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="an object a line")
    form.add_argument("--csv", action="store_true", help="comma-separated values, with a header")
    options = parser.parse_args()
    predictor = Predictor()
    writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    if options.csv:
        writer.writeheader()

    failed, header = 0, True
    remaining = iter(options.files)
    while chunk := list(itertools.islice(remaining, BATCH)):
        names, images, notes = [], [], []
        for name in chunk:
            try:
                image, noted = photo.read(sys.stdin.buffer.read() if name == "-" else Path(name), name)
            except InputError as error:
                failed += 1
                print(f"error: {error}", file=sys.stderr)
                continue
            names.append(name), images.append(image), notes.append(noted)
        rows = results(predictor, names, images, notes) if images else []
        if options.json:
            for row in rows:
                print(json.dumps(row, ensure_ascii=False))
        elif options.csv:
            writer.writerows(row | {"notes": "; ".join(row["notes"])} for row in rows)
        elif rows:
            print(table(rows, header))
            header = False
    sys.exit(bool(failed))


if __name__ == "__main__":
    run(main)
