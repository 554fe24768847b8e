"""A trial's training, which gives the figures that the train stage would give with its knobs."""

from collections.abc import Callable

import keras

from classifier.parameters import Params
from classifier.training import checkpoint, networks
from classifier.training.data import Data
from classifier.training.finish import finish, measure
from classifier.training.fit import fit
from tools.search.space import with_knobs


def make_trial(params: Params, data: Data) -> Callable:
    """Return `train(knobs, on_epoch)`, which trains the recipe with other knobs.

    It returns the metrics; `on_epoch` hears of each epoch as `fit` says.
    """
    seed = params.sections["train"].seed

    def train(knobs: dict, on_epoch: Callable) -> dict:
        recipe = with_knobs(params.recipe, knobs)
        keras.utils.clear_session()
        keras.utils.set_random_seed(seed)
        network = networks.build(recipe, data.images.shape[1:], data.class_count)
        history = fit(network, data, recipe, seed, on_epoch)
        model, figures = finish(network, data, recipe)
        return history.summary() | figures | measure(model, data, recipe)

    return train


def fingerprint(params: Params, data: Data) -> str:
    """Return a hash of all that decides what a trial gives, beside its knobs."""
    search = params.sections["search"].model_dump(include={"metric", "space"})
    searched = set(search["space"])
    fixed = params.recipe.model_dump(exclude=searched)
    counts = [data.class_count, params.sections["train"].seed]
    return checkpoint.fingerprint([*counts, fixed, search], data.arrays)
