"""Let the teacher, if the recipe has one, say what it sees in each view of the training images.

Reads   data/processed/train_images.npy, train_labels.npy
        data/split/train_indices.npy, val_indices.npy
Writes  data/teacher/lessons.npy     float16 (images, views, classes + features): the teacher's
                                     probabilities, then its features; empty without a teacher
        reports/teach/metrics.json   of the teacher; empty without one
"""

from pathlib import Path

import numpy as np

from classifier.backend.starting import load_keras
from classifier.files.arrays import write_blocks
from classifier.files.atomic import write_json
from classifier.knobs import Section, Seed
from classifier.training.data import read_data
from classifier.training.recipes import Recipe

IMAGES = Path("data/processed/train_images.npy")
LABELS = Path("data/processed/train_labels.npy")
TRAIN_ROWS = Path("data/split/train_indices.npy")
VAL_ROWS = Path("data/split/val_indices.npy")
LESSONS = Path("data/teacher/lessons.npy")
METRICS = Path("reports/teach/metrics.json")
CHECKPOINT = Path(".dvc/tmp/teach.checkpoint")


class Teach(Section):
    seed: Seed  # of the teacher's training


def main(teach: Teach, teacher: Recipe | None):
    if teacher is None:
        write_blocks(LESSONS, np.float16, (0, 0, 0), [])
        write_json(METRICS, {})
        print("teach: the recipe has no teacher")
        return
    data = read_data(IMAGES, LABELS, TRAIN_ROWS, VAL_ROWS)
    load_keras()  # after the checks above, for it takes seconds
    from classifier.training.lessons import taught
    from classifier.training.report import Report
    from classifier.training.run import train

    report = Report("teach", "the teacher", teacher.epochs)
    model, metrics = train(teacher, data, teach.seed, CHECKPOINT, report)
    accuracy = f"val_accuracy {metrics['val_accuracy']:.4f}"
    shape = data.taught_shape(teacher)
    report.say(f"{accuracy}; it looks at {shape[1]} views of {len(data.train_rows):,} images")
    write_blocks(LESSONS, np.float16, shape, taught(model, data, teacher))
    write_json(METRICS, metrics)
    CHECKPOINT.unlink(missing_ok=True)
