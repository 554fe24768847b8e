"""A whole training: from fresh weights, or where a former process ended, to the finished model."""

from pathlib import Path

import keras

from classifier.training.checkpoint import Checkpoint, fingerprint
from classifier.training.data import Data
from classifier.training.finish import finish, measure
from classifier.training.fit import fit
from classifier.training.networks import build
from classifier.training.processes import ALONE, Job, use_all_devices
from classifier.training.progress import EpochBar
from classifier.training.report import Report


def train(
    recipe, data: Data, seed: int, path: Path, report: Report, job: Job = ALONE
) -> tuple[keras.Model, dict]:
    """Return the finished model of a recipe, and its metrics by name.

    Args:
        recipe: a `recipes.Recipe`.
        path: of the checkpoint; whoever has saved the model removes it.
        report: hears of it all, in the first process of the job.
    """
    job = use_all_devices(job)
    keras.utils.set_random_seed(seed)
    network = build(recipe, data.images.shape[1:], data.class_count)
    mark = fingerprint([data.class_count, seed, recipe.model_dump()], data.arrays)
    job.check_same(mark)
    checkpoint = Checkpoint(path, mark, job)
    on_epoch = report.on_epoch if job.is_first else None  # the one process that writes
    bars = [EpochBar()] if job.is_first else []
    with report:
        if job.is_first:
            report.begin(network, checkpoint)
        history = fit(network, data, recipe, seed, on_epoch, checkpoint, job, bars)
        model, figures = finish(network, data, recipe, job)
        metrics = history.summary() | figures | measure(model, data, recipe, job)
    return model, metrics | {"parameters": network.count_params()}
