"""The search space: knobs of the recipe that `train.model` names, as Optuna has them."""

import json

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from classifier.parameters import Params, check_recipe
from classifier.training.recipes import Recipe

DIGITS = 4  # of a number that is searched: what is tried is what params.yaml will say


def with_knobs(recipe: Recipe, knobs: dict) -> Recipe:
    """Return a recipe with other values of some knobs; raises InputError where it takes none."""
    content = recipe.model_dump(exclude_unset=True)
    return check_recipe(content | knobs, "search.space")


def distributions(params: Params) -> dict:
    """Return Optuna's distribution of each knob in the space.

    They are of whole numbers for a knob that takes these. Choices, which may be lists, are named
    by their JSON.

    Raises:
        InputError: the recipe does not take a value.
    """
    found = {}
    for knob, values in params.sections["search"].space.items():
        is_whole = _is_whole(params.recipe, knob)
        ends = values if isinstance(values, list) else [values.low, values.high]
        if is_whole and not isinstance(values, list):
            ends = [int(end) if end.is_integer() else end for end in ends]
        for value in ends:
            with_knobs(params.recipe, {knob: value})
        if isinstance(values, list):
            found[knob] = CategoricalDistribution([json.dumps(value) for value in values])
        else:
            kind = IntDistribution if is_whole else FloatDistribution
            found[knob] = kind(*ends, log=values.log)
    return found


def _is_whole(recipe: Recipe, knob: str) -> bool:
    fields = type(recipe).model_fields
    return knob in fields and fields[knob].annotation is int


def knobs_of(trial, space: dict) -> dict:
    """Return the knobs of a trial as params.yaml states them, in the order of the space.

    Numbers are rounded, but stay in their range.
    """
    knobs = {}
    for knob, values in space.items():
        value = trial.params[knob]
        if isinstance(value, str):
            value = json.loads(value)
        elif isinstance(value, float):
            rounded = float(f"{value:.{DIGITS}g}")
            value = min(max(rounded, values.low), values.high)
        knobs[knob] = value
    return knobs
