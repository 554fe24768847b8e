"""params.yaml: the committed file is good, bad ones are named, an edit keeps all else."""

import copy
import re
from pathlib import Path

import pytest
from conftest import ORDER, PARAMS
from dvc.utils.hydra import apply_overrides
from ruamel.yaml import YAML

from classifier import parameters
from classifier.errors import InputError
from classifier.knobs import Section

TEXT = PARAMS.read_text(encoding="utf-8")
COMMITTED = YAML(typ="safe", pure=True).load(TEXT)


def section_of(content: dict, key: str) -> tuple[dict, str]:
    """Return the innermost section of a dotted key, and what the key is in it."""
    *sections, last = key.split(".")
    for name in sections:
        content = content[name]
    return content, last


def edited(key: str, value) -> dict:
    """Return the committed content with one key, dotted, set to `value`."""
    content = copy.deepcopy(COMMITTED)
    section, last = section_of(content, key)
    section[last] = value
    return content


def without(key: str) -> dict:
    """Return the committed content without one key, dotted."""
    content = copy.deepcopy(COMMITTED)
    section, last = section_of(content, key)
    del section[last]
    return content


def test_committed_file_is_the_published_regimen():
    recipe = parameters.check(COMMITTED).recipe
    assert recipe.model_dump(exclude_unset=True) == {
        "network": "dense",
        "teacher": None,
        "units": [512, 256, 128],
        "activation": "relu",
        "dropout": 0.3,
        "optimizer": "adam",
        "learning_rate": 0.0005,
        "batch_size": COMMITTED["baseline"]["batch_size"],  # the source does not state it
        "epochs": 30,
        "patience": 3,
    }


def test_every_section_of_the_file_is_a_stages_the_searches_or_a_recipe():
    params = parameters.check(COMMITTED)
    known = ["fetch", "gate", "images", "search", "split", "teach", "train"]
    assert sorted(params.sections) == known
    assert sorted(params.recipes) == ["baseline", "cnn", "cnn_pupil", "mlp", "pupil", "wrn"]
    assert {*params.sections, *params.recipes} == set(COMMITTED)


def test_recipe_is_the_one_that_train_names():
    params = parameters.check(edited("train.model", "cnn"))
    assert params.recipe is params.recipes["cnn"]


def test_names_of_the_stages_are_those_of_dvc_yaml():
    assert sorted(parameters.stage_names()) == sorted(ORDER)


def test_stages_main_gets_the_sections_that_it_names():
    params = parameters.check(COMMITTED)

    def main(images, split, recipe, *, job=None):
        pass

    assert parameters.sections_of(main) == ["images", "split", "recipe"]
    assert params.arguments_of(main) == {
        "images": params.sections["images"],
        "split": params.sections["split"],
        "recipe": params.recipes["baseline"],
    }


def with_teacher(**knobs) -> dict:
    """Return the committed content in which `cnn`, with some knobs, is the teacher of `mlp`."""
    return edited("mlp.teacher", COMMITTED["cnn"] | knobs)


def test_teacher_is_a_recipe_in_a_recipe():
    params = parameters.check(with_teacher() | {"train": COMMITTED["train"] | {"model": "mlp"}})
    teacher = params.recipe.teacher
    assert teacher == params.recipes["cnn"]

    def main(teach, teacher):
        pass

    arguments = params.arguments_of(main)
    assert arguments == {"teach": params.sections["teach"], "teacher": teacher}
    recorded = {"teach": {"seed": 42}, "mlp.teacher": COMMITTED["cnn"]}
    assert params.content_for(main) == recorded


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (without("cnn.teacher"), "cnn.teacher: missing; null for none"),
        (edited("mlp.teacher", "cnn"), "mlp.teacher: expected a valid dictionary, received 'cnn'"),
        (with_teacher(network="konvolutional"), "mlp.teacher.network: expected one of dense"),
        (with_teacher(filters=[]), "mlp.teacher.filters: expected at least 1 item"),
        (with_teacher(patiense=3), "mlp.teacher.patiense: unknown key; did you mean 'patience'?"),
        (with_teacher(flip=False), "mlp: expected teacher with the same flip"),
        (with_teacher(shift=2), "mlp: expected teacher with the same shift"),
        (
            edited("cnn.distillation_temperature", 2.0),
            "cnn: expected teacher with distillation_temperature",
        ),
        (
            edited(
                "mlp", COMMITTED["mlp"] | {"shift": 5, "teacher": COMMITTED["cnn"] | {"shift": 5}}
            ),
            "mlp: expected teacher with a shift of 4 at most",
        ),
        (edited("cnn.feature_matching", 2.0), "cnn: expected teacher with feature_matching"),
        (
            edited("pupil.units", [512, 64]),
            "pupil: expected teacher with as many features, for feature_matching",
        ),
        (
            edited("pupil.distillation_temperature", 0.01),
            "pupil.distillation_temperature: expected greater than or equal to 0.1, received 0.01",
        ),
        (
            edited("cnn.shift_averaging", 4),
            "cnn.shift_averaging: expected less than or equal to 3, received 4",
        ),
        (
            with_teacher(teacher=COMMITTED["cnn"]),
            "mlp: expected teacher without a teacher",
        ),
    ],
)
def test_teacher_that_does_not_fit_is_an_error(content, message):
    with pytest.raises(InputError, match="^params.yaml: " + re.escape(message)):
        parameters.check(content)


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
        ("split.share", 0.0, "split.share: expected greater than 0, received 0.0"),
        ("split.share", 1.1, "split.share: expected less than or equal to 1, received 1.1"),
        ("split.shar", 1.0, "split.shar: unknown key; did you mean 'share'?"),
        ("split.seed", -1, "split.seed: expected greater than or equal to 0, received -1"),
        ("split.seed", 2**32, "split.seed: expected less than 4294967296, received 4294967296"),
        ("split.seed", 1.5, "split.seed: expected a valid integer"),
        ("split.sed", 1, "split.sed: unknown key; did you mean 'seed'?"),
        ("basline", 1, "basline: expected a valid dictionary"),
        ("baseline.units", [], "baseline.units: expected at least 1 item"),
        ("baseline.units", [512, 0], "baseline.units.1: expected greater than or equal to 1"),
        ("baseline.units", [2**31], "baseline.units.0: expected less than 2147483648"),
        ("baseline.learning_rate", -1, "baseline.learning_rate: expected greater than 0"),
        ("baseline.epochs", True, "baseline.epochs: expected a valid integer, received True"),
        ("baseline.dropout", 1, "baseline.dropout: expected less than 1, received 1"),
        ("baseline.activation", "rellu", "baseline.activation: expected 'elu'"),
        ("baseline.learningrate", 1, "unknown key; did you mean 'learning_rate'?"),
        ("baseline.class_weight", "even", "class_weight: expected 'balanced', received 'even'"),
        ("baseline.patience", None, "baseline.patience: expected a valid integer, received None"),
        (
            "baseline.network",
            "dens",
            "baseline.network: expected one of dense, convolutional, wide_residual, "
            "received dens; did you mean 'dense'?",
        ),
        ("baseline.network", 3, "baseline.network: expected one of dense, "),
        ("cnn.units", [3], "cnn.units: unknown key"),
        ("wrn.depth", 9, "wrn.depth: expected greater than or equal to 10, received 9"),
        ("train.model", "basline", "received 'basline'; did you mean 'baseline'?"),
        ("train.model", "", "train.model: expected at least 1 character"),
        ("train.launcher", None, "train.launcher: expected a valid string, received None"),
        ("fetch.verify", True, "fetch.verify: unknown key"),
        ("fetch.source", "", "fetch.source: expected at least 1 character"),
        ("fetch.test_fraction", 1.0, "fetch.test_fraction: expected less than 1, received 1.0"),
        ("gate", None, "gate: expected a valid dictionary"),
        ("gate.accuracy", 1.5, "gate.accuracy: expected less than or equal to 1, received 1.5"),
        ("gate.acuracy", 0.5, "gate.acuracy: unknown key; did you mean 'accuracy'?"),
        ("gate.accuracy_low", 0.5, "gate.accuracy_low: unknown key"),
        ("search.trials", 0, "search.trials: expected greater than or equal to 1, received 0"),
        ("cnn.warmup_epochs", 26, "cnn: expected warmup_epochs below epochs, received"),
        ("wrn.depth", 12, "wrn.depth: expected 6 n + 4, such as 16, 22 or 28, received 12"),
        ("wrn.depth", 18, "wrn.depth: expected 6 n + 4, such as 16, 22 or 28, received 18"),
        (
            "train.launcher",
            "env N=${N}",
            "train.launcher: expected no ${, which DVC takes for its own",
        ),
        ("search.trals", 1, "search.trals: unknown key; did you mean 'trials'?"),
        (
            "search.metric",
            "accuracy",
            "search.metric: expected 'val_accuracy' or 'val_loss', received 'accuracy'",
        ),
        ("search.space", {}, "search.space: expected at least 1 item"),
        ("search.space.dropout", 0.3, "search.space.dropout: expected a valid dictionary"),
        ("search.space.dropout", [], "search.space.dropout: expected at least 1 item"),
        (
            "search.space.dropout.lo",
            0,
            "search.space.dropout.lo: unknown key; did you mean 'low'?",
        ),
        (
            "search.space.dropout",
            {"lo": 0.0, "high": 0.5},
            "search.space.dropout.lo: unknown key; did you mean 'low'?",
        ),
        (
            "search.space.dropout.low",
            "a",
            "search.space.dropout.low: expected a valid number, received 'a'",
        ),
        (
            "search.space.dropout.low",
            0.5,
            "search.space.dropout: expected low below high, received",
        ),
        (
            "search.space.dropout.log",
            True,
            "search.space.dropout: expected low above 0, with log, received",
        ),
    ],
)
def test_bad_value_is_named_with_what_was_expected_and_received(key, value, message):
    with pytest.raises(InputError) as caught:
        parameters.check(edited(key, value))
    assert str(caught.value).startswith("params.yaml: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "key", ["split.seed", "train", "baseline.epochs", "cnn.filters", "images", "search"]
)
def test_missing_key_is_named(key):
    with pytest.raises(InputError, match=f"params.yaml: {key}: missing"):
        parameters.check(without(key))


def test_renamed_section_is_recognised():
    content = without("split")
    content["splitt"] = COMMITTED["split"]
    with pytest.raises(InputError, match="split: missing; did you mean it by 'splitt'"):
        parameters.check(content)


def test_renamed_knob_is_recognised():
    content = without("baseline.epochs")
    content["baseline"]["epoch"] = 30
    with pytest.raises(InputError, match=r"baseline.epoch: unknown key; did you mean 'epochs'\?"):
        parameters.check(content)


def test_recipe_without_a_network_is_an_error():
    expected = r"baseline\.network: expected one of dense, .*, received none"
    with pytest.raises(InputError, match=expected):
        parameters.check(without("baseline.network"))


def test_missing_recipe_is_an_error():
    with pytest.raises(InputError, match=r"train\.model: expected one of"):
        parameters.check(without("baseline"))


def test_value_is_named_by_the_key_that_it_is_checked_under():
    with pytest.raises(InputError, match=r"params.yaml: trial\.epochs: expected greater than or"):
        parameters.check_recipe(COMMITTED["mlp"] | {"epochs": 0}, "trial")


def test_file_must_be_there(workplace):
    expected = rf"params\.yaml: no such file in {workplace}; run from the root of the checkout"
    with pytest.raises(InputError, match=expected):
        parameters.read()


@pytest.mark.parametrize("text", ["a: [1", "a: 1\na: 2", "\0", "- 1", "", "just text"])
def test_file_must_be_a_yaml_mapping(workplace, text):
    Path("params.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        parameters.read()
    assert str(caught.value).startswith("params.yaml: ")
    assert "\n" not in str(caught.value)


@pytest.fixture
def params_yaml(workplace):
    """The committed params.yaml, to edit."""
    path = workplace / "params.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_numbers_are_read_as_dvc_reads_them(params_yaml):
    parameters.edit({"baseline.learning_rate": "PLACE"})
    params_yaml.write_text(params_yaml.read_text(encoding="utf-8").replace("PLACE", "1e-3"))
    assert parameters.read().recipe.learning_rate == 0.001


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("train.seed", 7),
        ("train.model", "cnn"),
        ("fetch.source", "/a folder: with ü, # and 'quotes'"),
        ("baseline.learning_rate", 1e-05),
        ("baseline.units", [64, 32, 16]),
        ("images.size", [64, 48]),
        ("mlp.flip", False),
    ],
)
def test_edit_sets_one_knob_and_leaves_all_else_and_its_comment(key, value, params_yaml):
    parameters.edit({key: value})
    text = params_yaml.read_text(encoding="utf-8")
    assert YAML(typ="safe", pure=True).load(text) == edited(key, value)
    before = TEXT.splitlines()
    after = text.splitlines()
    assert len(after) == len(before)
    changed = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
    assert len(changed) == (len(value) if isinstance(value, list) else 1)
    for old, new in changed:
        assert new.partition(" # ")[2].endswith(old.partition(" # ")[2])


def test_params_yaml_has_the_layout_in_which_dvc_writes_it(params_yaml):
    """Then `dvc exp run -S` changes just the lines of its knobs."""
    apply_overrides(params_yaml, ["train.seed=42"])
    assert params_yaml.read_text(encoding="utf-8") == TEXT


def test_edit_has_that_layout_too(params_yaml):
    parameters.edit({"baseline.units": [64, 32], "search.space.batch_size": [1, 2]})
    text = params_yaml.read_text(encoding="utf-8")
    apply_overrides(params_yaml, ["train.seed=42"])
    assert params_yaml.read_text(encoding="utf-8") == text


def test_edit_adds_a_knob_that_a_recipe_has_not(params_yaml):
    parameters.edit({"baseline.weight_decay": 0.01, "baseline.erasing": 0.25})
    assert parameters.read().recipe.weight_decay == 0.01
    added = ["  weight_decay: 0.01", "  erasing: 0.25"]
    lines = params_yaml.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line not in added] == TEXT.splitlines()


def test_edit_and_its_reverse_give_the_same_bytes(params_yaml):
    parameters.edit({"train.seed": 7, "baseline.units": [1]})
    parameters.edit({"train.seed": 42, "baseline.units": [512, 256, 128]})
    assert params_yaml.read_text(encoding="utf-8") == TEXT


def test_edit_of_a_section_that_is_not_there_leaves_the_file(params_yaml):
    with pytest.raises(KeyError):
        parameters.edit({"no_such_section.seed": 7})
    assert params_yaml.read_text(encoding="utf-8") == TEXT


def test_sections_are_frozen():
    class Knobs(Section):
        seed: int

    with pytest.raises(ValueError, match="frozen"):
        Knobs(seed=1).seed = 2


def test_recipe_with_a_dot_in_its_name_is_refused():
    content = edited("split.seed", 1)
    content["v1.1"] = content["baseline"]
    expected = "params.yaml: v1.1: expected a name without a dot, which DVC takes for a key"
    with pytest.raises(InputError, match=expected):
        parameters.check(content)


@pytest.mark.parametrize("launcher", ["", "mpirun -n 4", "env N=$N srun", "echo $$ $(nproc)"])
def test_launcher_may_be_any_other_command(launcher):
    checked = parameters.check(edited("train.launcher", launcher))
    assert checked.sections["train"].launcher == launcher


def test_url_as_source_is_refused_without_what_may_be_secret_in_it():
    with pytest.raises(InputError) as caught:
        parameters.check(edited("fetch.source", "https://me:secret@host/data"))
    assert str(caught.value) == (
        "params.yaml: fetch.source: expected a file or folder here: "
        "a URL belongs into places of a description"
    )


@pytest.mark.parametrize("name", [5, True, None, ("a", "b")])
def test_section_whose_name_is_no_text_is_named(name):
    with pytest.raises(InputError, match="expected names of sections to be text, received"):
        parameters.check({name: {}, **COMMITTED})
