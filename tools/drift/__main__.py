"""Are the images that come in still like those that the model was made with?

    python -m tools.drift FOLDER
    python -m tools.drift FOLDER --picture drift.png || notify

Compares the image files in a folder, and in its folders, with the validation images, which the
model has not trained on: what is found in preparing them, predicted classes, confidence, and how
unlike the training images they are. Status 0 is no drift, 3 is drift, 1 an error: for a scheduler.

Reads   models/model.onnx, models/outliers.npz, data/processed/train_images.npy
        data/split/val_indices.npy
"""

import argparse
import sys
from pathlib import Path

from classifier.drawing.figures import write_figure
from classifier.errors import InputError
from classifier.process.command import run
from tools.drift.looks import in_folder, of_validation
from tools.drift.report import report
from tools.drift.shift import is_drift, shifts
from tools.predictor import Predictor
from tools.terminal import png

DRIFT = 3  # the exit status; argparse has 2
MIN_IMAGES = 20


def parse() -> argparse.Namespace:
    summary = (__doc__ or " ").splitlines()[0]
    parser = argparse.ArgumentParser(prog="python -m tools.drift", description=summary)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="of image files")
    drawing = "draw what is compared, and the least usual images"
    parser.add_argument("--picture", type=png, metavar="FILE.png", help=drawing)
    return parser.parse_args()


def main():
    options = parse()
    predictor = Predictor()
    incoming, unreadable = in_folder(options.folder, predictor)
    if len(incoming.labels) < MIN_IMAGES:
        expected = f"expected at least {MIN_IMAGES} images that can be read"
        received = f"received {len(incoming.labels)}, and {len(unreadable)} that cannot"
        raise InputError(f"{options.folder}: {expected}, {received}")
    reference = of_validation(predictor)
    found = shifts(reference, incoming)
    print(report(found, reference, incoming, unreadable, predictor.classes))
    if options.picture:
        from tools.drift.picture import picture

        is_negative = predictor.preparation.is_bright_on_black
        figure = picture(found, reference, incoming, predictor.classes, is_negative)
        write_figure(options.picture, figure)
        print(f"\ndrift: drew {options.picture}")
    sys.stdout.flush()
    if is_drift(found):
        sys.exit(DRIFT)


if __name__ == "__main__":
    run(main)
