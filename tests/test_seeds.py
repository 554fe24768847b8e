"""Seeds: the statistics by hand, and the command, which makes an experiment of each seed."""

import sys

import pytest
from ruamel.yaml import YAML

from tools import seeds

COMMAND = f"{sys.executable} -m tools.seeds"


def words(line: str) -> list[str]:
    return line.split()


def test_summary_by_hand():
    runs = [{"accuracy": accuracy, "epochs": 3} for accuracy in (0.90, 0.92, 0.94)]
    header, accuracy, epochs = map(words, seeds.summary(runs))
    assert header == ["mean", "±", "std", "range,", "n", "=", "3"]
    assert accuracy == ["accuracy", "0.9200", "±", "0.0200", "0.9000", "to", "0.9400"]
    assert epochs == ["epochs", "3.0000", "±", "0.0000", "3.0000", "to", "3.0000"]


def test_summary_of_one_run_has_no_deviation():
    _, line = seeds.summary([{"accuracy": 0.9}])
    assert words(line) == ["accuracy", "0.9000", "±", "nan", "0.9000", "to", "0.9000"]


@pytest.fixture(scope="module")
def short(copy):
    """The copy, with nothing behind evaluate: seeds take less time."""
    path = copy.folder / "dvc.yaml"
    content = YAML().load(path)
    for name in ("export", "card", "gate"):
        del content["stages"][name]
    del content["artifacts"]
    YAML().dump(content, path)
    copy.sh("git commit -qam 'without export, card and gate'")
    return copy


def test_seeds_are_experiments_and_a_second_call_replaces_them_by_the_same(short):
    first = short.sh(f"{COMMAND} baseline --seeds 2").stdout.splitlines()
    assert words(first[0])[:3] == ["seed", "1", "val_accuracy"]
    assert words(first[1])[:3] == ["seed", "2", "val_accuracy"]
    assert first[2].endswith("n = 2")
    again = short.sh(f"{COMMAND} baseline --seeds 1").stdout.splitlines()
    assert again[0] == first[0]
    names = short.sh("dvc exp list --name-only").stdout.split()
    commit = short.sh("git rev-parse --short HEAD").stdout.strip()
    assert sorted(names) == [f"baseline-seed-1-{commit}", f"baseline-seed-2-{commit}"]
    assert short.sh("git status --porcelain").stdout == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("mpl", "params.yaml: expected a recipe, one of baseline, mlp, cnn, wrn, received 'mpl'"),
        ("mlp --seeds 0", "--seeds: expected 1 or more, received 0"),
    ],
)
def test_what_cannot_be_trained_is_named(arguments, message, short):
    done = short.sh(f"{COMMAND} {arguments}", check=False)
    assert done.returncode == 1
    assert done.stdout == f"error: {message}\n"


def test_experiment_that_fails_is_shown_by_its_last_lines(short):
    short.sh("mv dvc.yaml away.yaml")
    done = short.sh(f"{COMMAND} baseline --seeds 1", check=False)
    short.sh("mv away.yaml dvc.yaml")
    assert done.returncode == 1
    assert done.stdout.startswith("error: seed 1 of baseline: expected an experiment, received:")
