"""params.yaml: the committed file is good, and every kind of bad one has its one-line error."""

import copy
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from stages import params
from stages.errors import InputError

COMMITTED = YAML(typ="safe", pure=True).load(Path("params.yaml").read_text(encoding="utf-8"))


def edited(key: str, value):
    """Return the committed content with one key, dotted, set to `value`."""
    content = copy.deepcopy(COMMITTED)
    *sections, last = key.split(".")
    place = content
    for section in sections:
        place = place[section]
    place[last] = value
    return content


def without(key: str):
    content = copy.deepcopy(COMMITTED)
    *sections, last = key.split(".")
    place = content
    for section in sections:
        place = place[section]
    del place[last]
    return content


def test_committed_file_is_the_published_regimen():
    recipe = params.check(COMMITTED).recipe
    assert recipe.model_dump(exclude_unset=True) == {
        "network": "dense",
        "units": [512, 256, 128],
        "activation": "relu",
        "dropout": 0.3,
        "optimizer": "adam",
        "learning_rate": 0.0005,
        "batch_size": COMMITTED["baseline"]["batch_size"],  # the source does not state it
        "epochs": 30,
        "patience": 3,
    }


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("split.val_fraction", 0, "split.val_fraction: expected greater than 0, received 0"),
        ("split.val_fraction", 1, "split.val_fraction: expected less than 1, received 1"),
        (
            "split.val_fraction",
            "0.1",
            "split.val_fraction: expected a valid number, received '0.1'",
        ),
        ("split.val_fraction", float("nan"), "split.val_fraction: expected a finite number"),
        ("split.seed", -1, "split.seed: expected greater than or equal to 0, received -1"),
        ("split.seed", 1.5, "split.seed: expected a valid integer"),
        ("split.sed", 1, "split.sed: unknown key; did you mean 'seed'?"),
        ("basline", 1, "basline: expected a valid dictionary"),
        ("baseline.units", [], "baseline.units: expected at least 1 item"),
        ("baseline.units", [512, 0], "baseline.units.1: expected greater than or equal to 1"),
        ("baseline.learning_rate", -1, "baseline.learning_rate: expected greater than 0"),
        ("baseline.epochs", True, "baseline.epochs: expected a valid integer, received True"),
        ("baseline.dropout", 1, "baseline.dropout: expected less than 1, received 1"),
        ("baseline.activation", "rellu", "baseline.activation: expected 'elu'"),
        ("baseline.learningrate", 1, "unknown key; did you mean 'learning_rate'?"),
        ("baseline.patience", None, "baseline.patience: expected a valid integer, received None"),
        (
            "baseline.network",
            "dens",
            "expected one of dense, convolutional, wide_residual, received dens; did you mean",
        ),
        ("cnn.units", [3], "cnn.units: unknown key"),
        ("train.model", "basline", "received 'basline'; did you mean 'baseline'?"),
        ("fetch.verify", False, "fetch.verify: expected true with source: auto"),
        ("classes", ["a", "a"], "classes: expected distinct names"),
        ("evaluate", None, "evaluate: expected a valid dictionary"),
        ("search.trials", 0, "search.trials: expected greater than or equal to 1, received 0"),
        ("search.trals", 1, "search.trals: unknown key; did you mean 'trials'?"),
        ("search.metric", "accuracy", "search.metric: expected 'val_accuracy' or 'val_loss', received 'accuracy'"),
        ("search.space", {}, "search.space: expected at least 1 item"),
        ("search.space.dropout", 0.3, "search.space.dropout: expected a valid dictionary"),
        ("search.space.dropout", [], "search.space.dropout: expected at least 1 item"),
        ("search.space.dropout.lo", 0, "search.space.dropout.lo: unknown key; did you mean 'low'?"),
        ("search.space.dropout.low", "a", "search.space.dropout.low: expected a valid number, received 'a'"),
        ("search.space.dropout.low", 0.5, "search.space.dropout: expected low below high, received"),
        ("search.space.dropout.log", True, "search.space.dropout: expected low above 0, with log, received"),
    ],
)
def test_bad_value_is_named_with_what_was_expected_and_received(key, value, message):
    with pytest.raises(InputError) as caught:
        params.check(edited(key, value))
    assert str(caught.value).startswith("params.yaml: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["split.seed", "train", "baseline.epochs", "cnn.filters", "classes"])
def test_missing_key_is_named(key):
    with pytest.raises(InputError, match=f"params.yaml: {key}: missing"):
        params.check(without(key))


def test_renamed_section_is_recognised():
    content = without("split")
    content["splitt"] = COMMITTED["split"]
    with pytest.raises(InputError, match="split: missing; did you mean it by 'splitt'"):
        params.check(content)


def test_recipe_without_a_network_is_an_error():
    with pytest.raises(InputError, match=r"baseline\.network: expected one of dense, .*, received none"):
        params.check(without("baseline.network"))


def test_missing_recipe_is_an_error():
    with pytest.raises(InputError, match=r"train\.model: expected one of"):
        params.check(without("baseline"))


def test_file_must_be_there(workplace):
    with pytest.raises(InputError, match=r"params\.yaml: no such file"):
        params.read()


@pytest.mark.parametrize("text", ["a: [1", "a: 1\na: 2", "\0", "- 1", "", "just text"])
def test_file_must_be_a_yaml_mapping(workplace, text):
    Path("params.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        params.read()
    assert "\n" not in str(caught.value)


def test_numbers_are_read_as_dvc_reads_them(workplace):
    text = COMMITTED | {"baseline": COMMITTED["baseline"] | {"learning_rate": "PLACE"}}
    with open("params.yaml", "w", encoding="utf-8") as file:
        YAML().dump(text, file)
    path = Path("params.yaml")
    path.write_text(path.read_text(encoding="utf-8").replace("PLACE", "1e-3"), encoding="utf-8")
    assert params.read().recipe.learning_rate == 0.001
