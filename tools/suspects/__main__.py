"""Which training images bear a wrong label? List those whose labels are doubted most.

    python -m tools.suspects
    python -m tools.suspects --count 200 --csv suspects.csv --picture suspects.png

The training images are dealt into parts. Each part is judged by a model that was trained on the
other parts, so that none has seen the label that it judges. Where the images are files in a folder,
the files themselves are checked too: dark, blurry, nearly equal and so on.
Needs `pip install -r requirements/suspects.txt`.

Reads   params.yaml, data/processed/train_*.npy, data/raw/classes.json, data/raw/files.csv
Writes  what --csv and --picture name; no stage reads it
"""

import argparse
import logging
from pathlib import Path

import numpy as np

from classifier import parameters
from classifier.backend.starting import load_keras
from classifier.csv_files import write_csv
from classifier.drawing.figures import write_figure
from classifier.errors import InputError
from classifier.files.arrays import read_array
from classifier.files.atomic import read_json
from classifier.process.command import run
from stages.train import IMAGES, LABELS
from tools.suspects import files as image_files
from tools.suspects.report import Report
from tools.terminal import png, requiring

CLASSES = Path("data/raw/classes.json")
FOLDS = 4
COUNT = 50


def parse() -> argparse.Namespace:
    summary = (__doc__ or " ").splitlines()[0]
    parser = argparse.ArgumentParser(prog="python -m tools.suspects", description=summary)
    recipe = "a section of params.yaml (default: what train.model names)"
    folds = f"parts, each judged by a model of the others (default: {FOLDS})"
    count = f"images to list at most (default: {COUNT})"
    table = "write the list, and the files that do not pass a check"
    parser.add_argument("--recipe", metavar="NAME", help=recipe)
    parser.add_argument("--folds", type=int, default=FOLDS, metavar="N", help=folds)
    parser.add_argument("--count", type=int, default=COUNT, metavar="N", help=count)
    parser.add_argument("--csv", type=Path, metavar="FILE.csv", help=table)
    parser.add_argument("--picture", type=png, metavar="FILE.png", help="draw the images")
    return parser.parse_args()


def check_options(options: argparse.Namespace, params: parameters.Params) -> None:
    """Raise InputError for what would fail, or be of no use, minutes later."""
    if options.recipe is not None and options.recipe not in params.recipes:
        expected = f"expected a recipe, one of {', '.join(params.recipes)}"
        raise InputError(f"{parameters.PATH}: {expected}, received {options.recipe!r}")
    for name, least in (("folds", 2), ("count", 1)):
        received = getattr(options, name)
        if received < least:
            raise InputError(f"--{name}: expected {least} or more, received {received}")
    for name in ("csv", "picture"):
        path = getattr(options, name)
        if path and path.is_dir():
            raise InputError(f"--{name}: expected a file to write, received the folder {path}")


def read(folds: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return images, labels and the names of the classes; raises InputError where they misfit."""
    images = read_array(IMAGES, "uint8", ndim=4)
    labels = np.array(read_array(LABELS, "uint8", ndim=1))
    classes = read_json(CLASSES)
    counts = np.bincount(labels, minlength=len(classes))
    if len(images) != len(labels) or len(counts) != len(classes):
        expected = f"expected labels of {len(images):,} images in {len(classes)} classes"
        received = f"received {len(labels):,} in {len(counts)}"
        raise InputError(f"{LABELS}: {expected}, {received}; run `dvc repro`")
    least = 2 * folds
    if counts.min() < least:
        few = f"{counts.min()} of {classes[int(counts.argmin())]}"
        expected = f"expected {least} or more images of each class with --folds {folds}"
        cure = "add images" if folds == 2 else "add images, or take fewer --folds"
        raise InputError(f"{LABELS}: {expected}, received {few}; {cure}")
    return images, labels, classes


def main():
    options = parse()
    with requiring("suspects"):
        from tools.suspects import quality, ranking
    params = parameters.read()
    check_options(options, params)
    images, labels, classes = read(options.folds)
    source = Path(params.sections["fetch"].source)
    files = image_files.read(source, len(labels))
    flagged = quality.check_files(source, files) if files else []
    load_keras()
    from tools.suspects.training import out_of_sample

    tensorflow = logging.getLogger("tensorflow")
    tensorflow.setLevel(logging.ERROR)  # it would warn that each part traces anew
    train = params.sections["train"]
    recipe = params.recipes[options.recipe or train.model]
    recipe = recipe.model_copy(update={"teacher": None})  # who has learned the labels in question
    probabilities = out_of_sample(images, labels, recipe, options.folds, train.seed)
    suspects = ranking.rank(labels, probabilities)
    report = Report(suspects[: options.count], flagged, classes, files)
    print("\n".join(report.text(len(suspects), len(labels), source)))
    if options.csv:
        write_csv(options.csv, report.table())
        print(f"suspects: wrote {options.csv}")
    if options.picture:
        is_negative = params.sections["images"].is_bright_on_black
        draw(options.picture, report.suspects, images, classes, is_negative)


def draw(path: Path, suspects: list, images: np.ndarray, classes, is_negative: bool) -> None:
    """Write the picture."""
    from tools.suspects.picture import picture

    figure = picture(suspects, images, classes, is_negative)
    write_figure(path, figure)
    print(f"suspects: drew {path}")


if __name__ == "__main__":
    run(main, stopped="nothing is half-written; the same command begins anew")
