"""Seeds: the statistics by hand, the command in a small copy of the project."""

import sys

from tools import seeds


def test_summary_by_hand():
    lines = seeds.summary(
        [{"accuracy": 0.90, "epochs": 3}, {"accuracy": 0.92, "epochs": 3}, {"accuracy": 0.94, "epochs": 3}]
    )
    assert lines[0].split() == ["mean", "±", "std", "range,", "n", "=", "3"]
    assert lines[1].split() == ["accuracy", "0.9200", "±", "0.0200", "0.9000", "to", "0.9400"]
    assert lines[2].split() == ["epochs", "3.0000", "±", "0.0000", "3.0000", "to", "3.0000"]


def test_summary_of_one_run_has_no_deviation():
    assert seeds.summary([{"accuracy": 0.9}])[1].split() == ["accuracy", "0.9000", "±", "nan", "0.9000", "to", "0.9000"]


def test_seeds_are_experiments_and_a_second_call_replaces_them_by_the_same(copy):
    command = f"{sys.executable} -m tools.seeds baseline --seeds 2"
    first = copy.sh(command).stdout.splitlines()
    assert [line.split()[:3] for line in first[:2]] == [["seed", "1", "val_accuracy"], ["seed", "2", "val_accuracy"]]
    assert first[2].endswith("n = 2")
    assert copy.sh(command).stdout.splitlines() == first
    names = [name.rsplit("-", 1)[0] for name in copy.sh("dvc exp list --name-only").stdout.split()]
    assert sorted(names) == ["baseline-seed-1", "baseline-seed-2"]
    assert copy.sh("git status --porcelain").stdout == ""


def test_unknown_recipe_is_named(copy):
    done = copy.sh(f"{sys.executable} -m tools.seeds mpl", check=False)
    assert done.returncode == 1
    assert done.stdout.startswith(
        "error: params.yaml: expected a recipe, one of baseline, mlp, cnn, wrn, received 'mpl'"
    )
