"""Train the recipe that `train.model` names and keep the model that it ends with.

Reads   data/processed/train_images.npy, train_labels.npy
        data/split/train_indices.npy, val_indices.npy
        data/teacher/lessons.npy
Writes  models/model.keras             pixels 0 to 255 in, class probabilities out
        reports/train/metrics.json     of that model, measured without dropout
        reports/train/plots/           a curve for each metric, live while training
"""

from pathlib import Path

from classifier.backend.model_files import save_model
from classifier.backend.starting import load_keras
from classifier.files.atomic import replacing, write_json
from classifier.knobs import Section, Seed, Text
from classifier.training import data as training_data
from classifier.training.data import Data
from classifier.training.processes import ALONE, Job, Launcher
from classifier.training.recipes import Recipe

IMAGES = Path("data/processed/train_images.npy")
LABELS = Path("data/processed/train_labels.npy")
TRAIN_ROWS = Path("data/split/train_indices.npy")
VAL_ROWS = Path("data/split/val_indices.npy")
LESSONS = Path("data/teacher/lessons.npy")
MODEL = Path("models/model.keras")
REPORTS = Path("reports/train")
CHECKPOINT = Path(".dvc/tmp/train.checkpoint")  # no out: DVC deletes outs before a stage runs


class Train(Section):
    model: Text  # the recipe
    seed: Seed  # initial weights, dropout, order of batches
    launcher: Launcher  # what starts several processes that train together, or nothing


def read_data(recipe: Recipe | None = None) -> Data:
    """Return the data of a recipe's training, mapped; InputError where it does not fit together."""
    data = training_data.read_data(IMAGES, LABELS, TRAIN_ROWS, VAL_ROWS)
    has_teacher = recipe and recipe.teacher
    return training_data.with_teacher(data, LESSONS, recipe) if has_teacher else data


def main(train: Train, recipe: Recipe, *, job: Job = ALONE):
    data = read_data(recipe)
    load_keras()  # after the checks above, for it takes seconds
    from classifier.training import run
    from classifier.training.finish import steps_of
    from classifier.training.report import Report

    report = Report("train", train.model, recipe.epochs, REPORTS)
    model, metrics = run.train(recipe, data, train.seed, CHECKPOINT, report, job)
    if not job.is_first:
        return
    with replacing(MODEL) as partial:
        save_model(model, partial)
    write_json(REPORTS / "metrics.json", metrics)
    CHECKPOINT.unlink(missing_ok=True)
    best = f"best epoch {metrics['best_epoch']}  val_accuracy {metrics['val_accuracy']:.4f}"
    print(f"train: {best}{steps_of(recipe)}")
