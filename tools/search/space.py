"""The search space: knobs of the recipe that `train.model` names, as Optuna and as params.yaml have them."""

import json

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq

from stages import params
from stages.errors import InputError
from stages.files import replacing

DIGITS = 4  # of a number that is searched: what is tried is what params.yaml will say


def with_knobs(settings: params.Params, knobs: dict) -> params.Params:
    """Return settings with other values of some knobs of the recipe; raises InputError as `params.check` does."""
    content, name = settings.model_dump(exclude_unset=True), settings.train.model
    content[name] |= knobs
    try:
        return params.check(content)
    except InputError as error:
        raise InputError(str(error).replace(f": {name}.", ": search.space.", 1)) from None


def distributions(settings: params.Params) -> dict:
    """Return Optuna's distribution of each knob in the space: whole numbers for a knob that takes these.

    Choices, which may be lists, are named by their JSON. Raises InputError for a value that the recipe does not take.
    """
    fields, found = type(settings.recipe).model_fields, {}
    for knob, values in settings.search.space.items():
        is_whole = knob in fields and fields[knob].annotation is int
        if isinstance(values, list):
            ends = values
        else:
            ends = [int(end) if is_whole and end.is_integer() else end for end in (values.low, values.high)]
        for value in ends:
            with_knobs(settings, {knob: value})
        if isinstance(values, list):
            found[knob] = CategoricalDistribution([json.dumps(value) for value in values])
        else:
            found[knob] = (IntDistribution if is_whole else FloatDistribution)(*ends, log=values.log)
    return found


def knobs_of(trial, space: dict) -> dict:
    """Return the knobs of a trial as params.yaml states them, in the order of the space: numbers rounded, in range."""
    knobs = {knob: trial.params[knob] for knob in space}
    for knob, value in knobs.items():
        if isinstance(value, str):
            knobs[knob] = json.loads(value)
        elif isinstance(value, float):
            knobs[knob] = min(max(float(f"{value:.{DIGITS}g}"), space[knob].low), space[knob].high)
    return knobs


def write(knobs: dict, name: str) -> None:
    """Put knobs into the recipe `name` of params.yaml; comments and all else there stay."""
    yaml = YAML()
    yaml.preserve_quotes, yaml.width = True, 10_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    content = yaml.load(params.PATH.read_text(encoding="utf-8"))
    recipe = content[name]
    for knob, value in knobs.items():
        if isinstance(value, list):
            value = CommentedSeq(value)
            value.fa.set_flow_style()
        if knob in recipe:
            recipe[knob] = value
        else:
            recipe.insert(len(recipe) - 1, knob, value)  # not last, for the empty line after it belongs to the last
    with replacing(params.PATH) as partial:
        yaml.dump(content, partial)
