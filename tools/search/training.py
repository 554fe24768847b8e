"""A trial's training, which gives the figures that the train stage would give with its knobs."""

import contextlib
import io
import tempfile
from pathlib import Path

import keras

from stages import params
from stages.train import checkpoint, fitting, networks
from tools.search.space import with_knobs


def trainer(settings: params.Params, data: tuple):
    """Return `train(knobs, live)`, which trains the recipe with other knobs and returns its metrics.

    `data` is what `stages.train.__main__.read_data` returns; `live` hears of each epoch.
    """
    images, labels, *rows = data
    seed = settings.train.seed

    def train(knobs: dict, live) -> dict:
        recipe = with_knobs(settings, knobs).recipe
        keras.utils.clear_session()
        keras.utils.set_random_seed(seed)
        network = networks.build(recipe, images.shape[1:], len(settings.classes))
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            unused = checkpoint.Checkpoint(Path(folder) / "checkpoint", "")
            return fitting.fit(network, images, labels, *rows, recipe, seed, live, unused)[1]

    return train


def fingerprint(settings: params.Params, data: tuple) -> str:
    """Return a hash of all that decides what a trial gives, beside its knobs."""
    search = settings.search.model_dump(include={"metric", "space"})
    fixed = {knob: value for knob, value in settings.recipe.model_dump().items() if knob not in search["space"]}
    return checkpoint.fingerprint([len(settings.classes), settings.train.seed, fixed, search], list(data))
