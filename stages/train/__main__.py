"""Train the recipe that `train.model` names and keep the model that it ends with, or its best epoch.

Reads   data/processed/train_images.npy, train_labels.npy
        data/split/train_indices.npy, val_indices.npy
Writes  models/model.keras             pixels 0 to 255 in, class probabilities out
        reports/train/metrics.json     of that model, measured without dropout
        reports/train/plots/           a curve for each metric, live while training
        reports/train/architecture.png
"""

import contextlib
from pathlib import Path

from stages import params
from stages.backend import load_keras
from stages.errors import InputError
from stages.files import read_array, release, replacing, write_json
from stages.process import alone, run
from stages.train import distribution

PROCESSED, SPLIT = Path("data/processed"), Path("data/split")
MODEL, REPORTS = Path("models/model.keras"), Path("reports/train")
CHECKPOINT = Path(".dvc/tmp/train.checkpoint")  # no out of DVC's, which deletes outs before a stage runs


def read_data() -> tuple:
    """Return images, uint8 (n, rows, columns), labels, uint8 (n,), and the rows of train and val, int64; all mapped."""
    images = read_array(PROCESSED / "train_images.npy", "uint8", ndim=3)
    labels = read_array(PROCESSED / "train_labels.npy", "uint8", ndim=1)
    train_rows, val_rows = (read_array(SPLIT / f"{name}_indices.npy", "int64", ndim=1) for name in ("train", "val"))
    low, high = min(train_rows.min(), val_rows.min()), max(train_rows.max(), val_rows.max())
    release(train_rows, val_rows)
    if low < 0 or not high < len(images) == len(labels):
        expected = f"expected rows of {len(images):,} images and {len(labels):,} labels"
        raise InputError(f"{SPLIT}: {expected}, received rows {low:,} to {high:,}; run `dvc repro`")
    return images, labels, train_rows, val_rows


def train(settings, job) -> None:
    """Train and write; of several processes, only the first writes."""
    recipe, seed = settings.recipe, settings.train.seed
    images, labels, *rows = read_data()

    keras = load_keras()  # after the checks above, for it takes seconds
    from dvclive import Live

    from stages.train import checkpoint, fitting, networks, picture, saving

    job = distribution.spread(job)
    keras.utils.set_random_seed(seed)
    network = networks.build(recipe, images.shape[1:], len(settings.classes))
    mark = checkpoint.fingerprint([len(settings.classes), seed, recipe.model_dump()], [images, labels, *rows])
    job.check_same(mark)
    saved = checkpoint.Checkpoint(CHECKPOINT, mark, job)
    with contextlib.ExitStack() as stack:
        live = None
        if job.is_first:
            print(f"train: {settings.train.model}, {network.count_params():,} parameters")
            live = stack.enter_context(Live(str(REPORTS), dvcyaml=False, save_dvc_exp=False, report=None))
        model, metrics = fitting.fit(network, images, labels, *rows, recipe, seed, live, saved, job)
    if not job.is_first:
        return

    with replacing(MODEL) as partial:
        saving.save(model, partial)
    with replacing(REPORTS / "architecture.png") as partial:
        picture.draw(network).savefig(partial, metadata={"Software": None})
    write_json(REPORTS / "metrics.json", metrics | {"parameters": network.count_params()})
    saved.remove()
    print(f"train: best epoch {metrics['best_epoch']}  val_accuracy {metrics['val_accuracy']:.4f}")


def main():
    settings = params.read()
    job = distribution.join(settings.train.launcher)
    with alone("train") if job.is_first else contextlib.nullcontext(), job.falling_together():
        train(settings, job)


if __name__ == "__main__":
    run(main)
