"""The pipeline: dvc.yaml declares what the code does, and the real dvc reruns just what it must."""

import ast
import hashlib
import importlib
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import DVC_YAML, ORDER, ROOT, TEACHER
from ruamel.yaml import YAML

from classifier import parameters
from classifier.evaluation import scores
from classifier.process import given
from classifier.training.recipes import RECIPES

DVC_LOCK = YAML(typ="safe", pure=True).load(ROOT / "dvc.lock")
STAGES = DVC_YAML["stages"]
CODE = ("classifier", "stages", "tools", "bench", "tests")
NO_DEPS = ("stages/__main__.py", "classifier/parameters.py", "classifier/process/")
LIGHT = ["fetch", "preprocess", "split", "card", "gate"]
HEAVY_PACKAGES = {"tensorflow", "keras", "matplotlib", "dvc", "dvclive"}


def tree_of(file: str) -> list[ast.AST]:
    """Return all nodes of a module's syntax, at any level."""
    return list(ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))))


def imported_names(file: str) -> set[str]:
    """Return the modules, and the names in them, that a file imports at any level."""
    names = set()
    for node in tree_of(file):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} has a relative import"
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def local_files(file: str) -> set[str]:
    """Return the project's files that a module needs: what it imports, and what it names beside it.

    The latter are such as model_card/template.md.
    """
    found = set()
    for name in imported_names(file):
        path = name.replace(".", "/") + ".py"
        if name.startswith(CODE) and (ROOT / path).exists():
            found.add(path)
    for node in tree_of(file):
        if isinstance(node, ast.Constant) and re.fullmatch(r"\w+\.\w+", str(node.value)):
            beside = Path(file).with_name(str(node.value))
            if (ROOT / beside).is_file():
                found.add(beside.as_posix())
    return found


def needed_files(name: str) -> set[str]:
    """Return the files of a stage's module and of all that it imports, directly or not."""
    seen, waiting = set(), [f"stages/{name}.py"]
    while waiting:
        file = waiting.pop()
        if file not in seen:
            seen.add(file)
            if file.endswith(".py"):
                waiting += local_files(file)
    return seen


def files_in(folder: str) -> set[str]:
    """Return the files in a folder of code, as .dvcignore leaves them."""
    return {path.relative_to(ROOT).as_posix() for path in given.files_in(ROOT / folder)}


def code_deps(name: str) -> list[str]:
    return [dep for dep in STAGES[name]["deps"] if dep.startswith(CODE)]


def test_stages_stand_in_the_order_of_the_flow():
    assert sorted(STAGES) == parameters.stage_names()
    written = set()
    for stage in STAGES.values():
        reads = {dep for dep in stage["deps"] if dep.startswith(("data/", "models/", "reports/"))}
        assert reads <= written
        for out in [*stage.get("outs", ()), *stage.get("metrics", ()), *stage.get("plots", ())]:
            written |= {out} if isinstance(out, str) else set(out)


@pytest.mark.parametrize("name", ORDER)
def test_deps_are_the_stage_and_all_it_imports_by_folders_where_it_imports_all(name):
    needed = needed_files(name)
    expected = set()
    for file in needed:
        room = Path(file).parent.as_posix()
        is_whole_room = room.startswith("classifier/") and files_in(room) <= needed
        expected.add(room if is_whole_room else file)
    assert sorted(code_deps(name)) == sorted(expected)


@pytest.mark.parametrize("name", ORDER)
def test_no_stage_depends_on_how_a_process_starts_and_ends(name):
    for dep in code_deps(name):
        files = files_in(dep) if (ROOT / dep).is_dir() else {dep}
        assert not [file for file in files if file.startswith(NO_DEPS)]


@pytest.mark.parametrize("name", ORDER)
def test_params_are_what_main_takes(name):
    main = importlib.import_module(f"stages.{name}").main
    arguments = inspect.signature(main).parameters.values()
    taken = [each.name for each in arguments if each.default is each.empty]
    ours = {"${train.model}": "recipe", "${train.model}.teacher": "teacher"}
    assert taken == [ours.get(param, param) for param in STAGES[name].get("params", ())]


def used_names(files: set[str], owners: set[str], classes: set[str]) -> set[str]:
    """Return which attributes are read of variables of these names, and in classes, of `self`.

    And strings in sets: so `make_optimizer` has the knobs that it takes.
    """
    used = set()
    for file in files:
        for node in tree_of(file):
            if isinstance(node, ast.ClassDef) and node.name in classes:
                used |= attributes_of("self", ast.walk(node))
            elif isinstance(node, ast.Set):
                used |= {each.value for each in node.elts if isinstance(each, ast.Constant)}
        for owner in owners:
            used |= attributes_of(owner, tree_of(file))
    return used


def attributes_of(name: str, nodes) -> set[str]:
    attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
    return {node.attr for node in attributes if getattr(node.value, "id", "") == name}


SECTIONS = {**parameters.schemas(), **{f"a {name} recipe": kind for name, kind in RECIPES.items()}}
KNOWN_BY_ANOTHER_TEST = {"gate", "search"}  # test_gate.py, test_search.py
OTHER_NAMES = {"train": ["recipe", "teacher"], "fetch": ["preparation"]}  # of a stage's arguments


@pytest.mark.parametrize("section", sorted(SECTIONS.keys() - KNOWN_BY_ANOTHER_TEST))
def test_every_knob_of_a_section_is_used_by_its_stage(section):
    name = {"images": "fetch"}.get(section, "train" if section.endswith("recipe") else section)
    files = {file for file in needed_files(name) if file.endswith(".py")}
    schema = SECTIONS[section]
    classes = {kind.__name__ for kind in schema.__mro__}
    used = used_names(files, {section, *OTHER_NAMES.get(name, ())}, classes)
    used |= set(re.findall(rf"\$\{{{name}\.(\w+)\}}", STAGES[name]["cmd"]))
    networks = "classifier/training/networks.py"
    if networks in files:  # a recipe's own knobs are the arguments of its network
        used |= {node.arg for node in tree_of(networks) if isinstance(node, ast.arg)}
    assert schema.model_fields.keys() - used == set()


def test_training_cannot_see_the_test_set():
    deps = [*STAGES["teach"]["deps"], *STAGES["train"]["deps"]]
    assert not [dep for dep in deps if "test" in dep or "t10k" in dep]


@pytest.mark.parametrize("name", LIGHT)
def test_light_stages_import_no_heavy_package_at_any_level(name):
    for file in needed_files(name):
        if file.endswith(".py"):
            packages = {imported.split(".")[0] for imported in imported_names(file)}
            drawn = {"matplotlib"} if name == "preprocess" else set()  # by a function alone
            assert packages & HEAVY_PACKAGES <= drawn, file


def test_light_stages_and_the_check_of_all_params_load_no_heavy_package():
    code = f"""
import importlib, sys
for name in {[*LIGHT, "__main__"]}:
    importlib.import_module(f"stages.{{name}}")
    print(name, *{HEAVY_PACKAGES} & set(sys.modules))
from classifier import parameters
parameters.read()
print("read", *{HEAVY_PACKAGES} & set(sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n") == [*LIGHT, "__main__", "read", ""]


def test_the_stages_that_load_keras_run_again_after_an_upgrade():
    upgraded = [name for name in ORDER if "requirements/keras.in" in STAGES[name]["deps"]]
    assert upgraded == ["teach", "train", "predict", "export"]


def test_every_plot_has_a_title_labels_and_data_that_a_stage_writes():
    outs = [out for stage in STAGES.values() for out in stage.get("outs", ())]
    written = [out for out in outs if isinstance(out, str)]  # the others are kept in Git
    for plot in DVC_YAML["plots"]:
        ((_, settings),) = plot.items()
        assert settings["title"]
        assert settings["x_label"]
        assert settings["y_label"]
        assert all(any(file.startswith(out) for out in written) for file in settings["y"])


def md5_of(path: str) -> str:
    """Return the hash of a file, or that of a folder as DVC has it: of the list of its files."""
    if (ROOT / path).is_dir():
        members = [(str(Path(file).relative_to(path)), md5_of(file)) for file in files_in(path)]
        listing = [{"md5": value, "relpath": name} for name, value in sorted(members)]
        return hashlib.md5(json.dumps(listing).encode()).hexdigest() + ".dir"
    return hashlib.md5((ROOT / path).read_bytes()).hexdigest()


def outs_in_git(stage: dict) -> set[str]:
    outs = [*stage.get("outs", ()), *stage.get("metrics", ()), *stage.get("plots", ())]
    return {name for out in outs if isinstance(out, dict) for name in out}


@pytest.mark.parametrize("name", ORDER)
def test_committed_lock_belongs_to_the_committed_code_params_and_reports(name):
    stage, record = STAGES[name], DVC_LOCK["stages"][name]
    content = YAML(typ="safe", pure=True).load(ROOT / "params.yaml")
    assert record["cmd"] == stage["cmd"].replace("${train.launcher}", content["train"]["launcher"])
    recorded = {dep["path"]: dep["md5"] for dep in record["deps"]}
    source = content["fetch"]["source"]
    deps = [dep.replace("${fetch.source}", source) for dep in stage["deps"]]
    assert sorted(recorded) == sorted(deps)
    for dep in [*code_deps(name), *(dep for dep in recorded if dep.startswith("requirements"))]:
        assert recorded[dep] == md5_of(dep), dep
    params = {}
    for param in stage.get("params", ()):
        key = param.replace("${train.model}", content["train"]["model"])
        section, _, knob = key.partition(".")
        params[key] = content[section][knob] if knob else content[section]
    assert record.get("params", {}).get("params.yaml", {}) == params
    outs = {out["path"]: out["md5"] for out in record.get("outs", ())}
    for out in outs_in_git(stage):
        assert outs[out] == md5_of(out), out


def test_lock_records_the_stages_of_dvc_yaml_and_no_other():
    assert sorted(DVC_LOCK["stages"]) == sorted(ORDER)


# From here on: the real dvc, in a copy of the project with a small data set and a small network.


def test_pipeline_writes_every_report(copy):
    metrics = json.loads((copy.folder / "reports/evaluate/metrics.json").read_text())
    assert list(metrics) == [metric.name for metric in scores.METRICS]
    predictions = (copy.folder / "reports/evaluate/predictions.csv").read_text().splitlines()
    assert predictions[0] == "index,actual,predicted,confidence"
    rows = [line.split(",") for line in predictions[1:]]
    assert len(rows) == 50
    assert metrics["accuracy"] == sum(row[1] == row[2] for row in rows) / 50


def changed(copy) -> list[str]:
    """Return the stages that would run by themselves: their code, knobs or command are others."""
    status = json.loads(copy.sh("dvc status --json").stdout)
    assert status.keys() <= set(ORDER)
    return [name for name in ORDER if name in status]


def replace(copy, file: str, old: str, new: str) -> None:
    path = copy.folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def undo(copy) -> None:
    copy.sh("git checkout -q params.yaml classifier stages")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            {"images.framing": "pad"},
            ["fetch", "preprocess", "evaluate", "export", "card"],
        ),
        ({"fetch.test_fraction": 0.3}, ["fetch"]),
        ({"split.val_fraction": 0.2}, ["split", "card"]),
        ({"split.seed": 43}, ["split", "card"]),
        ({"teach.seed": 43}, ["teach"]),
        ({"baseline.teacher": {"network": "dense"}}, ["teach", "train", "card"]),
        ({"train.seed": 43}, ["train", "card"]),
        ({"train.model": "cnn"}, ["teach", "train", "card"]),
        ({"train.launcher": "mpirun -n 2"}, ["train", "card"]),
        ({"baseline.learning_rate": 0.001}, ["train", "card"]),
        ({"gate": {"accuracy": 0.1}}, ["gate"]),
        ({"mlp.flip": False, "search.trials": 7}, []),  # not chosen; not of the pipeline
    ],
    ids=str,
)
def test_edit_of_a_knob_concerns_just_the_stages_that_read_it(copy, values, expected):
    copy.set(values)
    assert changed(copy) == expected
    copy.undo()


TRAINING = ["teach", "train"]


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("classifier/training/recipes.py", "erasing: Fraction", "erasing: Positive", TRAINING),
        ("classifier/evaluation/pictures.py", "confidence:.1%", "confidence:.2%", ["evaluate"]),
        ("classifier/exports/onnx_model.py", "import onnx\n", "import onnx  # slow\n", ["export"]),
        ("classifier/model_card/template.md", "## Uses", "## Use", ["card"]),
        ("classifier/datasets/sources.py", "no {file.name}", "neither {file.name}", ["fetch"]),
        ("classifier/splitting.py", "generator.permutation", "generator.permuted", ["split"]),
    ],
)
def test_edit_of_code_concerns_just_the_stages_that_use_it(copy, file, old, new, expected):
    replace(copy, file, old, new)
    assert changed(copy) == expected
    undo(copy)


def test_edit_of_what_decides_no_output_concerns_no_stage(copy):
    replace(copy, "stages/__main__.py", "run from the root", "run it from the root")
    replace(copy, "classifier/process/command.py", "GRACE_SECONDS = 1.0", "GRACE_SECONDS = 1.1")
    replace(copy, "classifier/parameters.py", "no such file in", "found no file in")
    replace(copy, "params.yaml", "# the published", "# another comment on the published")
    assert changed(copy) == []
    undo(copy)


def expect_nothing_left_to_run(copy) -> None:
    """Undo all edits; assert that no heavy stage runs and that Git sees nothing."""
    undo(copy)
    assert copy.repro_heavy() == []
    assert copy.sh("git status --porcelain").stdout == ""


def test_edit_of_the_pictures_runs_evaluate_alone(copy):
    with (copy.folder / "classifier/evaluation/pictures.py").open("a", encoding="utf-8") as file:
        file.write("# a comment\n")
    assert copy.repro() == ["evaluate"]
    expect_nothing_left_to_run(copy)


def test_the_same_data_from_elsewhere_run_fetch_alone(copy, original):
    copy.set({"fetch.source": str(original.folder.parent / "same files" / "small.yaml")})
    assert copy.repro_heavy() == ["fetch"]
    expect_nothing_left_to_run(copy)


def test_another_split_and_model_run_what_follows_and_going_back_runs_nothing(copy):
    """And a teacher is trained once for all its pupils, again where it is another."""
    lock = (copy.folder / "dvc.lock").read_bytes()
    learned = {"teacher": TEACHER, "feature_matching": 1.0, "epochs": 2, "units": [16, 8]}
    copy.set({"split.val_fraction": 0.2, "train.model": "mlp"})
    copy.set({f"mlp.{name}": value for name, value in learned.items()})
    assert copy.repro_heavy() == ["split", "teach", "train", "predict", "evaluate", "export"]
    assert json.loads((copy.folder / "reports/train/metrics.json").read_text())["epochs"] == 2
    table = np.load(copy.folder / "data/teacher/lessons.npy")
    rows = np.load(copy.folder / "data/split/train_indices.npy")
    assert table.shape == (200, 18, 10 + 8)
    np.testing.assert_allclose(table[rows, :, :10].sum(axis=-1), 1, atol=0.005)
    taught = json.loads((copy.folder / "reports/teach/metrics.json").read_text())
    card = (copy.folder / "reports/model_card.md").read_text()
    assert f"a teacher, right for {taught['val_accuracy']:.2%} of the validation images" in card
    assert re.search(r"^- teacher:\n(  - .*\n)*  - filters: \[8\]$", card, re.MULTILINE)
    copy.set({"mlp.learning_rate": 0.002})
    assert changed(copy) == ["train", "card"]
    copy.set({"mlp.teacher.epochs": 2})
    assert changed(copy) == ["teach", "train", "card"]
    expect_nothing_left_to_run(copy)
    assert (copy.folder / "dvc.lock").read_bytes() == lock


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"split.val_fraction": 0},
            "error: params.yaml: split.val_fraction: expected greater than 0",
        ),
        (
            {"baseline.learning_rate": -1},
            "error: params.yaml: baseline.learning_rate: expected greater",
        ),
        (
            {"fetch.source": "/nowhere"},
            "ERROR: failed to reproduce 'fetch': [Errno 2] No such file or directory: '/nowhere'",
        ),
        (
            {"baseline.teacher": {"network": "dense"}},
            "error: params.yaml: baseline.teacher.optimizer: missing",
        ),
    ],
    ids=str,
)
def test_bad_input_fails_with_one_line_and_undoing_it_restores_all(copy, values, message):
    lock = (copy.folder / "dvc.lock").read_bytes()
    copy.set(values)
    done = copy.sh("dvc repro", check=False)
    assert done.returncode != 0
    assert message in done.stdout
    assert "Traceback" not in done.stdout
    assert (copy.folder / "dvc.lock").read_bytes() == lock
    expect_nothing_left_to_run(copy)


def test_missing_params_file_is_named(copy):
    (copy.folder / "params.yaml").unlink()
    done = copy.sh("dvc repro", check=False)
    assert done.returncode != 0
    assert "Traceback" not in done.stdout
    done = copy.sh("python -m stages split", check=False)
    assert done.returncode == 1
    assert done.stdout.startswith("error: params.yaml: no such file")
    copy.undo()
