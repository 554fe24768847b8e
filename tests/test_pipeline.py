"""The pipeline as a whole: dvc.yaml declares what the code does, and the real `dvc` reruns just what it must."""

import ast
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ORDER, ROOT
from ruamel.yaml import YAML

from stages import params

yaml = YAML(typ="safe", pure=True)
DVC_YAML = yaml.load(ROOT / "dvc.yaml")
DVC_LOCK = yaml.load(ROOT / "dvc.lock")
STAGES = DVC_YAML["stages"]


def stage_files(name: str) -> list[Path]:
    """The stage's own module, or its folder's modules."""
    folder = ROOT / "stages" / name
    return sorted(folder.glob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]


def local_imports(path: Path) -> set[Path]:
    """Files under stages/ that the file imports, at any level of it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    files = {ROOT.joinpath(*name.split(".")).with_suffix(".py") for name in names if name.startswith("stages.")}
    return {file for file in files if file.exists()}


def test_stages_stand_in_the_order_of_the_flow():
    assert list(STAGES) == ORDER


@pytest.mark.parametrize("name", ORDER)
def test_deps_are_the_stage_and_all_it_imports(name):
    seen, waiting = set(), [next(file for file in stage_files(name) if file.stem in (name, "__main__"))]
    while waiting:
        file = waiting.pop()
        if file not in seen:
            seen.add(file)
            waiting += local_imports(file)
    code = [dep for dep in STAGES[name]["deps"] if dep.startswith("stages/")]
    assert sorted(code) == sorted(file.relative_to(ROOT).as_posix() for file in seen)
    assert {ROOT / dep for dep in code} >= set(stage_files(name))


@pytest.mark.parametrize("name", ORDER)
def test_params_read_are_params_declared(name):
    code = "\n".join(file.read_text(encoding="utf-8") for file in stage_files(name))
    read = set(re.findall(r"(?:params\.read\(\)|settings)\.([a-z]+)", code)) & {*params.Params.model_fields, "recipe"}
    declared = {"recipe" if param == "${train.model}" else param for param in STAGES[name].get("params", [])}
    assert read == declared


@pytest.mark.parametrize(
    ("name", "section"),
    [
        ("fetch", params.Fetch),
        ("split", params.Split),
        ("train", params.Train),
        *(("train", recipe) for recipe in params.RECIPES.values()),
        ("evaluate", params.Evaluate),
    ],
)
def test_every_knob_of_a_section_is_used_by_its_stage(name, section):
    used = set()
    for file in stage_files(name):
        tree = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
        used |= {node.attr for node in tree if isinstance(node, ast.Attribute)}
        used |= {node.value for node in tree if isinstance(node, ast.Constant)}  # names in make_optimizer
    if section is params.Train:
        used.add("model")  # by Params.recipe
    assert set(section.model_fields) <= used


def test_training_cannot_see_the_test_set():
    assert not [dep for dep in STAGES["train"]["deps"] if "test" in dep or "t10k" in dep]


@pytest.mark.parametrize("name", ["fetch", "preprocess", "split"])
def test_light_stages_do_not_load_tensorflow(name):
    code = f"import sys, stages.{name}; sys.exit(bool({{'tensorflow', 'keras'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_every_plot_has_a_title_labels_and_data_that_a_stage_writes():
    written = [out for stage in STAGES.values() for out in stage.get("outs", ())]
    for plot in DVC_YAML["plots"]:
        ((_, settings),) = plot.items()
        assert settings["title"]
        assert settings["x_label"]
        assert settings["y_label"]
        assert all(any(file.startswith(out) for out in written) for file in settings["y"])


def test_committed_lock_belongs_to_the_committed_code_and_params():
    content = yaml.load(ROOT / "params.yaml")
    for name, record in DVC_LOCK["stages"].items():
        assert record["cmd"] == STAGES[name]["cmd"].replace("${train.launcher}", content["train"]["launcher"])
        for dep in record["deps"]:
            if dep["path"].startswith("stages/"):
                assert dep["md5"] == hashlib.md5((ROOT / dep["path"]).read_bytes()).hexdigest(), dep["path"]
        for section, value in record["params"]["params.yaml"].items():
            assert value == content[section]
        for out in record.get("outs", ()):
            if Path(out["path"]).name in ("metrics.json", "model_card.md"):
                assert out["md5"] == hashlib.md5((ROOT / out["path"]).read_bytes()).hexdigest(), out["path"]


# From here on: the real dvc, in a copy of the project with a small data set and a small network.


def test_pipeline_writes_every_report(copy):
    metrics = json.loads((copy.folder / "reports/evaluate/metrics.json").read_text())
    assert set(metrics) == {
        "accuracy",
        "accuracy_low",
        "accuracy_high",
        "loss",
        "macro_f1",
        "worst_class_recall",
        "ece",
    }
    predictions = (copy.folder / "reports/evaluate/predictions.csv").read_text().splitlines()
    assert predictions[0] == "index,actual,predicted,confidence"
    assert len(predictions) == 51
    assert metrics["accuracy"] == sum(line.split(",")[1] == line.split(",")[2] for line in predictions[1:]) / 50


def test_forced_rerun_changes_nothing(copy):
    copy.sh("dvc repro -f")
    assert copy.sh("git status --porcelain").stdout == ""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("/source ", "/same files ", ["fetch"]),
        ("val_fraction: 0.1", "val_fraction: 0.2", ["split", "train", "evaluate", "export"]),
        ("seed: 42\n\ntrain:", "seed: 43\n\ntrain:", ["split", "train", "evaluate", "export"]),
        ("seed: 42 ", "seed: 43 ", ["train", "evaluate", "export"]),
        ("learning_rate: 0.0005", "learning_rate: 0.001", ["train", "evaluate", "export"]),
        ("mistake_rows: 3", "mistake_rows: 2", ["evaluate"]),
        ("# the published", "# another comment on the published", []),
    ],
)
def test_edit_runs_just_its_stages_and_undoing_it_runs_none(copy, old, new, expected):
    lock = (copy.folder / "dvc.lock").read_bytes()
    copy.edit(old, new)
    assert copy.repro_heavy() == expected
    copy.undo()
    assert copy.repro_heavy() == []
    assert (copy.folder / "dvc.lock").read_bytes() == lock
    assert copy.sh("git status --porcelain").stdout == ""


def test_knob_of_a_model_that_is_not_chosen_runs_nothing(copy):
    text = (copy.folder / "params.yaml").read_text(encoding="utf-8")
    start = text.index("\nmlp:")
    edited = text[:start] + text[start:].replace("flip: true", "flip: false", 1)
    assert edited != text
    (copy.folder / "params.yaml").write_text(edited, encoding="utf-8")
    assert copy.repro_heavy() == []
    copy.undo()


def test_another_model_runs_train_and_evaluate_and_going_back_runs_nothing(copy):
    text = (copy.folder / "params.yaml").read_text(encoding="utf-8")
    start = text.index("\nmlp:")
    small = text[:start] + re.sub(r"epochs: \d\d+", "epochs: 2", text[start:], count=1)
    (copy.folder / "params.yaml").write_text(small.replace("model: baseline", "model: mlp"), encoding="utf-8")
    assert copy.repro_heavy() == ["train", "evaluate", "export"]
    assert json.loads((copy.folder / "reports/train/metrics.json").read_text())["epochs"] == 2
    copy.undo()
    assert copy.repro_heavy() == []
    assert copy.sh("git status --porcelain").stdout == ""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("val_fraction: 0.1", "val_fraction: 0", "error: params.yaml: split.val_fraction: expected greater than 0"),
        ("learning_rate: 0.0005", "learning_rate: -1", "error: params.yaml: baseline.learning_rate: expected greater"),
        ("/source ", "/nowhere ", "no train-images-idx3-ubyte or train-images-idx3-ubyte.gz there"),
    ],
)
def test_bad_input_fails_with_one_line_and_undoing_it_restores_all(copy, old, new, message):
    lock = (copy.folder / "dvc.lock").read_bytes()
    copy.edit(old, new)
    done = copy.sh("dvc repro", check=False)
    assert done.returncode != 0
    assert message in done.stdout
    assert "Traceback" not in done.stdout
    assert (copy.folder / "dvc.lock").read_bytes() == lock
    copy.undo()
    assert copy.repro_heavy() == []
    assert copy.sh("git status --porcelain").stdout == ""


def test_missing_params_file_is_named(copy):
    (copy.folder / "params.yaml").unlink()
    done = copy.sh("dvc repro", check=False)
    assert done.returncode != 0
    assert "Traceback" not in done.stdout
    done = copy.sh("python -m stages.split", check=False)
    assert done.returncode == 1
    assert done.stdout.startswith("error: params.yaml: no such file")
    copy.undo()
