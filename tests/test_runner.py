"""The runner: a stage starts where all is as it must be; else one line, and all is as before."""

import importlib
import inspect
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import DVC_YAML, ORDER, PARAMS, ROOT

from classifier import parameters
from classifier.errors import InputError
from classifier.process import lock
from classifier.training.processes import Job
from stages import __main__ as runner
from stages.split import Split

TYPOS = {  # a key in each section and recipe, and what is said of it
    "images": "images: expected a valid dictionary or instance of Preparation, received 3",
    "fetch.sorce": "fetch.sorce: unknown key; did you mean 'source'?",
    "split.sed": "split.sed: unknown key; did you mean 'seed'?",
    "teach.sed": "teach.sed: unknown key; did you mean 'seed'?",
    "train.modl": "train.modl: unknown key; did you mean 'model'?",
    "gate.acuracy": "gate.acuracy: unknown key; did you mean 'accuracy'?",
    "search.trils": "search.trils: unknown key; did you mean 'trials'?",
    "baseline.epoch": "baseline.epoch: unknown key; did you mean 'epochs'?",
    "mlp.epoch": "mlp.epoch: unknown key; did you mean 'epochs'?",
    "cnn.filter": "cnn.filter: unknown key; did you mean 'filters'?",
    "pupil.techer": "pupil.techer: unknown key; did you mean 'teacher'?",
    "cnn_pupil.techer": "cnn_pupil.techer: unknown key; did you mean 'teacher'?",
    "wrn.depht": "wrn.depht: unknown key; did you mean 'depth'?",
}


@pytest.fixture
def checkout(workplace):
    """A folder with what the runner reads before it runs a stage."""
    Path("requirements").mkdir()
    shutil.copy(PARAMS, "params.yaml")
    for name in ("dvc.yaml", "requirements/keras.in"):
        shutil.copy(ROOT / name, name)
    Path(".dvc").mkdir()


@pytest.fixture
def calls(monkeypatch):
    """What the stages' `main` are called with: they note it in place of working."""
    noted = []
    for name in ORDER:
        main = importlib.import_module(f"stages.{name}").main

        def note(*args, _name=name, **arguments):
            noted.append((_name, arguments))

        note.__signature__ = inspect.signature(main)
        monkeypatch.setattr(f"stages.{name}.main", note)
    return noted


def test_typos_are_in_every_section_and_recipe_of_the_file(checkout):
    params = parameters.read()
    assert {key.split(".")[0] for key in TYPOS} == {*params.sections, *params.recipes}


@pytest.mark.parametrize("key", TYPOS)
def test_typo_in_any_section_or_recipe_stops_any_stage(key, checkout, calls):
    parameters.edit({key: 3})
    for name in ORDER:
        with pytest.raises(InputError) as caught:
            runner.run_stage(name)
        assert str(caught.value).startswith(f"params.yaml: {TYPOS[key]}")
    assert calls == []


@pytest.mark.parametrize("name", ORDER)
def test_stage_gets_the_sections_that_dvc_yaml_declares_and_no_job(name, checkout, calls):
    Path("models").mkdir()
    runner.run_stage(name)
    ((called, arguments),) = calls
    assert called == name
    ours = {"${train.model}": "recipe", "${train.model}.teacher": "teacher"}
    declared = [ours.get(each, each) for each in DVC_YAML["stages"][name].get("params", ())]
    assert list(arguments) == declared
    params = parameters.read()
    known = params.sections | {"recipe": params.recipes["baseline"], "teacher": None}
    assert arguments == {section: known[section] for section in declared}


def test_lock_is_held_while_a_stage_runs_and_free_afterwards(checkout, monkeypatch):
    path = Path(".dvc/tmp/split.lock")
    holders = []

    def main(split: Split):
        holders.append(path.read_text().strip())

    monkeypatch.setattr("stages.split.main", main)
    runner.run_stage("split")
    assert holders == [str(os.getpid())]
    with lock.held(path, "split stage"):
        pass


def test_stage_that_another_process_runs_is_not_started(checkout, calls):
    code = "import sys; from stages.__main__ import stage_lock\nwith stage_lock('split'):\n"
    code += "    print('held', flush=True)\n    sys.stdin.read()\n"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, **pipes) as other:
        assert other.stdout.readline() == "held\n"
        expected = rf"split.lock: expected no other split stage .*, found process {other.pid};"
        with pytest.raises(InputError, match=expected):
            runner.run_stage("split")
        other.kill()
    assert calls == []
    runner.run_stage("split")
    assert len(calls) == 1


@pytest.mark.parametrize("index", [0, 1])
def test_process_of_several_gets_its_job_and_only_the_first_the_lock(
    index, checkout, calls, monkeypatch
):
    parameters.edit({"train.launcher": "mpirun -n 2"})
    job = Job(index, 2, 2)
    monkeypatch.setattr(runner, "join", lambda launcher: {"mpirun -n 2": job}[launcher])
    runner.run_stage("train")
    ((_, arguments),) = calls
    assert arguments["job"] == job
    assert Path(".dvc/tmp/train.lock").exists() == (index == 0)


@pytest.mark.parametrize("name", ["train", "predict", "export"])
def test_another_version_of_a_package_is_refused_before_it_is_loaded(name, checkout, calls):
    Path("requirements/keras.in").write_text("keras==0.1\n")
    expected = r"requirements/keras\.in: expected keras 0\.1 to be installed, received 3\."
    with pytest.raises(InputError, match=expected):
        runner.run_stage(name)
    assert calls == []


@pytest.mark.parametrize("name", ["predict", "export"])
@pytest.mark.parametrize(
    ("record", "message"),
    [
        ("stages: {}", "expected MD5 of a stage's output, by dvc.lock, received"),
        (
            "stages: {train: {outs: [{path: models/model.keras, md5: abc}]}}",
            "models/model.keras: expected MD5 abc, by dvc.lock, received",
        ),
    ],
)
def test_model_that_no_stage_has_written_is_not_loaded(name, record, message, checkout, calls):
    Path("models").mkdir()
    Path("models/model.keras").write_bytes(b"a program")
    Path("dvc.lock").write_text(record)
    with pytest.raises(InputError, match=message):
        runner.run_stage(name)
    assert calls == []


@pytest.mark.parametrize("content", ["", "stages: {}", "stages: ["])
def test_damaged_dvc_yaml_is_named_with_a_cure(content, checkout, calls):
    Path("dvc.yaml").write_text(content)
    expected = "dvc.yaml: expected the stage split, .* run `git checkout HEAD -- dvc.yaml`"
    with pytest.raises(InputError, match=expected):
        runner.run_stage("split")
    assert calls == []


def test_wrong_folder_is_named_and_stays_empty(workplace):
    expected = f"^.dvc: no such folder in {re.escape(str(workplace))}; run from the root of the"
    with pytest.raises(InputError, match=expected):
        runner.run_stage("split")
    assert list(workplace.iterdir()) == []


@pytest.mark.parametrize("arguments", [[], ["no_such_stage"], ["__main__"], ["split", "train"]])
def test_wrong_call_says_how_to_call_it(arguments):
    command = [sys.executable, "-m", "stages", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    names = ", ".join(sorted(ORDER))
    assert done.stderr == f"usage: python -m stages NAME, one of {names}\n"
    assert done.stdout == ""


# From here on: real stages, in a copy of the project that has run once.


def outs_of(copy, name: str) -> list[Path]:
    """Return what a stage has written and DVC has cached: files and folders."""
    outs = DVC_YAML["stages"][name].get("outs", ())
    return [copy.folder / out for out in outs if isinstance(out, str)]


def contents(outs: list[Path]) -> dict[Path, bytes]:
    files = [path for out in outs for path in [out, *out.rglob("*")] if path.is_file()]
    return {path: path.read_bytes() for path in files}


def delete(outs: list[Path]) -> None:
    for out in outs:
        if out.is_dir():
            shutil.rmtree(out)
        else:
            out.unlink()


@pytest.mark.parametrize(("name", "key"), [*zip(ORDER, list(TYPOS)[1:], strict=False)])
def test_failed_stage_says_one_line_and_its_former_outputs_are_put_back(name, key, copy):
    outs = outs_of(copy, name)
    before = contents(outs)
    delete(outs)  # as DVC does before it runs a stage
    copy.set({key: 3})
    command = [sys.executable, "-m", "stages", name]
    env = copy.env | {"DVC_STAGE": name}
    done = subprocess.run(command, cwd=copy.folder, env=env, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: params.yaml: {TYPOS[key]}")
    assert len(done.stderr.splitlines()) == 1
    assert contents(outs) == before
    copy.undo()


def test_failed_stage_that_is_run_by_hand_leaves_what_an_earlier_one_has_made(copy):
    """DVC has deleted nothing then, and has no copy of it."""
    (classes,) = (out for out in outs_of(copy, "fetch") if out.name == "classes.json")
    before = classes.read_bytes()
    classes.unlink()  # it may be a link into the cache
    classes.write_text("made by hand")
    copy.set({"fetch.sorce": 3})
    copy.sh("python -m stages fetch", check=False)
    assert classes.read_text() == "made by hand"
    classes.write_bytes(before)
    copy.undo()


def test_first_error_is_told_where_putting_back_fails_too(copy):
    copy.set({"split.seed": -1})
    lock_file = copy.folder / "dvc.lock"
    content = lock_file.read_bytes()
    lock_file.write_text("no record")
    done = copy.sh("DVC_STAGE=split python -m stages split", check=False)
    assert done.stdout.startswith("error: params.yaml: split.seed: expected greater than or equal")
    assert len(done.stdout.splitlines()) == 1
    lock_file.write_bytes(content)
    copy.undo()
