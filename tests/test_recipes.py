"""Recipes: each names its network, and an option that is left out is off."""

import typing

import pytest
from pydantic import ValidationError

from classifier.training.recipes import RECIPES, DenseRecipe, Regimen

REQUIRED = {
    "network": "dense",
    "units": [8],
    "activation": "relu",
    "dropout": 0.0,
    "optimizer": "adam",
    "learning_rate": 0.001,
    "batch_size": 32,
    "epochs": 1,
}


def test_each_recipe_is_known_by_its_network():
    for network, recipe in RECIPES.items():
        assert typing.get_args(recipe.model_fields["network"].annotation) == (network,)


def test_option_that_is_left_out_is_off():
    recipe = DenseRecipe(**REQUIRED)
    assert recipe.model_dump(exclude_unset=True) == REQUIRED
    options = Regimen.model_fields.keys() - REQUIRED.keys()
    assert len(options) > 10
    assert not any(getattr(recipe, name) for name in options)


@pytest.mark.parametrize("name", REQUIRED)
def test_knob_without_which_nothing_can_be_trained_is_required(name):
    content = {key: value for key, value in REQUIRED.items() if key != name}
    with pytest.raises(ValidationError, match=rf"1 validation error .*\n{name}\n"):
        DenseRecipe(**content)
