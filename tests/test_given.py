"""What a stage was given: marked as DVC does, and nothing else is recorded as that."""

import importlib
import inspect
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ORDER, PARAMS, ROOT
from ruamel.yaml import YAML
from waiting import halted, stages_of, wait_until

from classifier import parameters, yaml_files
from classifier.errors import InputError
from classifier.process import given
from stages import __main__ as runner

LOCK = YAML(typ="safe").load((ROOT / "dvc.lock").read_text(encoding="utf-8"))["stages"]
CODE = ("classifier", "stages")


@pytest.mark.parametrize("name", ORDER)
def test_marks_of_code_are_what_dvc_records(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    recorded = {dep["path"]: dep["md5"] for dep in LOCK[name]["deps"]}
    code = [path for path in recorded if path.startswith(CODE)]
    assert given.marks(code) == {path: recorded[path] for path in code}


def test_mark_of_a_large_file_changes_when_it_is_written_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(given, "LARGE_BYTES", 10)
    path = tmp_path / "large.npy"
    path.write_bytes(bytes(10))
    before = given.marks([str(path)])
    assert given.marks([str(path)]) == before
    replaced = tmp_path / "other"
    replaced.write_bytes(bytes(9) + b"1")
    replaced.rename(path)
    assert given.changed(before, given.marks([str(path)])) == [str(path)]


OWN_OF_PROGRAMS = [
    "__pycache__/module.pyc",
    ".module.py.swp",  # of Vim
    "module.py~",
    ".DS_Store",  # of macOS
    ".#module.py",  # of Emacs
    "#module.py#",
    ".ipynb_checkpoints/module.py",
    "deeper/.DS_Store",
]


@pytest.mark.long
def test_what_dvc_ignores_within_the_project_is_no_part_of_a_folder(tmp_path, monkeypatch):
    project = tmp_path / "project"
    for name in ["module.py", "deeper/module.py", *OWN_OF_PROGRAMS]:
        for folder in (project / "inside", tmp_path / "outside"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(name)
    monkeypatch.chdir(project)
    shutil.copy(ROOT / ".dvcignore", project)
    dvc = [sys.executable, "-m", "dvc"]
    subprocess.run([*dvc, "init", "-q", "--no-scm"], check=True)
    options = ["-q", "--run", "-n", "a", "-d", "inside", "-d", "../outside"]
    subprocess.run([*dvc, "stage", "add", *options, "true"], check=True)
    recorded = yaml_files.load(Path("dvc.lock"))["stages"]["a"]["deps"]
    assert given.marks(["inside", "../outside"]) == {dep["path"]: dep["md5"] for dep in recorded}
    names = [file.relative_to("inside").as_posix() for file in given.files_in(Path("inside"))]
    assert names == ["deeper/module.py", "module.py"]


def test_names_alone_are_ignored():
    """`given.files_in` knows no patterns of paths, nor exceptions."""
    lines = (ROOT / ".dvcignore").read_text(encoding="utf-8").splitlines()[1:]
    assert [line for line in lines if "/" in line or line.startswith(("!", "#"))] == []


@pytest.fixture
def checkout(workplace):
    """A folder with what the stage `split` depends on."""
    names = ["dvc.yaml", "stages/split.py", "data/processed/train_labels.npy"]
    names += ["classifier/errors.py", "classifier/files/arrays.py", "classifier/knobs.py"]
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        text = (ROOT / name).read_text(encoding="utf-8") if not name.endswith("npy") else "array"
        Path(name).write_text(text, encoding="utf-8")
    shutil.copy(PARAMS, "params.yaml")
    Path(".dvc").mkdir()


def append(path: str):
    return lambda: Path(path).write_text(Path(path).read_text() + "\n", encoding="utf-8")


def add_a_dependency():
    text = Path("dvc.yaml").read_text()
    Path("dvc.yaml").write_text(text.replace("- stages/split.py", "- stages/split.py\n      - x"))


EDITS = {
    "its parameter": (lambda: parameters.edit({"split.seed": 7}), ["params.yaml (split)"]),
    "its module": (append("stages/split.py"), ["stages/split.py"]),
    "a module of a room": (append("classifier/files/arrays.py"), ["classifier/files"]),
    "a new module in a room": (
        lambda: Path("classifier/files/new.py").write_text(""),
        ["classifier/files"],
    ),
    "its data": (
        append("data/processed/train_labels.npy"),
        ["data/processed/train_labels.npy"],
    ),
    "lost data": (
        lambda: Path("data/processed/train_labels.npy").unlink(),
        ["data/processed/train_labels.npy"],
    ),
    "its dependencies": (add_a_dependency, ["dvc.yaml"]),
    "a branch": (
        lambda: [append("stages/split.py")(), parameters.edit({"split.val_fraction": 0.3})],
        ["stages/split.py", "params.yaml (split)"],
    ),
}
HARMLESS = {
    "nothing": lambda: None,
    "another stage's parameter": lambda: parameters.edit({"train.seed": 7}),
    "another stage's module": lambda: Path("stages/train.py").write_text(""),
    "a comment in params.yaml": append("params.yaml"),
    "a title in dvc.yaml": append("dvc.yaml"),
}


def replace_main(monkeypatch, work, name="split") -> None:
    """Let a stage do something else, with the same parameters."""
    main = importlib.import_module(f"stages.{name}").main

    def edits(**arguments):
        work()

    edits.__signature__ = inspect.signature(main)
    monkeypatch.setattr(f"stages.{name}.main", edits)


@pytest.mark.parametrize("edit", EDITS)
def test_stage_that_was_given_something_else_meanwhile_fails(edit, checkout, monkeypatch):
    work, expected = EDITS[edit]
    replace_main(monkeypatch, work)
    with pytest.raises(InputError) as caught:
        runner.run_stage("split")
    assert str(caught.value) == (
        f"split: expected what it was given to stay, {', '.join(expected)} changed while it was "
        "running; nothing is recorded; `dvc repro` runs it with what is there now"
    )


def test_module_that_is_edited_while_it_is_imported_fails_the_stage(checkout, monkeypatch):
    """What was imported is the old one, what DVC would record the new one."""
    edited = "classifier/splitting.py"
    monkeypatch.setitem(runner.CODE_TIMES, edited, runner.CODE_TIMES[edited] - 1)
    replace_main(monkeypatch, lambda: pytest.fail("it began"))
    with pytest.raises(InputError, match=rf"split: expected .* to stay, {edited} changed while"):
        runner.run_stage("split")


@pytest.mark.parametrize("count", [1, given.MANY_FILES + 1])
def test_image_that_comes_while_images_are_fetched_is_noticed(count, checkout, monkeypatch):
    """Its folder is a parameter, and only looked at where it has many files."""
    shapes = Path("shapes/circle")
    shapes.mkdir(parents=True)
    for number in range(count):
        (shapes / f"{number}.png").touch()
    parameters.edit({"fetch.source": "shapes"})
    replace_main(monkeypatch, lambda: (shapes / "new.png").write_text("new"), "fetch")
    with pytest.raises(InputError, match=r"fetch: expected .* to stay, shapes changed while"):
        runner.run_stage("fetch")


@pytest.mark.parametrize("edit", HARMLESS)
def test_stage_does_not_mind_what_it_does_not_depend_on(edit, checkout, monkeypatch):
    replace_main(monkeypatch, HARMLESS[edit])
    runner.run_stage("split")


def test_parameters_that_are_broken_meanwhile_fail_the_stage(checkout, monkeypatch):
    replace_main(monkeypatch, lambda: Path("params.yaml").write_text("split: ["))
    with pytest.raises(InputError, match=r"params\.yaml: not valid YAML"):
        runner.run_stage("split")


# From here on: the real dvc, which trains for some seconds.


@pytest.fixture(scope="module")
def longer(copy):
    """The copy with another branch, and a training that takes some seconds."""
    copy.sh("git checkout -q -b other")
    copy.set({"baseline.learning_rate": 0.002})
    copy.sh("git commit -qam other && git checkout -q -")
    copy.set({"baseline.epochs": 100, "baseline.patience": 100})
    copy.sh("git commit -qam longer")
    return copy


REAL_EDITS = {
    "parameter": "sed -i 's/learning_rate: 0.0005/learning_rate: 0.123/' params.yaml",
    "code": "echo '# edited' >> classifier/training/networks.py",
    "data": "python -c 'import numpy as np; np.save(\"data/split/val_indices.npy\", np.arange(9))'",
    "branch": "git stash -q; git checkout -q other",
}


@pytest.mark.parametrize(
    "kind",
    ["parameter", *(pytest.param(kind, marks=pytest.mark.slow) for kind in list(REAL_EDITS)[1:])],
)
def test_edit_during_a_run_is_not_recorded_and_the_former_model_is_back(kind, longer):
    folder = longer.folder
    before = {name: (folder / name).read_bytes() for name in ("dvc.lock", "models/model.keras")}
    command = ["dvc", "repro", "train"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    process = subprocess.Popen(command, cwd=folder, env=longer.env, start_new_session=True, **pipes)
    curve = folder / "reports/train/plots/metrics/train_loss.tsv"  # DVC removes the former one
    wait_until(lambda: (stages_of(process) and curve.exists()) or process.poll() is not None)
    assert process.poll() is None, process.communicate()[0]
    (stage,) = stages_of(process)
    with halted(stage):
        longer.sh(REAL_EDITS[kind])
    said = process.communicate()[0]
    assert process.returncode, said
    assert "error: train: expected what it was given to stay, " in said
    assert "Traceback" not in said
    longer.sh("git checkout -q -f master 2>/dev/null || git checkout -q -f main")
    longer.sh("dvc checkout -q --force && rm -f .dvc/tmp/train.checkpoint")
    assert {name: (folder / name).read_bytes() for name in before} == before
    runs = longer.sh("grep -rl 'epochs: 100' .dvc/cache/runs || true").stdout
    assert runs == ""
