"""Train the recipe that `train.model` names and keep the model that it ends with.

Reads   data/processed/train_images.npy, train_labels.npy
        data/split/train_indices.npy, val_indices.npy
Writes  models/model.keras             pixels 0 to 255 in, class probabilities out
        reports/train/metrics.json     of that model, measured without dropout
        reports/train/plots/           a curve for each metric, live while training
"""

import contextlib
from pathlib import Path

from classifier.backend.model_files import save_model
from classifier.backend.starting import load_keras
from classifier.files.arrays import read_array
from classifier.files.atomic import replacing, write_json
from classifier.knobs import Section, Seed, Text
from classifier.training.data import Data
from classifier.training.processes import ALONE, Job, Launcher, use_all_devices
from classifier.training.recipes import Recipe
from classifier.training.report import Report

IMAGES = Path("data/processed/train_images.npy")
LABELS = Path("data/processed/train_labels.npy")
TRAIN_ROWS = Path("data/split/train_indices.npy")
VAL_ROWS = Path("data/split/val_indices.npy")
MODEL = Path("models/model.keras")
REPORTS = Path("reports/train")
CHECKPOINT = Path(".dvc/tmp/train.checkpoint")  # no out: DVC deletes outs before a stage runs


class Train(Section):
    model: Text  # the recipe
    seed: Seed  # initial weights, dropout, order of batches
    launcher: Launcher  # what starts several processes that train together, or nothing


def read_data() -> Data:
    """Return the data of a training, mapped; raises InputError where they do not fit together."""
    data = Data(
        images=read_array(IMAGES, "uint8", ndim=4),
        labels=read_array(LABELS, "uint8", ndim=1),
        train_rows=read_array(TRAIN_ROWS, "int64", ndim=1),
        val_rows=read_array(VAL_ROWS, "int64", ndim=1),
    )
    data.check(TRAIN_ROWS.parent)
    return data


def main(train: Train, recipe: Recipe, *, job: Job = ALONE):
    data = read_data()
    keras = load_keras()  # after the checks above, for it takes seconds
    from classifier.training.checkpoint import Checkpoint, fingerprint
    from classifier.training.finish import finish, measure, steps_of
    from classifier.training.fit import fit
    from classifier.training.networks import build
    from classifier.training.progress import EpochBar

    job = use_all_devices(job)
    keras.utils.set_random_seed(train.seed)
    network = build(recipe, data.images.shape[1:], data.class_count)
    mark = fingerprint([data.class_count, train.seed, recipe.model_dump()], data)
    job.check_same(mark)
    checkpoint = Checkpoint(CHECKPOINT, mark, job)
    report = None
    if job.is_first:  # the one process that writes
        print(f"train: {train.model}, {network.count_params():,} parameters")
        report = Report(recipe, REPORTS)
        report.go_on_from(checkpoint)

    with report.live if report else contextlib.nullcontext():
        on_epoch = report.on_epoch if report else None
        bars = [EpochBar()] if report else []
        history = fit(network, data, recipe, train.seed, on_epoch, checkpoint, job, bars)
        model, metrics = finish(network, data, recipe, job)
        metrics = history.summary() | metrics | measure(model, data, job)
    if not report:
        return
    with replacing(MODEL) as partial:
        save_model(model, partial)
    write_json(REPORTS / "metrics.json", metrics | {"parameters": network.count_params()})
    checkpoint.remove()
    best = f"best epoch {metrics['best_epoch']}  val_accuracy {metrics['val_accuracy']:.4f}"
    print(f"train: {best}{steps_of(recipe)}")
