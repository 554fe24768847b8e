"""Seeds: the statistics by hand, and the command, which makes an experiment of each seed."""

import shutil
import sys

import pytest
from conftest import Copy

from tools import seeds

COMMAND = f"{sys.executable} -m tools.seeds"
# A pipeline whose figures are known: `train` takes no time.
DVC_YAML = """
stages:
  train:
    cmd: python measured.py
    params: [train]
    metrics:
      - reports/train/metrics.json: {cache: false}
      - reports/evaluate/metrics.json: {cache: false}
"""
MEASURED_PY = """
import json
from ruamel.yaml import YAML

train = YAML(typ="safe").load(open("params.yaml", encoding="utf-8"))["train"]
share = train["seed"] / 10 + (train["model"] == "cnn") / 100
print(f"train: epoch 1/1  val_accuracy {share:.4f}")
for name, metrics in {
    "train": {"val_accuracy": share, "epochs": 3},
    "evaluate": {"accuracy": share / 2, "ece": 0.25},
}.items():
    with open(f"reports/{name}/metrics.json", "w") as file:
        json.dump(metrics, file)
"""


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


def experiments(copy) -> list[str]:
    return sorted(copy.sh("dvc exp list --name-only").stdout.split())


@pytest.fixture(scope="module")
def measured(copy):
    """The copy, with figures that are known in place of a training."""
    (copy.folder / "dvc.yaml").write_text(DVC_YAML)
    (copy.folder / "measured.py").write_text(MEASURED_PY)
    copy.sh("git rm -q --cached dvc.lock && rm dvc.lock && git add -A && git commit -qm measured")
    return copy


def test_seeds_are_experiments_and_a_second_call_replaces_them_by_the_same(measured):
    first = measured.sh(f"{COMMAND} cnn --seeds 2").stdout.splitlines()
    assert first[:2] == [
        "seed 1  val_accuracy 0.1100  accuracy 0.0550  ece 0.2500",
        "seed 2  val_accuracy 0.2100  accuracy 0.1050  ece 0.2500",
    ]
    assert first[2].endswith("n = 2")
    assert sorted(map(words, first[3:])) == [
        ["accuracy", "0.0800", "±", "0.0354", "0.0550", "to", "0.1050"],
        ["ece", "0.2500", "±", "0.0000", "0.2500", "to", "0.2500"],
        ["epochs", "3.0000", "±", "0.0000", "3.0000", "to", "3.0000"],
        ["val_accuracy", "0.1600", "±", "0.0707", "0.1100", "to", "0.2100"],
    ]
    commit = measured.sh("git rev-parse --short HEAD").stdout.strip()
    names = [f"cnn-seed-1-{commit}", f"cnn-seed-2-{commit}"]
    assert experiments(measured) == names
    assert measured.sh("git status --porcelain").stdout == ""
    assert measured.sh(f"{COMMAND} cnn --seeds 2").stdout.splitlines() == first
    assert experiments(measured) == names


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("mpl", "params.yaml: expected a recipe, one of baseline, mlp, cnn, wrn, received 'mpl'"),
        ("mlp --seeds 0", "--seeds: expected 1 or more, received 0"),
    ],
)
def test_what_cannot_be_trained_is_named(arguments, message, measured):
    done = measured.sh(f"{COMMAND} {arguments}", check=False)
    assert done.returncode == 1
    assert done.stdout == f"error: {message}\n"


def test_experiment_that_fails_is_shown_by_its_last_lines(measured):
    measured.sh("mv dvc.yaml away.yaml")
    done = measured.sh(f"{COMMAND} baseline --seeds 1", check=False)
    measured.sh("mv away.yaml dvc.yaml")
    assert done.returncode == 1
    assert done.stdout.startswith("error: seed 1 of baseline: expected an experiment, received:")


@pytest.mark.slow
def test_seeds_are_trained_and_what_has_run_is_taken_from_the_cache(original, tmp_path):
    shutil.copytree(original.folder, tmp_path / "project", symlinks=True)
    copy = Copy(tmp_path / "project")
    first = copy.sh(f"{COMMAND} baseline --seeds 2").stdout.splitlines()
    assert words(first[0])[:3] == ["seed", "1", "val_accuracy"]
    assert words(first[1])[:3] == ["seed", "2", "val_accuracy"]
    assert first[0].partition("  ")[2] != first[1].partition("  ")[2]
    assert first[2].endswith("n = 2")
    assert copy.sh(f"{COMMAND} baseline --seeds 2").stdout.splitlines() == first
    assert len(experiments(copy)) == 2
    assert copy.sh("git status --porcelain").stdout == ""
